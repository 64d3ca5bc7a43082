package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (c *console) man() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the manual pages",
		Long: `Writes a manual page for sluice and for each of its commands into the folder
DIR, which is made if it is not there. What is there under these names is
replaced. 'man -l DIR/sluice.1' shows one where it lies.`,
		Example: `  sluice man ~/.local/share/man/man1`,
		Args:    oneArg("DIR"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: run(func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("make %s: %w", clean(args[0]), err)
			}
			return c.writePages(cmd.Root(), args[0])
		}),
	}
}

// writePages writes the page of a command and of those below it.
func (c *console) writePages(cmd *cobra.Command, dir string) error {
	cmd.InitDefaultHelpFlag()
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
	if err := os.WriteFile(filepath.Join(dir, name), c.manual(cmd), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	for _, sub := range shownCommands(cmd) {
		if err := c.writePages(sub, dir); err != nil {
			return err
		}
	}
	return nil
}

func shownCommands(cmd *cobra.Command) (all []*cobra.Command) {
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && !sub.Hidden {
			all = append(all, sub)
		}
	}
	return all
}

// manual is the page of one command, in the language of man(7).
func (c *console) manual(cmd *cobra.Command) []byte {
	r := &roff{}
	title := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	r.request(".TH", strings.ToUpper(title), "1", "", "Sluice "+c.cmds.Version, "Sluice")
	r.request(".SH", "NAME")
	r.text(title + " \\- " + plainRoff(strings.ToLower(cmd.Short[:1])+cmd.Short[1:]))
	r.request(".SH", "SYNOPSIS")
	r.text("\\fB" + plainRoff(cmd.CommandPath()) + "\\fR" + plainRoff(strings.TrimPrefix(cmd.UseLine(), cmd.CommandPath())))
	r.request(".SH", "DESCRIPTION")
	r.prose(cmd.Long)
	if subs := shownCommands(cmd); len(subs) > 0 {
		r.request(".SH", "COMMANDS")
		for _, sub := range subs {
			r.item("\\fB"+plainRoff(sub.Name())+"\\fR", sub.Short)
		}
	}
	r.flags("OPTIONS", cmd.LocalFlags())
	if cmd.Example != "" {
		r.request(".SH", "EXAMPLES")
		r.verbatim(cmd.Example)
	}
	if !cmd.HasParent() {
		r.request(".SH", "EXIT STATUS")
		r.item("0", "It worked.")
		r.item("1", "It was tried and did not work out, or was interrupted.")
		r.item("2", "It was typed wrong; nothing was done.")
		r.item("3", "No server answers.")
		r.request(".SH", "ENVIRONMENT")
		r.item("SLUICE_SERVER", "URL of the server, where --server is not given.")
		r.item("SLUICE_SERVER_TOKEN", "The token of that server.")
		r.item("SLUICE_HOME", "The folder of all data and logs, instead of the system's own places.")
		r.item("SLUICE_A_B", "The setting a.b, before what the settings file says of it.")
	}
	r.also(cmd)
	return r.b.Bytes()
}

// roff writes a page. What is not written by its own methods is escaped.
type roff struct{ b bytes.Buffer }

// request writes a line that tells man something.
func (r *roff) request(name string, args ...string) {
	r.b.WriteString(name)
	for _, a := range args {
		r.b.WriteString(` "` + strings.ReplaceAll(plainRoff(a), `"`, `\(dq`) + `"`)
	}
	r.b.WriteByte('\n')
}

// text writes a line that is escaped already.
func (r *roff) text(s string) { r.b.WriteString(s + "\n") }

// prose writes paragraphs, which empty lines part.
func (r *roff) prose(s string) {
	for i, paragraph := range strings.Split(strings.TrimSpace(s), "\n\n") {
		if i > 0 {
			r.text(".PP")
		}
		for line := range strings.Lines(paragraph) {
			r.text(plainRoff(strings.TrimRight(line, "\n")))
		}
	}
}

// item writes a term, which is escaped already, and what it is.
func (r *roff) item(term, text string) {
	r.text(".TP\n" + term)
	r.prose(text)
}

func (r *roff) verbatim(s string) {
	r.text(".nf")
	for line := range strings.Lines(s) {
		r.text(plainRoff(strings.TrimRight(line, "\n")))
	}
	r.text(".fi")
}

func (r *roff) flags(title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	r.request(".SH", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name, usage := pflag.UnquoteUsage(f)
		term := "\\fB" + plainRoff("--"+f.Name) + "\\fR"
		if f.Shorthand != "" {
			term = "\\fB" + plainRoff("-"+f.Shorthand) + "\\fR, " + term
		}
		if name != "" {
			term += " \\fI" + plainRoff(name) + "\\fR"
		}
		r.item(term, usage)
	})
}

// also names the pages beside this one.
func (r *roff) also(cmd *cobra.Command) {
	var pages []string
	if cmd.HasParent() {
		pages = append(pages, cmd.Parent().CommandPath())
	}
	for _, sub := range shownCommands(cmd) {
		pages = append(pages, sub.CommandPath())
	}
	if len(pages) == 0 {
		return
	}
	r.request(".SH", "SEE ALSO")
	for i, page := range pages {
		end := ","
		if i == len(pages)-1 {
			end = ""
		}
		r.request(".BR", strings.ReplaceAll(page, " ", "-"), "(1)"+end)
	}
}

// plainRoff escapes what roff would take for its own.
func plainRoff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "~", `\(ti`, "^", `\(ha`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}
