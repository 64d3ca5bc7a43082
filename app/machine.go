package app

import (
	"context"
	"os"
	"time"

	"sluice/internal/admission"
	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/memory"
	"sluice/internal/settings"
	"sluice/internal/whisper"
)

// probe reads the memory of this machine.
type probe interface {
	admission.Probe
	OutOfMemoryCount(ctx context.Context) (int64, error)
}

// newProbe reads the machine, or the script of the settings.
func newProbe(s *settings.Settings) probe {
	if s.Memory.Script != "" {
		return memory.FromFile(s.Memory.Script)
	}
	return memory.New(memory.Config{})
}

// machine shows this machine's memory to the routes.
type machine struct {
	*admission.Gate
	*board.Recorder
	engine *whisper.Transcriber
}

// Holders lists what holds memory now.
func (m *machine) Holders(ctx context.Context) ([]job.Holder, error) {
	model, bytes := m.engine.Holding()
	return memory.Holders(ctx, memory.Own{PID: os.Getpid(), Engine: model, EngineBytes: bytes})
}

// History gives at most so many points of the time since.
func (m *machine) History(ctx context.Context, since time.Time, points int) ([]job.Sample, error) {
	return m.Points(ctx, since, points)
}
