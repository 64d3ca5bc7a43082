package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"sluice/internal/cli"
	"sluice/internal/disk"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/settings"
	"sluice/internal/whisper/engine"
)

func programFinding(_ context.Context, f job.Finding) job.Finding {
	f.Text = fmt.Sprintf("version %s on %s/%s", version, runtime.GOOS, runtime.GOARCH)
	return f
}

// settingsFinding says where the settings come from, and what is odd in them.
func (d *doctor) settingsFinding(_ context.Context, f job.Finding) job.Finding {
	set := 0
	for _, k := range settings.Keys() {
		if d.settings.Now().Origin(k.Name) != settings.FromDefault {
			set++
		}
	}
	f.Text = "the defaults"
	if set > 0 {
		f.Text = fmt.Sprintf("%d set, the rest are the defaults", set)
	}
	if _, err := os.Stat(d.settings.Now().Dirs.File()); err == nil {
		f.Text += "; the file is " + fromHome(d.settings.Now().Dirs.File())
	}
	if len(d.wrong) > 0 {
		said, hints := make([]string, len(d.wrong)), make([]string, len(d.wrong))
		for i, err := range d.wrong {
			x := fault.From(err)
			said[i], hints[i] = x.Say, x.Hint
		}
		return failed(f, strings.Join(said, " "), strings.Join(hints, " ")+" Until then no server starts; the rest was looked at with the defaults instead.")
	}
	if len(d.settings.Now().Notes) > 0 {
		f.Level, f.Text, f.Hint = job.FindingWarn, strings.Join(d.settings.Now().Notes, "; "), "Correct the name, or remove it."
	}
	return f
}

// dataFinding tries to write into the data folder.
func (d *doctor) dataFinding(ctx context.Context, f job.Finding) job.Finding {
	const hint = "Check the folder's owner, or set SLUICE_HOME."
	dir := d.settings.Now().Dirs.Data
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return failed(f, "The data folder cannot be made: "+because(err)+".", hint)
	}
	t, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return failed(f, "The data folder cannot be written: "+because(err)+".", hint)
	}
	_ = t.Close()
	_ = os.Remove(t.Name())
	if err := (room{dir: dir, minFree: d.settings.Now().Disk.MinFree}).Check(ctx); err != nil {
		x := fault.From(err)
		return failed(f, x.Say, x.Hint)
	}
	f.Text = "in " + fromHome(dir)
	if free, err := disk.Free(dir); err == nil {
		f.Text += ", " + job.FormatBytes(free) + " free"
	}
	return f
}

// memoryFinding says what the machine has and what of it jobs may have.
func (d *doctor) memoryFinding(_ context.Context, f job.Finding) job.Finding {
	ceiling := d.gate.Ceiling()
	r, free := d.gate.Reading(), d.gate.Free()
	if r.Total <= 0 {
		f.Level, f.Text = job.FindingWarn, "The memory of this machine cannot be read."
		f.Hint = "Jobs start all the same; set memory.ceiling to bound what they take."
		return f
	}
	of := "in all"
	if r.Confined {
		of = "allowed by its container"
	}
	f.Text = fmt.Sprintf("%s %s, %s available, pressure %s; one stage may take %s",
		job.FormatBytes(r.Total), of, job.FormatBytes(r.Available), r.Level, job.FormatBytes(ceiling))
	switch shut := d.gate.Shut(); {
	case shut != "":
		f.Level, f.Hint = job.FindingWarn, "Jobs wait until memory is free: close what you do not need."
		f.Text += ", but none starts now: " + shut
	case free >= 0:
		f.Text += ", and " + job.FormatBytes(free) + " now"
	}
	return f
}

func (d *doctor) engineFinding(_ context.Context, f job.Finding) job.Finding {
	if !engine.Built {
		return failed(f, "This build has no speech engine.", "Build it with 'make build'.")
	}
	threads := d.settings.Now().Speech.Threads
	if threads == 0 {
		threads = engine.DefaultThreads()
	}
	f.Text = fmt.Sprintf("whisper.cpp is built in, %d threads", threads)
	if d.engine != nil {
		if model, bytes := d.engine(); model != "" {
			f.Text += fmt.Sprintf("; holds %s with %s now", model, job.FormatBytes(bytes))
		}
	}
	return f
}

func (d *doctor) atFFmpeg(ctx context.Context, f job.Finding) seen {
	path, v, err := d.ffmpeg.Version(ctx)
	if err != nil {
		x := fault.From(err)
		return seen{finding: failed(f, x.Say, x.Hint), who: programAt("ffmpeg", path)}
	}
	f.Text = fmt.Sprintf("version %s at %s", or(v, "unknown"), fromHome(path))
	return seen{finding: f}
}

// modelFinding looks at the model of jobs that name none. What can never fit is
// told first: nobody should install it.
func (d *doctor) modelFinding(ctx context.Context, f job.Finding) job.Finding {
	usual := d.usual(ctx)
	m, err := d.speech.look(ctx, usual) // the whole file is read when a job needs it
	if too := d.speech.TooLarge(speechNeed(m.Name, m.NeedBytes), usual.Language); too != nil {
		x := fault.From(too)
		if d.settings.Now().Speech.Model != "" {
			x = x.WithHint("%s Change speech.model, or remove it.", x.Hint)
		}
		return failed(f, x.Say, x.Hint)
	}
	if err != nil {
		x := fault.From(err)
		return failed(f, x.Say, x.Hint)
	}
	f.Text = m.Name + " is installed"
	return f
}

// speechAnyway says what a machine without a language model still does.
const speechAnyway = "Speech is recognised without it."

// ollamaFinding says how Ollama is, when its models are known, and whether it
// has the one to use; never says why that one can never fit.
func (d *doctor) ollamaFinding(ctx context.Context, f job.Finding, version, model string, has bool, never string) job.Finding {
	f.Text = "version " + version
	switch {
	case model == "":
		f.Text += "; no language model suits this machine"
	case never != "":
		f.Level = job.FindingWarn
		f.Text += ", but the language model " + model + " is too large: it " + never
		f.Hint = "Name a smaller one in ollama.model. " + speechAnyway
	case has:
		f.Text += "; " + model + " is installed"
	default:
		f.Level = job.FindingWarn
		f.Text += ", but the language model " + model + " is not installed"
		f.Hint = "Get it with 'ollama pull " + model + "'. " + speechAnyway
	}
	loaded, err := d.ollama.Running(ctx)
	if err != nil {
		return f // it has just answered; its models tell more than this
	}
	held := make([]string, 0, len(loaded))
	for _, l := range loaded {
		held = append(held, l.Name+" with "+job.FormatBytes(l.Bytes))
	}
	if len(held) > 0 {
		f.Text += "; holds " + strings.Join(held, ", ") + " now"
	}
	return f
}

// powerFinding says what the machine runs on, and what that means for jobs.
func (d *doctor) powerFinding(ctx context.Context, f job.Finding) job.Finding {
	onlyOnAC := d.settings.Now().Power.OnlyOnAC
	on, err := d.power.OnBattery(ctx)
	switch {
	case err != nil && onlyOnAC:
		f.Level, f.Text = job.FindingWarn, "This system does not say what it runs on."
		f.Hint = "Until it does, power.only_on_ac keeps no job waiting."
	case err != nil:
		f.Text = "not known; jobs run anyway"
	case on && onlyOnAC:
		f.Level, f.Text, f.Hint = job.FindingWarn, "on battery, so jobs wait", "Plug it in, or set power.only_on_ac to false."
	case on:
		f.Text = "on battery; jobs run anyway"
	case onlyOnAC:
		f.Text = "on mains; jobs wait while on battery"
	default:
		f.Text = "on mains; jobs run on battery too"
	}
	return f
}

// serverFinding asks whether a server answers there.
func serverFinding(ctx context.Context, f job.Finding, end cli.Endpoint) job.Finding {
	f.Text = "not running; 'sluice serve' starts it"
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, end.URL+"/healthz", http.NoBody)
	if err != nil {
		return failed(f, "The server's address "+end.URL+" is not one.", "Check SLUICE_SERVER.")
	}
	if end.Token != "" {
		req.Header.Set("Authorization", "Bearer "+end.Token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if res, err := client.Do(req); err == nil {
		_ = res.Body.Close()
		f.Text = "answers at " + end.URL
	}
	return f
}

func failed(f job.Finding, text, hint string) job.Finding {
	f.Level, f.Text, f.Hint = job.FindingFail, text, hint
	return f
}

// because is the cause of a file error, without the path.
func because(err error) string {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}

// fromHome writes a path with ~ for the home folder: whose it is, nobody else
// needs to know.
func fromHome(path string) string {
	home, err := os.UserHomeDir()
	if err != nil || home == "/" {
		return path
	}
	if rest, ok := strings.CutPrefix(path, home); ok && (rest == "" || rest[0] == filepath.Separator) {
		return "~" + rest
	}
	return path
}
