package cli

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"sluice/internal/job"
)

// ofOllama tells the name of a language model from that of a speech model: it
// has a tag.
func ofOllama(name string) bool { return strings.ContainsRune(name, ':') }

// languageModels lists the models of Ollama: as the server sees them, where one
// runs, since it knows which jobs need them; only that one, where it is named.
func (c *console) languageModels(ctx context.Context, address string) ([]job.LanguageModel, error) {
	err := notBuiltIn()
	if c.cmds.Server != nil {
		var s *client
		if s, err = c.client(address); err == nil {
			defer s.close()
			var found []job.LanguageModel
			if found, err = s.languageModels(ctx); err == nil {
				return found, nil
			}
		}
	}
	if address != "" || c.cmds.LanguageModels == nil || c.cmds.Server != nil && !awayErr(err) {
		return nil, err
	}
	return c.cmds.LanguageModels.List(ctx)
}

func (s *client) languageModels(ctx context.Context) ([]job.LanguageModel, error) {
	if err := s.alive(ctx); err != nil {
		return nil, err
	}
	var got struct {
		Models []job.LanguageModel `json:"models"`
	}
	body, err := s.call(ctx, http.MethodGet, "/api/v1/ollama/models", nil, nil)
	if err == nil {
		err = s.decode(body, &got)
	}
	return got.Models, err
}

func (c *console) printLanguageModels(ctx context.Context, address string, asJSON bool) error {
	found, err := c.languageModels(ctx, address)
	switch {
	case err != nil:
		return err
	case asJSON:
		return c.printValue(values[job.LanguageModel](found))
	case len(found) == 0:
		c.note("Ollama has no models. Install one with 'sluice models pull NAME'.")
	}
	p := &printer{w: c.Out}
	tableOfLanguageModels(p, found)
	return unwritable("stdout", p.err)
}

func tableOfLanguageModels(p *printer, models []job.LanguageModel) {
	if len(models) == 0 {
		return
	}
	rows := [][]string{{"OLLAMA", "FILE", "MEMORY", "CONTEXT", "STATE"}}
	for _, m := range models {
		name := clean(m.Name)
		if m.Default {
			name += " *"
		}
		window := "-"
		if m.Context > 0 {
			window = strconv.Itoa(m.Context)
		}
		rows = append(rows, []string{name, size(m.SizeBytes), size(m.NeedBytes), window, stateOfLanguage(m)})
	}
	table(p, rows)
}

// stateOfLanguage says in few words how a model of Ollama stands.
func stateOfLanguage(m job.LanguageModel) string {
	switch d := m.Download; {
	case m.Remote:
		return "runs on another machine"
	case m.Installed && !m.Fits:
		return "installed, too large"
	case m.HeldBytes > 0:
		return "in memory: " + job.FormatBytes(m.HeldBytes)
	case m.Installed:
		return "installed"
	case d != nil && d.TotalBytes > 0:
		return fmt.Sprintf("%d %% here", min(d.DoneBytes*100/d.TotalBytes, 99))
	case !m.Fits:
		return "too large"
	case m.Suits:
		return "suits this machine"
	}
	return "-"
}
