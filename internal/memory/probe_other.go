//go:build !darwin && !linux

package memory

import (
	"context"
	"errors"
	"fmt"

	"sluice/internal/job"
)

// kernel is what a Probe keeps between two looks: nothing is needed here.
type kernel struct{ root string }

func (p *Probe) read() (job.Reading, error) {
	return job.Reading{}, fmt.Errorf("read the memory of this system: %w", errors.ErrUnsupported)
}

func (p *Probe) outOfMemoryCount() (int64, error) { return 0, errors.ErrUnsupported }

func (p *Probe) processes(context.Context) ([]process, error) { return nil, errors.ErrUnsupported }
