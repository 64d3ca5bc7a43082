package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// pullEvery is how often a download of a server is looked at.
const pullEvery = time.Second

// otherServer adds --server to a command that works on this machine's models
// without one.
func otherServer(cmd *cobra.Command) *string {
	return cmd.Flags().String("server", "", "`URL` of a server whose models are meant (default: those of this machine, without a server)")
}

func (c *console) modelsCancel() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cancel NAME",
		Short: "Stop a server's download of a model",
		Long: `Stops the download of a model that a server was asked for, by 'sluice models pull
--server' or on its page. What has arrived is kept, and a later download goes on
from there. A model that is not being downloaded is no error.

A download of 'sluice models pull' without a server ends with Ctrl-C.`,
		Example:           `  sluice models cancel small`,
		Args:              oneArg("NAME"),
		ValidArgsFunction: c.completeModels(func(m job.Model) bool { return m.Download != nil }),
	}
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		if _, err := s.call(cmd.Context(), http.MethodDelete, modelPath(args[0])+"/download", nil, nil); err != nil {
			return err
		}
		c.note("%s is not being downloaded.", clean(args[0]))
		return nil
	})
	return cmd
}

// modelPath is the route of a model, of speech or of Ollama.
func modelPath(name string) string { return modelsPath(name) + "/" + url.PathEscape(name) }

func modelsPath(name string) string {
	if ofOllama(name) {
		return "/api/v1/ollama/models"
	}
	return "/api/v1/models"
}

// models lists the speech models of a server.
func (s *client) models(ctx context.Context) ([]job.Model, error) {
	var got struct {
		Models []job.Model `json:"models"`
	}
	raw, err := s.call(ctx, http.MethodGet, "/api/v1/models", nil, nil)
	if err == nil {
		err = s.decode(raw, &got)
	}
	return got.Models, err
}

// modelStanding is how a model of a server stands, of either kind.
type modelStanding struct {
	Name      string        `json:"name"`
	Installed bool          `json:"installed"`
	Download  *job.Download `json:"download"`
}

// pullModel has a server install a model, and waits for it. The download is the
// server's own: it goes on when nobody waits any more.
func (s *client) pullModel(ctx context.Context, name string, report func(done, total int64)) error {
	var m modelStanding
	raw, err := s.call(ctx, http.MethodPost, modelsPath(name), struct {
		Name string `json:"name"`
	}{name}, nil)
	if err == nil {
		err = s.decode(raw, &m)
	}
	tick := time.NewTicker(pullEvery)
	defer tick.Stop()
	for err == nil && !m.Installed {
		d := m.Download
		switch {
		case d == nil || d.State == job.DownloadStopped && d.Error == nil:
			return fault.New(fault.Interrupted, "The download was stopped.", nil).WithHint("'sluice models pull' goes on where it was.")
		case d.State == job.DownloadStopped:
			f := fault.New(fault.Code(d.Error.Code), d.Error.Message, nil)
			if d.Error.Hint != "" {
				f.Hint = d.Error.Hint
			}
			return f
		}
		report(d.DoneBytes, d.TotalBytes)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		m, err = s.modelNow(ctx, name)
	}
	return err
}

// modelNow asks how one model stands.
func (s *client) modelNow(ctx context.Context, name string) (modelStanding, error) {
	var got struct {
		Models []modelStanding `json:"models"`
	}
	raw, err := s.call(ctx, http.MethodGet, modelsPath(name), nil, nil)
	if err == nil {
		err = s.decode(raw, &got)
	}
	if err != nil {
		return modelStanding{}, err
	}
	for _, m := range got.Models {
		if m.Name == name {
			return m, nil
		}
	}
	return modelStanding{}, fault.New(fault.ModelUnknown, fmt.Sprintf("No model is called %s any more.", clean(name)), nil)
}

// interruptedPull says what becomes of a download that nobody waits for.
func (c *console) interruptedPull(name string, server bool) error {
	if server {
		c.note("Stopped waiting; the server goes on. 'sluice models cancel %s' ends it.", name)
	} else {
		c.note("Interrupted; 'sluice models pull %s' goes on from here.", name)
	}
	return errInterrupted
}
