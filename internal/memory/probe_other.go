//go:build !darwin && !linux

package memory

import (
	"errors"
	"fmt"

	"sluice/internal/job"
)

func (p *Probe) read() (job.Reading, error) {
	return job.Reading{}, fmt.Errorf("read the memory of this system: %w", errors.ErrUnsupported)
}

func (p *Probe) outOfMemoryCount() (int64, error) { return 0, errors.ErrUnsupported }
