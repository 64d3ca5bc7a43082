package ollama

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/ollama/ollama/api"

	"sluice/internal/fault"
)

// Pulled is how far a download is.
type Pulled struct {
	Status     string // in Ollama's words, such as "verifying sha256 digest"
	DoneBytes  int64  // of what is known to come; never less than before
	TotalBytes int64  // grows as more of it becomes known
}

// pullBytes is how long the story of a download may be: some lines a second,
// for days.
const pullBytes = 1 << 30

// Pull has the server download a model, and returns when it is there. It goes
// on where an earlier download ended. When nobody listens and there is a way to
// start a server, it is started. Report may be nil. Faults: model_unknown,
// download_failed, disk_full, and those of the server.
func (c *Client) Pull(ctx context.Context, name string, report func(Pulled)) error {
	if err := c.wake(ctx); err != nil {
		return err
	}
	watched, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(c.cfg.PullIdle, func() { cancel(errSilent) })
	defer watchdog.Stop()

	d := download{layers: map[string]layer{}}
	err := api.NewClient(c.host, guarded(pullBytes)).Pull(watched, &api.PullRequest{Model: name}, func(p api.ProgressResponse) error {
		watchdog.Reset(c.cfg.PullIdle)
		if err := plausible(p.Completed, p.Total); err != nil {
			return err
		}
		if state := d.add(p); report != nil {
			report(state)
		}
		return nil
	})
	switch {
	case err == nil && d.whole:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case watched.Err() != nil:
		return failedPull(name, errSilent)
	case err == nil: // the client takes a story without an end for a good one
		return failedPull(name, errors.New("the download has no end"))
	}
	return c.refusedPull(name, err)
}

// refusedPull says what became of a download, by Ollama's words: it has no
// codes.
func (c *Client) refusedPull(name string, err error) error {
	var status api.StatusError
	answered := errors.As(err, &status)
	words := strings.ToLower(err.Error())
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), answered && status.StatusCode == http.StatusServiceUnavailable, strange(err):
		return c.fault("pull", err)
	case says(words, "file does not exist", "not found", "invalid model name"), answered && status.StatusCode == http.StatusBadRequest:
		return fault.New(fault.ModelUnknown, fmt.Sprintf("Ollama's library has no model %s.", clip(name, 80)), brief{"pull", err}).
			WithHint("See ollama.com/library for the names.")
	case says(words, "no space left"):
		return fault.New(fault.DiskFull, "There is no space left for the model.", brief{"pull", err})
	}
	return failedPull(name, err)
}

func failedPull(name string, err error) error {
	return fault.New(fault.DownloadFailed, fmt.Sprintf("The model %s could not be downloaded.", clip(name, 80)), brief{"pull", err})
}

// download adds up the layers of a model, which come one by one.
type download struct {
	layers map[string]layer
	state  Pulled
	whole  bool
}

type layer struct{ done, total int64 }

func (d *download) add(p api.ProgressResponse) Pulled {
	d.whole = d.whole || p.Status == "success"
	d.state.Status = clip(p.Status, 120)
	if p.Digest != "" && len(d.layers) < 1000 {
		before := d.layers[p.Digest]
		now := layer{max(before.done, p.Completed), max(before.total, p.Total, p.Completed)}
		d.state.DoneBytes += now.done - before.done
		d.state.TotalBytes += now.total - before.total
		d.layers[p.Digest] = now
	}
	return d.state
}
