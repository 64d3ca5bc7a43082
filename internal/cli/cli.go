// Package cli is Sluice at the command line: what may be typed, what is
// printed, and with which code the program ends. Client commands speak the
// HTTP API of a running server like any other client; work on this machine
// is done by the functions of Commands. It opens no store, reads no settings
// and holds no state of its own.
package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// The exit codes.
const (
	ExitOK     = 0
	ExitFailed = 1 // it was tried and did not work out, or was interrupted
	ExitUsage  = 2 // it was typed wrong; nothing was done
	ExitAway   = 3 // no server answers
)

// Streams is where a run reads and writes. Data goes to Out and nothing else
// does; progress, notes and errors go to Err.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer

	InTerminal  bool // somebody can be asked
	OutTerminal bool // somebody reads along: text is shown as it comes
	ErrTerminal bool // somebody watches: progress may be drawn
	Width       int  // columns of the terminal; 0 = 80
}

// Std is the process's own streams.
func Std() Streams {
	s := Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb",
	}
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			s.Width = w
			break
		}
	}
	return s
}

// Run does what args (without the program's name) ask for and returns the
// exit code. It ends soon after ctx does.
func Run(ctx context.Context, args []string, std Streams, cmds Commands) int {
	if std.Width <= 0 {
		std.Width = 80
	}
	if cmds.Version == "" {
		cmds.Version = "dev"
	}
	c := &console{Streams: std, cmds: cmds}
	root := c.root() //nolint:contextcheck // commands get ctx from ExecuteContextC
	root.SetArgs(c.opened(args))
	root.SetIn(std.In)
	root.SetOut(std.Out)
	root.SetErr(std.Err)
	cmd, err := root.ExecuteContextC(ctx)
	return c.exit(ctx, cmd, err)
}

// console is one run of the program: its streams and what it can do.
type console struct {
	Streams
	cmds Commands
}

// opened makes files alone mean the window: so a file manager starts the app
// that is to open them.
func (c *console) opened(args []string) []string {
	if c.cmds.Desktop == nil || len(args) == 0 || !strings.ContainsRune(args[0], filepath.Separator) {
		return args
	}
	if _, err := os.Stat(args[0]); err != nil {
		return args
	}
	return append([]string{"desktop"}, args...)
}

func (c *console) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "sluice",
		Short: "Turn recordings into text, one at a time, when memory allows",
		Long: `Sluice turns the sound of videos and recordings into text on this machine. Jobs
stand in one line and run one at a time, and only when there is memory for
them. With Ollama it translates the text and sums it up. Nothing leaves the
machine unless you name a webhook.

'sluice transcribe' gives the text of a file at once. For more than that run
'sluice serve' and put files into its line with 'sluice add'.

A job is named by its id, or by enough of its beginning or its end to be the
only one: four characters at least.

Exit codes: 0 it worked, 1 it did not, 2 it was typed wrong, 3 no server
answers.`,
		Example: `  sluice transcribe talk.mp4
  sluice serve
  sluice add talk.mp4 interview.m4a
  sluice watch`,
		Args:          noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: run(func(cmd *cobra.Command, _ []string) error {
			if c.cmds.Desktop == nil {
				return cmd.Help()
			}
			return c.open(cmd, DesktopOptions{})
		}),
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.AddGroup(
		&cobra.Group{ID: "work", Title: "Transcribe:"},
		&cobra.Group{ID: "line", Title: "The line of a running server:"},
		&cobra.Group{ID: "machine", Title: "This machine:"},
	)
	group := func(id string, cmds ...*cobra.Command) {
		for _, cmd := range cmds {
			cmd.GroupID = id
			root.AddCommand(cmd)
		}
	}
	group("work", c.transcribe(), c.serve(), c.desktop())
	group("line",
		c.add(), c.status(), c.list(), c.show(), c.watch(), c.search(), c.export(), c.summary(), c.edit(),
		c.move(), c.hold(), c.release(), c.cancel(), c.retry(), c.delete(),
		c.pause(), c.resume(), c.dismiss(),
		c.deliveries(), c.redeliver(), c.throughput(),
	)
	group("machine", c.models(), c.doctor(), c.settings(), c.webhookKey())
	root.AddCommand(c.openAPI(), c.version(), c.completion(), c.man())
	root.SetFlagErrorFunc(wrongFlag)
	root.SetHelpCommand(&cobra.Command{
		Use:    "help [COMMAND]",
		Short:  "Explain a command",
		Long:   "Prints what a command does, with its flags and examples.",
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			about, rest, err := root.Find(args)
			switch {
			case err == nil && len(rest) > 0:
				return unknownCommand(about, rest[0])
			case err != nil:
				return unknownCommand(root, firstOf(args))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	})
	return root
}

// run marks what a command returns as its result: all other errors of cobra
// are about how it was typed.
func run(f func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := f(cmd, args); err != nil {
			return &outcome{err}
		}
		return nil
	}
}

func firstOf(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
