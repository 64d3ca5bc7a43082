package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"sluice/internal/job"
)

func (c *console) models() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List, install and remove models",
		Long: `Manages the speech models of this machine, and installs language models, which
are Ollama's. It needs no server; one that runs sees the change by itself.`,
		Example: `  sluice models list
  sluice models pull small
  sluice models pull gemma3:4b
  sluice models rm small`,
		Args: noArgs,
		RunE: run(func(cmd *cobra.Command, _ []string) error { return cmd.Help() }),
	}
	cmd.AddCommand(c.modelsList(), c.modelsPull(), c.modelsCancel(), c.modelsRemove())
	return cmd
}

func (c *console) modelsList() *cobra.Command {
	var asJSON, ollama bool
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "Show the models that are there or can be had",
		Long: `Shows every model that is installed or can be: how big its file is and how much
memory it takes at work. The one marked with * is used when a job names none.

Below them stand the language models of Ollama, where it answers. With --ollama
only those are shown, and it is an error when it does not.`,
		Example: `  sluice models list
  sluice models list --json
  sluice models list --ollama --json
  sluice models list --server https://sluice.example.com`,
		Args: noArgs,
	}
	address := otherServer(cmd)
	cmd.Flags().BoolVar(&ollama, "ollama", false, "only the language models of Ollama")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = run(func(cmd *cobra.Command, _ []string) error {
		if ollama {
			return c.printLanguageModels(cmd.Context(), *address, asJSON)
		}
		found, err := c.speechModels(cmd.Context(), *address)
		if err != nil {
			return err
		}
		if asJSON {
			listed := values[listedModel]{}
			for _, m := range found {
				listed = append(listed, listedModel{m, m.Path})
			}
			return c.printValue(listed)
		}
		rows := [][]string{{"NAME", "FILE", "MEMORY", "STATE", "NOTE"}}
		for _, m := range found {
			name := clean(m.Name)
			if m.Default {
				name += " *"
			}
			rows = append(rows, []string{name, size(m.SizeBytes), size(m.NeedBytes), stateOf(m), clean(m.Note)})
		}
		p := &printer{w: c.Out}
		table(p, rows)
		if others, err := c.languageModels(cmd.Context(), *address); err == nil && len(others) > 0 {
			p.line("")
			tableOfLanguageModels(p, others)
		}
		return p.err
	})
	return cmd
}

// speechModels are those of a server, or of this machine where none is named.
func (c *console) speechModels(ctx context.Context, address string) ([]job.Model, error) {
	switch {
	case address != "":
		s, err := c.client(address)
		if err != nil {
			return nil, err
		}
		defer s.close()
		return s.models(ctx)
	case c.cmds.Models.List == nil:
		return nil, notBuiltIn()
	}
	return c.cmds.Models.List(ctx)
}

// stateOf says in few words how a model stands.
func stateOf(m job.Model) string {
	switch d := m.Download; {
	case m.Installed && !m.Fits:
		return "installed, too large"
	case m.Installed:
		return "installed"
	case m.Damaged:
		return "damaged"
	case d != nil && d.TotalBytes > 0:
		return fmt.Sprintf("%d %% here", min(d.DoneBytes*100/d.TotalBytes, 99))
	case !m.Fits:
		return "too large"
	}
	return "-"
}

// listedModel is a model for --json, which is of this machine: the file is here.
type listedModel struct {
	job.Model

	Path string `json:"path,omitempty"`
}

func (c *console) modelsPull() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pull [NAME]",
		Short: "Install a model",
		Long: `Downloads a model and checks it. Without a NAME it is the
one of the settings or, when they name none, what suits this machine's memory.
A download that broke off goes on where it stopped. Ctrl-C keeps what is there
so far. When a server is downloading the same model, that is waited for.

A NAME with a colon is that of a language model: Ollama downloads it.

With --server the server downloads it, and goes on when Ctrl-C ends the waiting:
'sluice models cancel' stops it.`,
		Example: `  sluice models pull
  sluice models pull small
  sluice models pull gemma3:4b
  sluice models pull large-v3-turbo`,
		Args:              maybeOneArg("NAME"),
		ValidArgsFunction: c.completeModels(func(m job.Model) bool { return !m.Installed }),
	}
	address := otherServer(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		model := firstOf(args)
		if len(args) == 0 {
			var err error
			if model, err = c.suitable(cmd.Context(), *address); err != nil {
				return err
			}
			c.note("Pulling %s, the model that suits this machine.", clean(model))
		}
		pull, err := c.pull(model)
		if *address != "" {
			var s *client
			if s, err = c.client(*address); err == nil {
				defer s.close()
				pull = s.pullModel
			}
		}
		if err != nil {
			return err
		}
		name := clean(model)
		report, done := c.transferring("", name)
		err = pull(cmd.Context(), model, report)
		done()
		if err != nil && cmd.Context().Err() != nil && errors.Is(err, context.Canceled) {
			return c.interruptedPull(name, *address != "")
		}
		if err != nil {
			return err
		}
		c.note("%s is installed.", name)
		return nil
	})
	return cmd
}

// pull is what installs a model.
func (c *console) pull(model string) (func(ctx context.Context, name string, report func(done, total int64)) error, error) {
	switch {
	case ofOllama(model) && c.cmds.LanguageModels != nil:
		return c.cmds.LanguageModels.Pull, nil
	case !ofOllama(model) && c.cmds.Models.Pull != nil:
		return c.cmds.Models.Pull, nil
	}
	return nil, notBuiltIn()
}

// suitable is the name of the one of the settings, or for this machine.
func (c *console) suitable(ctx context.Context, address string) (string, error) {
	found, err := c.speechModels(ctx, address)
	if err != nil {
		return "", err
	}
	for _, m := range found {
		if m.Suits {
			return m.Name, nil
		}
	}
	return "", &usage{say: "No model suits this machine.", hint: "Name one of 'sluice models list'."}
}

// transferring shows bytes on their way: a bar where somebody watches, else a
// line at every tenth. What is done to name goes before it.
func (c *console) transferring(what, name string) (report func(done, total int64), end func()) {
	if what != "" {
		name = what + " " + name
	}
	if !c.ErrTerminal {
		said := -1
		return func(done, total int64) {
			if total <= 0 {
				return
			}
			if tenth := int(done * 10 / total); tenth > said {
				said = tenth
				c.note("%s  %d %%  %s of %s", name, tenth*10, job.FormatBytes(done), job.FormatBytes(total))
			}
		}, func() {}
	}
	var bar *progressbar.ProgressBar
	return func(done, total int64) {
			if total <= 0 {
				return
			}
			if bar == nil {
				bar = progressbar.NewOptions64(total,
					progressbar.OptionSetWriter(c.Err),
					progressbar.OptionSetDescription(name),
					progressbar.OptionSetWidth(max(min(c.Width-60, 40), 10)),
					progressbar.OptionShowBytes(true),
					progressbar.OptionThrottle(100*time.Millisecond),
					progressbar.OptionClearOnFinish(),
				)
			}
			_ = bar.Set64(min(done, total))
		}, func() {
			if bar != nil {
				_ = bar.Exit()
				_ = bar.Clear()
			}
		}
}

func (c *console) modelsRemove() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "rm NAME",
		Aliases: []string{"remove"},
		Short:   "Remove an installed model",
		Long: `Deletes the file of a model. What the catalog has can be pulled again; texts
that were made with it stay.`,
		Example:           `  sluice models rm small`,
		Args:              oneArg("NAME"),
		ValidArgsFunction: c.completeModels(func(m job.Model) bool { return m.Installed }),
	}
	address := otherServer(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		if ofOllama(args[0]) {
			return &usage{say: fmt.Sprintf("%s is a model of Ollama.", clean(args[0])), hint: "Remove it there: ollama rm " + clean(args[0])}
		}
		if err := c.removeModel(cmd.Context(), *address, args[0]); err != nil {
			return err
		}
		c.note("%s is removed.", clean(args[0]))
		return nil
	})
	return cmd
}

func (c *console) removeModel(ctx context.Context, address, name string) error {
	switch {
	case address != "":
		s, err := c.client(address)
		if err != nil {
			return err
		}
		defer s.close()
		_, err = s.call(ctx, http.MethodDelete, modelPath(name), nil, nil)
		return err
	case c.cmds.Models.Remove == nil:
		return notBuiltIn()
	}
	return c.cmds.Models.Remove(ctx, name)
}

func (c *console) completeModels(want func(job.Model) bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []cobra.Completion
		for _, m := range c.speechOffers(cmd) {
			if want(m) {
				names = append(names, clean(m.Name))
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

func size(n int64) string {
	if n <= 0 {
		return "-"
	}
	return job.FormatBytes(n)
}
