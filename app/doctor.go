package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"sluice/internal/admission"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/media"
	"sluice/internal/models"
	"sluice/internal/ollama"
	"sluice/internal/pipeline"
	"sluice/internal/power"
	"sluice/internal/settings"
	"sluice/internal/sqlitestore"
)

// How long the doctor waits for one thing: the limit is told to it, the grace
// is for what does not heed that. All are looked at side by side.
const (
	lookLimit = 2 * time.Second
	lookGrace = 500 * time.Millisecond
)

// examined is what a doctor looks at.
type examined struct {
	settings *settings.Settings
	gate     scale
	speech   speechModels
	suits    func() suits
	ffmpeg   interface {
		Version(ctx context.Context) (path, version string, err error)
	}

	// These may be nil.
	ollama languageServer                                               // nil = there is to be none
	power  batteries                                                    // nil = not looked at
	engine func() (model string, bytes int64)                           // what the engine of this process holds; nil = it has none
	peak   func(ctx context.Context, m models.Info) (peak, floor int64) // what was learnt of a model when it ran, 0 = it never did; nil = no store is open
	server func(ctx context.Context, f job.Finding) job.Finding         // nil = this is the server

	onlyOnAC bool // jobs wait while on battery
}

// scale tells about this machine's memory. It is asked nothing that would
// change what the line is told: the gate may be a live one.
type scale interface {
	Reading() job.Reading
	Ceiling() int64 // takes a reading where there is none; 0 = not known
	Free() int64    // what a stage could get now; -1 = not known
}

// speechModels knows the speech models of this machine; see finder.
type speechModels interface {
	infos(ctx context.Context) ([]models.Info, error)
	Look(name string) (pipeline.Model, error)
	standard(ctx context.Context) string
}

// languageServer is what runs language models: Ollama.
type languageServer interface {
	Local() bool // on this machine
	Version(ctx context.Context) (string, error)
	Models(ctx context.Context) ([]ollama.Model, error)
	Running(ctx context.Context) ([]ollama.Loaded, error)
	Need(ctx context.Context, model string, numCtx int) (int64, error)
}

// suits is what to use on this machine.
type suits struct {
	speech  string // the speech model for this machine, whatever the settings say
	llm     string // the language model of the settings, or for this machine; "" = none
	context int    // tokens that it is to see at once
	need    int64  // what it takes with that by the catalog; 0 = not known
}

// batteries says whether the machine runs on them.
type batteries interface {
	OnBattery(ctx context.Context) (bool, error)
}

// doctor looks at everything that jobs need and says how it is. It changes
// nothing but that it tries to write into the data folder. Several may ask it
// at the same time.
type doctor struct {
	examined
	under singleflight.Group // looks that have not come back
}

func newDoctor(x examined) *doctor { return &doctor{examined: x} }

// look is one thing that the doctor looks at.
type look struct {
	job.Finding // as it is when there is no answer in time
	at          func(ctx context.Context, f job.Finding) seen
}

// seen is what came of a look.
type seen struct {
	finding job.Finding // without a name: there is nothing to say
	budget  []job.Budget
}

// Diagnose implements httpapi.Doctor. It answers within lookLimit and
// lookGrace, whatever hangs.
func (d *doctor) Diagnose(ctx context.Context) (job.Diagnosis, error) {
	looks := d.looks()
	all := make([]seen, len(looks))
	var wg sync.WaitGroup
	for i, l := range looks {
		wg.Go(func() { all[i] = d.take(ctx, l) })
	}
	wg.Wait()
	if ctx.Err() != nil {
		return job.Diagnosis{}, fmt.Errorf("diagnose: %w", context.Cause(ctx))
	}
	var out job.Diagnosis
	for _, s := range all {
		if s.finding.Name != "" {
			out.Findings = append(out.Findings, s.finding)
		}
		out.Budget = append(out.Budget, s.budget...)
	}
	slices.SortStableFunc(out.Budget, byUse)
	return out, nil
}

// take looks at one thing. A look at a file on a share that is gone may never
// come back, and no context ends it: it is left behind, and whoever asks again
// waits for the same one instead of starting another.
func (d *doctor) take(ctx context.Context, l look) seen {
	done := d.under.DoChan(l.Name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookLimit)
		defer cancel()
		s := l.at(ctx, job.Finding{Name: l.Name, Level: job.FindingOK})
		if ctx.Err() != nil && s.finding.Level != job.FindingOK {
			s.finding = l.late()
		}
		return s, nil
	})
	late := time.NewTimer(lookLimit + lookGrace)
	defer late.Stop()
	select {
	case r := <-done:
		s, _ := r.Val.(seen)
		return s
	case <-late.C:
		return seen{finding: l.late()}
	case <-ctx.Done():
		return seen{}
	}
}

// late is the finding of a look that took too long.
func (l look) late() job.Finding {
	f := l.Finding
	f.Text = fmt.Sprintf("There was no answer within %d seconds.", int(lookLimit.Seconds()))
	return f
}

// looks lists what is looked at, in the order of the findings. Each comes with
// what a missing answer means.
func (d *doctor) looks() []look {
	silent := func(name string, level job.FindingLevel, hint string) job.Finding {
		return job.Finding{Name: name, Level: level, Hint: hint}
	}
	looks := []look{
		{silent("sluice", job.FindingWarn, ""), only(programFinding)},
		{silent("settings", job.FindingWarn, "Check the disk of the settings file."), only(d.settingsFinding)},
		{silent("data", job.FindingFail, "Check the disk of the data folder."), only(d.dataFinding)},
		{silent("memory", job.FindingWarn, ""), only(d.memoryFinding)},
		{silent("engine", job.FindingWarn, ""), only(d.engineFinding)},
		{silent("ffmpeg", job.FindingFail, "See whether 'ffmpeg -version' answers; install it again if not."), only(d.ffmpegFinding)},
		{silent("model", job.FindingFail, "Check the disk of models.dir."), only(d.modelFinding)},
		{silent("budget", job.FindingWarn, "The models are being read; ask again in a while."), d.speechBudget},
	}
	if d.ollama != nil {
		looks = append(looks, look{silent("ollama", job.FindingWarn, "Start Ollama again. "+speechAnyway), d.atOllama})
	}
	if d.power != nil {
		looks = append(looks, look{silent("power", job.FindingWarn, ""), only(d.powerFinding)})
	}
	if d.server != nil {
		looks = append(looks, look{silent("server", job.FindingWarn, ""), only(d.server)})
	}
	return looks
}

// only is a look that has a finding and nothing else.
func only(find func(ctx context.Context, f job.Finding) job.Finding) func(context.Context, job.Finding) seen {
	return func(ctx context.Context, f job.Finding) seen { return seen{finding: find(ctx, f)} }
}

// examine is what can be looked at of this machine, whether a server runs here
// or not.
func examine(s *settings.Settings, gate *admission.Gate, around surroundings, found *finder, log *slog.Logger) examined {
	return examined{
		settings: s,
		gate:     gate,
		speech:   found,
		suits: func() suits {
			gate.Ceiling() // makes it take a reading
			return suitsOf(models.PlanFor(gate.Reading().Total), s.Ollama.Model)
		},
		ffmpeg:   media.New(media.Config{FFmpeg: s.Media.FFmpeg}, log),
		ollama:   around.ollama,
		power:    around.power,
		onlyOnAC: s.Power.OnlyOnAC,
	}
}

// suitsOf is the plan for a machine, with the language model of the settings
// when they name one.
func suitsOf(p models.Plan, llm string) suits {
	u := suits{speech: p.Speech, llm: p.LLM, context: p.Context, need: p.LLMNeed}
	if llm != "" && !sameModel(p.LLM, llm) {
		u.llm, u.need = llm, 0
	}
	return u
}

// doctor is the command: it needs no server.
func (p *program) doctor(ctx context.Context) (job.Diagnosis, error) {
	s, err := p.load(nil)
	if err != nil {
		return unset(err), nil
	}
	log := slog.New(slog.DiscardHandler)
	languages, err := ollama.New(ollama.Config{Host: string(s.Ollama.Host)}, log)
	if err != nil {
		return unset(err), nil
	}
	around := surroundings{ollama: languages, power: power.New(log)}
	gate := newGate(s, newProbe(s, nil), around, log)
	found := newFinder(s, sqlitestore.PeaksIn(databaseFile(s.Dirs.Data)), gate)
	x := examine(s, gate, around, found, log)
	x.peak = found.peakOf
	x.server = p.serverFinding
	return newDoctor(x).Diagnose(ctx)
}

// unset is all that can be said with settings that are wrong.
func unset(err error) job.Diagnosis {
	f := fault.From(err)
	return job.Diagnosis{Findings: []job.Finding{{Name: "settings", Level: job.FindingFail, Text: f.Say, Hint: f.Hint}}}
}

// complain logs what will keep jobs from running, when a server starts.
func complain(log *slog.Logger, findings []job.Finding) {
	for _, f := range findings {
		switch f.Level {
		case job.FindingFail:
			log.Warn("not ready", "about", f.Name, "text", f.Text, "hint", f.Hint)
		case job.FindingWarn:
			log.Info("not at its best", "about", f.Name, "text", f.Text, "hint", f.Hint)
		case job.FindingOK:
		}
	}
}
