// Package app wires Sluice together and owns its lifetime: it builds every
// part, starts them in one group, and stops them in order. It is the only
// package that knows them all.
package app

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"sluice/internal/cli"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/ollama"
	"sluice/internal/settings"
	"sluice/internal/sqlitestore"
	"sluice/internal/whisper"
	"sluice/internal/whisper/engine"
)

// version is set when the binary is built.
var version = "dev"

// Main runs the program and returns its exit code. Dist is what the build of
// the page has left.
func Main(args []string, dist fs.FS) int {
	if len(args) > 0 && args[0] == "engine" {
		// Before anything is opened: this process must hold nothing but the model.
		return engine.Main(args[1:], os.Stdin, os.Stdout, os.Stderr)
	}
	end := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup means it
		end = append(end, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), end...)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process the hard way
	}()
	p := &program{page: built(dist)}
	return cli.Run(ctx, args, cli.Std(), cli.Commands{
		Version:    version,
		Serve:      p.serve,
		Transcribe: p.transcribe,
		Server:     p.server,
		Doctor:     p.doctor,
		Models:     p.models(),
		OpenAPI:    p.openAPI,
		Desktop:    p.desktop(),

		WebhookKey:     p.webhookKey,
		LanguageModels: languageModels{func() (*settings.Settings, error) { return p.load(nil) }},
	})
}

// program is what the commands share.
type program struct {
	page fs.FS
}

// built is the page, or the note that stands in for it where it was not built.
func built(dist fs.FS) fs.FS {
	page, err := fs.Sub(dist, "page")
	if err != nil {
		return dist
	}
	if _, err := fs.Stat(page, "index.html"); err != nil {
		return dist
	}
	return page
}

// load reads the settings of this user.
func (p *program) load(flags map[string]string) (*settings.Settings, error) {
	s, err := settings.Load(settings.Options{Flags: flags})
	if err != nil {
		return nil, err
	}
	if err := spoken(s); err != nil {
		return s, err
	}
	return s, written(s)
}

// salvage reads the settings as far as they are right, and says what is not.
func (p *program) salvage() (s *settings.Settings, wrong []error, err error) {
	s, wrong, err = settings.Salvage(settings.Options{})
	if err != nil {
		return nil, nil, err
	}
	if err := spoken(s); err != nil {
		wrong = append(wrong, err)
		s.Speech.Language = "auto"
	}
	if err := written(s); err != nil {
		wrong = append(wrong, err)
		s.Defaults.TranslateTo, s.Summary.Language = nil, ""
	}
	return s, wrong, nil
}

// spoken says that the recogniser knows the language of the settings.
func spoken(s *settings.Settings) error {
	if whisper.KnowsLanguage(s.Speech.Language) {
		return nil
	}
	return fault.New(fault.SettingInvalid, fmt.Sprintf("speech.language: the recogniser knows no language %q.", s.Speech.Language), nil).
		WithHint("Use a code such as en or ko, or auto.")
}

// written says that text can be asked for in the languages of the settings.
func written(s *settings.Settings) error {
	key, codes := "defaults.translate_to", s.Defaults.TranslateTo
	if s.Summary.Language != "" && !ollama.KnowsLanguage(s.Summary.Language) {
		key, codes = "summary.language", []string{s.Summary.Language}
	}
	for _, code := range codes {
		if !ollama.KnowsLanguage(code) {
			return fault.New(fault.SettingInvalid, fmt.Sprintf("%s: there is no language %q.", key, code), nil).
				WithHint("Use a code such as en, ko or zh-hant.")
		}
	}
	if len(codes) > job.MaxLanguages {
		return fault.New(fault.SettingInvalid, fmt.Sprintf("%s names more than %d languages.", key, job.MaxLanguages), nil)
	}
	return nil
}

// models manages the models of this machine without a server. The settings
// are read when a command runs, so that a bad file does not break 'help'.
func (p *program) models() cli.ModelCommands {
	open := func() (*finder, error) {
		s, err := p.load(nil)
		if err != nil {
			return nil, err
		}
		return offline(s)
	}
	return cli.ModelCommands{
		List: func(ctx context.Context) ([]job.Model, error) {
			m, err := open()
			if err != nil {
				return nil, err
			}
			return m.List(ctx)
		},
		Pull: func(ctx context.Context, name string, report func(done, total int64)) error {
			m, err := open()
			if err != nil {
				return err
			}
			return m.Pull(ctx, name, report)
		},
		Remove: func(ctx context.Context, name string) error {
			m, err := open()
			if err != nil {
				return err
			}
			return m.Remove(ctx, name)
		},
	}
}

// offline finds models without a server. It only reads the database.
func offline(s *settings.Settings) (*finder, error) {
	gate := newGate(s, newProbe(s, nil), surroundings{}, slog.New(slog.DiscardHandler))
	return newFinder(s, sqlitestore.PeaksIn(databaseFile(s.Dirs.Data)), gate)
}
