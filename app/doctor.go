package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"time"

	"sluice/internal/admission"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/media"
	"sluice/internal/settings"
	"sluice/internal/whisper/engine"
)

func newGate(s *settings.Settings, log *slog.Logger) *admission.Gate {
	return admission.New(newProbe(s), admission.Config{CeilingBytes: s.Memory.Ceiling}, log)
}

// doctor looks at everything that jobs need. It changes nothing
// but that it tries to write into the data folder.
func (p *program) doctor(ctx context.Context) ([]job.Finding, error) {
	log := slog.New(slog.DiscardHandler)
	s, err := p.load(nil)
	if err != nil {
		f := fault.From(err)
		return []job.Finding{{Name: "settings", Level: job.FindingFail, Text: f.Say, Hint: f.Hint}}, nil
	}
	return append(p.findings(ctx, s, log), p.serverFinding(ctx)), nil
}

// findings looks at everything that jobs need but the server itself.
func (p *program) findings(ctx context.Context, s *settings.Settings, log *slog.Logger) []job.Finding {
	gate := newGate(s, log)
	return []job.Finding{
		{Name: "sluice", Level: job.FindingOK, Text: fmt.Sprintf("version %s on %s/%s", version, runtime.GOOS, runtime.GOARCH)},
		dataFinding(ctx, s),
		machineFinding(ctx, gate),
		engineFinding(),
		ffmpegFinding(ctx, s, log),
		modelFinding(ctx, newFinder(s, noPeaks{}, gate)),
	}
}

// complain logs what will keep jobs from running, when a server starts.
func complain(log *slog.Logger, findings []job.Finding) {
	for _, f := range findings {
		if f.Level != job.FindingOK {
			log.Warn("not ready", "about", f.Name, "text", f.Text, "hint", f.Hint)
		}
	}
}

func dataFinding(ctx context.Context, s *settings.Settings) job.Finding {
	f := job.Finding{Name: "data", Level: job.FindingOK, Text: "in " + s.Dirs.Data}
	if err := os.MkdirAll(s.Dirs.Data, 0o700); err != nil {
		return failed(f, "The data folder cannot be made: "+err.Error(), "Check the folder's owner, or set SLUICE_HOME.")
	}
	t, err := os.CreateTemp(s.Dirs.Data, ".doctor-*")
	if err != nil {
		return failed(f, "The data folder cannot be written: "+err.Error(), "Check the folder's owner, or set SLUICE_HOME.")
	}
	_ = t.Close()
	_ = os.Remove(t.Name())
	if err := (room{s.Dirs.Data, s.Disk.MinFree}).Check(ctx); err != nil {
		x := fault.From(err)
		return failed(f, x.Say, x.Hint)
	}
	return f
}

func machineFinding(ctx context.Context, gate *admission.Gate) job.Finding {
	f := job.Finding{Name: "memory", Level: job.FindingOK}
	if v := gate.Admit(ctx, job.Need{}); !v.Open {
		f.Level, f.Hint = job.FindingWarn, "Jobs wait until memory is free."
	}
	r := gate.Reading()
	f.Text = fmt.Sprintf("%s in all, %s available, pressure %s; jobs may take %s",
		job.FormatBytes(r.Total), job.FormatBytes(r.Available), r.Level, job.FormatBytes(gate.Ceiling()))
	return f
}

func engineFinding() job.Finding {
	f := job.Finding{Name: "engine", Level: job.FindingOK, Text: fmt.Sprintf("whisper.cpp is built in, %d threads", engine.DefaultThreads())}
	if !engine.Built {
		return failed(f, "This build has no speech engine.", "Build it with 'make build'.")
	}
	return f
}

func ffmpegFinding(ctx context.Context, s *settings.Settings, log *slog.Logger) job.Finding {
	f := job.Finding{Name: "ffmpeg", Level: job.FindingOK}
	path, v, err := media.New(media.Config{FFmpeg: s.Media.FFmpeg}, log).Version(ctx)
	if err != nil {
		x := fault.From(err)
		return failed(f, x.Say, x.Hint)
	}
	f.Text = fmt.Sprintf("version %s at %s", v, path)
	return f
}

func modelFinding(ctx context.Context, models *finder) job.Finding {
	f := job.Finding{Name: "model", Level: job.FindingOK}
	m, err := models.Look(models.standard(ctx)) // the whole file is read when a job needs it
	if err != nil {
		x := fault.From(err)
		return failed(f, x.Say, x.Hint)
	}
	f.Text = fmt.Sprintf("%s is installed and takes about %s", m.Name, job.FormatBytes(m.NeedBytes))
	return f
}

func (p *program) serverFinding(ctx context.Context) job.Finding {
	f := job.Finding{Name: "server", Level: job.FindingOK, Text: "not running; 'sluice serve' starts it"}
	end, err := p.server("")
	if err != nil {
		return failed(f, fault.From(err).Say, fault.From(err).Hint)
	}
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
