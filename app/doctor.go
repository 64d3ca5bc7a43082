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
	settings inForce
	gate     scale
	speech   speechModels
	suits    func() suits
	ffmpeg   interface {
		Version(ctx context.Context) (path, version string, err error) // the path also beside an error, where it is known
	}

	// These may be nil.
	wrong  []error                                              // what of the settings is not as it was meant
	ollama languageServer                                       // nil = there is to be none
	power  batteries                                            // nil = not looked at
	engine func() (model string, bytes int64)                   // what the engine of this process holds; nil = it has none
	server func(ctx context.Context, f job.Finding) job.Finding // nil = this is the server
}

// scale tells about this machine's memory. It is asked nothing that would
// change what the line is told: the gate may be a live one.
type scale interface {
	Reading() job.Reading
	Ceiling() int64           // takes a reading where there is none; 0 = not known
	Free() int64              // what a stage could get now; -1 = not known
	Never(bytes int64) string // why a need can never be met; "" = it can
	Shut() string             // why nothing may start now; "" = what fits may
}

// speechModels knows the speech models of this machine; see finder.
type speechModels interface {
	infos(ctx context.Context) ([]models.Info, error)
	needs(ctx context.Context, m models.Info) (int64, job.Known)
	look(ctx context.Context, o job.Options) (pipeline.Model, error)
	standard(ctx context.Context) string
	TooLarge(n job.Need, language string) error
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
	speech  string // the speech model for this machine, whatever the settings say; "" = none fits
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
	job.Finding        // as it is when there is no answer in time
	who         string // is to answer
	at          func(ctx context.Context, f job.Finding) seen
}

// seen is what came of a look.
type seen struct {
	finding job.Finding // without a name: there is nothing to say
	budget  []job.Budget
	who     string // was to answer, where that was found out; "" = as the look says
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
			s.finding = l.late(s.who)
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
		return seen{finding: l.late("")}
	case <-ctx.Done():
		return seen{}
	}
}

// late is the finding of a look that took too long.
func (l look) late(who string) job.Finding {
	f := l.Finding
	f.Text = fmt.Sprintf("%s did not answer within %d seconds.", or(who, l.who), int(lookLimit.Seconds()))
	return f
}

// looks lists what is looked at, in the order of the findings. Each comes with
// what a missing answer means.
func (d *doctor) looks() []look {
	silent := func(name string, level job.FindingLevel, hint string) job.Finding {
		return job.Finding{Name: name, Level: level, Hint: hint}
	}
	s := d.settings.Now()
	folder := "The models folder " + fromHome(s.Models.Dir)
	looks := []look{
		{silent("sluice", job.FindingWarn, ""), "Sluice", only(programFinding)},
		{silent("settings", job.FindingWarn, "Check the disk of the settings file."), "The settings file " + fromHome(s.Dirs.File()), only(d.settingsFinding)},
		{silent("data", job.FindingFail, "Check the disk of the data folder."), "The data folder " + fromHome(s.Dirs.Data), only(d.dataFinding)},
		{silent("memory", job.FindingWarn, ""), "The memory of this machine", only(d.memoryFinding)},
		{silent("engine", job.FindingWarn, ""), "The speech engine", only(d.engineFinding)},
		{silent("ffmpeg", job.FindingFail, "See whether 'ffmpeg -version' answers; install it again if not."), programAt("ffmpeg", s.Media.FFmpeg), d.atFFmpeg},
		{silent("model", job.FindingFail, "Check the disk of models.dir."), folder, only(d.modelFinding)},
		{silent("budget", job.FindingWarn, "Ask again in a while."), folder, d.speechBudget},
	}
	if d.ollama != nil {
		looks = append(looks, look{silent("ollama", job.FindingWarn, "Start Ollama again. "+speechAnyway), "Ollama at " + s.Ollama.Host, d.atOllama})
	}
	if d.power != nil {
		looks = append(looks, look{silent("power", job.FindingWarn, ""), "The power source", only(d.powerFinding)})
	}
	if len(s.Watch.Folders) > 0 {
		looks = append(looks, look{silent("watch", job.FindingWarn, "Check the disks of watch.folders."), "A watched folder", only(d.watchFinding)})
	}
	if d.server != nil {
		looks = append(looks, look{silent("server", job.FindingWarn, ""), "The server", only(d.server)})
	}
	return looks
}

// programAt names a program and, where it is known, its file.
func programAt(name, path string) string {
	if path == "" {
		return name
	}
	return name + " at " + fromHome(path)
}

// only is a look that has a finding and nothing else.
func only(find func(ctx context.Context, f job.Finding) job.Finding) func(context.Context, job.Finding) seen {
	return func(ctx context.Context, f job.Finding) seen { return seen{finding: find(ctx, f)} }
}

// examine is what can be looked at of this machine, whether a server runs here
// or not.
func examine(set inForce, gate *admission.Gate, around surroundings, found *finder, log *slog.Logger) examined {
	x := examined{
		settings: set,
		gate:     gate,
		speech:   found,
		suits: func() suits {
			ceiling := gate.Ceiling() // makes it take a reading
			u := suitsOf(gate.Reading().Total, ceiling, set.Now().Ollama.Model)
			u.speech = found.best()
			return u
		},
		ffmpeg: media.New(media.Config{FFmpeg: set.Now().Media.FFmpeg}, log),
		power:  around.power,
	}
	if around.ollama != nil {
		x.ollama = around.ollama
	}
	return x
}

// suitsOf is the plan for a machine, with the language model of the settings
// when they name one.
func suitsOf(total, ceiling int64, llm string) suits {
	p := models.PlanFor(total, ceiling)
	u := suits{speech: p.Speech, llm: p.LLM, context: p.Context, need: p.LLMNeed}
	if llm == "" || ollama.SameModel(p.LLM, llm) {
		return u
	}
	u.llm, u.need = llm, 0
	if own := models.PlanFor(total, 0); ollama.SameModel(own.LLM, llm) { // beyond the ceiling, but its need is known
		u.context, u.need = own.Context, own.LLMNeed
	}
	return u
}

// doctor is the command: it needs no server, and no settings that are right.
func (p *program) doctor(ctx context.Context) (job.Diagnosis, error) {
	s, wrong, err := p.salvage()
	if err != nil {
		return unset(err), nil
	}
	log := slog.New(slog.DiscardHandler)
	around := surroundings{power: power.New(log)}
	if around.ollama, err = ollama.New(ollama.Config{Host: s.Ollama.Host}, log); err != nil {
		wrong = append(wrong, err)
	}
	gate := newGate(s, newProbe(s, nil), around, log)
	peaks := sqlitestore.PeaksIn(databaseFile(s.Dirs.Data))
	found, err := newFinder(s, peaks, gate)
	if err != nil {
		wrong = append(wrong, err)
		s.Models.Catalog = ""
		if found, err = newFinder(s, peaks, gate); err != nil {
			return unset(err), nil
		}
	}
	x := examine(s, gate, around, found, log)
	x.wrong = wrong
	x.server = func(ctx context.Context, f job.Finding) job.Finding { return serverFinding(ctx, f, endpoint(s, "")) }
	return newDoctor(x).Diagnose(ctx)
}

// unset is all that can be said where there are no settings at all.
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
