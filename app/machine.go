package app

import (
	"context"
	"log/slog"
	"os"
	"time"

	"sluice/internal/admission"
	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/memory"
	"sluice/internal/ollama"
	"sluice/internal/power"
	"sluice/internal/settings"
	"sluice/internal/whisper"
)

// probe reads the memory of this machine.
type probe interface {
	admission.Probe
	OutOfMemoryCount(ctx context.Context) (int64, error)
}

// newProbe reads the machine, or the script of the settings. Engine is what our
// own speech engine holds.
func newProbe(s *settings.Settings, engine func() int64) probe {
	if s.Memory.Script != "" {
		return memory.FromFile(s.Memory.Script)
	}
	return memory.New(memory.Config{Engine: engine})
}

// surroundings is what a gate minds beside memory itself.
type surroundings struct {
	engine func() int64   // what our own speech engine holds
	ollama *ollama.Client // nil = nobody's
	power  *power.Source
}

// newGate makes the gate of this machine.
func newGate(set inForce, p probe, around surroundings, log *slog.Logger) *admission.Gate {
	d := admission.Deps{Probe: p, Engine: around.engine, Log: log}
	if o := around.ollama; o != nil && o.Local() { // elsewhere its memory is not ours
		d.Tenant = o
	}
	if around.power != nil { // who only asks what fits has no source
		d.Power = mains{set, around.power}
	}
	return admission.New(d, admission.Config{CeilingBytes: set.Now().Memory.Ceiling})
}

// machine shows this machine to the routes: its memory, its worker and its past.
type machine struct {
	*admission.Gate
	*board.Recorder
	engine  *whisper.Transcriber
	line    *desk
	past    past
	started time.Time
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
