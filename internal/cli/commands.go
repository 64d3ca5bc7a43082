package cli

import (
	"context"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

// Commands is what the program can do, filled in by whoever wires it. Errors
// should be faults: Say and Hint are printed, everything else is printed as
// one plain line.
type Commands struct {
	Version string // "0.1.0"; "" = "dev"

	// Serve runs the headless server until ctx ends, which is not an error.
	Serve func(ctx context.Context, o ServeOptions) error

	// Transcribe runs orders in this process, one after the other, over a
	// temporary line. The error is for what ends all of them; how each one
	// ended goes to Watch.Ended. When ctx ends it returns soon.
	Transcribe func(ctx context.Context, o TranscribeOptions) error

	// Server says where the running server is. Address is the value of
	// --server, "" when it was not given; then SLUICE_SERVER, the discovery
	// file and the settings decide. It does not connect.
	Server func(address string) (Endpoint, error)

	// Doctor looks at everything that jobs need, and at what fits the machine.
	Doctor func(ctx context.Context) (job.Diagnosis, error)

	// WebhookKey is what webhooks are signed with; it is made when there is none.
	WebhookKey func(ctx context.Context) (string, error)

	// OpenAPI is the schema of the HTTP API, as JSON.
	OpenAPI func() ([]byte, error)

	// Models works without a server.
	Models ModelCommands

	// LanguageModels works without a server; nil where there is no Ollama.
	LanguageModels LanguageModels

	// Desktop runs the app with its window until somebody quits it, or hands
	// the files to the one that runs already; nil where no window is built in:
	// then plain 'sluice' prints the help.
	Desktop func(ctx context.Context, o DesktopOptions) error
}

// DesktopOptions is what 'desktop' was told.
type DesktopOptions struct {
	Hidden bool              // start without showing the window
	Files  []string          // files and folders for the line; absolute paths
	Note   func(text string) // says something on stderr; always set
}

// ServeOptions is what the flags of 'serve' say.
type ServeOptions struct {
	Listen   string            // "" = server.listen of the settings
	Settings map[string]string // --set KEY=VALUE, by the key's name in settings.toml; nil = none
}

// TranscribeOptions names the work of one 'transcribe' without a server.
type TranscribeOptions struct {
	Orders []job.Order // at least one; sources are absolute paths
	Watch  Watch
}

// Watch is told how the orders fare. The calls come one after another; order
// is the index in TranscribeOptions.Orders. Every member is set.
type Watch struct {
	Job      func(order int, j job.Job)      // any change but progress
	Progress func(order int, p job.Progress) // of the running stage
	Segment  func(order int, s transcript.Segment)

	// Ended comes exactly once for each order that was begun: with a final
	// job and, when it is done, its texts; or with the fault that kept the order
	// from becoming a job.
	Ended func(order int, j job.Job, t Texts, err error)
}

// Texts is what a job that is done has left.
type Texts struct {
	Transcript   transcript.Transcript   // the whole one
	Translations []transcript.Transcript // those that are whole, as they were asked for
	Summary      *transcript.Summary     // nil = there is none
}

// Endpoint is the address of a server.
type Endpoint struct {
	URL   string // "http://127.0.0.1:7584"; without a scheme it means http
	Token string // for Authorization: Bearer; "" = none
	Named bool   // --server or SLUICE_SERVER asked for this one: no falling back to work without it
}

// ModelCommands manages the speech models on this machine.
type ModelCommands struct {
	List func(ctx context.Context) ([]job.Model, error)

	// Pull installs a model and goes on where an earlier pull stopped. Report
	// may be called often and from one goroutine at a time; a total of 0
	// means that it is not known.
	Pull func(ctx context.Context, name string, report func(done, total int64)) error

	Remove func(ctx context.Context, name string) error
}

// LanguageModels asks Ollama for its models. An Ollama that does not run, and
// that Sluice may start, is started for a pull.
type LanguageModels interface {
	// List gives those that are installed or worth having.
	List(ctx context.Context) ([]job.LanguageModel, error)
	// Pull installs a model. See ModelCommands for report.
	Pull(ctx context.Context, name string, report func(done, total int64)) error
}
