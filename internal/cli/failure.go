package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"sluice/internal/fault"
)

// outcome wraps what a command itself returned.
type outcome struct{ err error }

func (o *outcome) Error() string { return o.err.Error() }
func (o *outcome) Unwrap() error { return o.err }

// usage is an error in what was typed.
type usage struct {
	say  string
	hint string // "" = the help of the command
}

func (u *usage) Error() string { return u.say }

func usagef(format string, args ...any) error { return &usage{say: fmt.Sprintf(format, args...)} }

// errSaid ends a command with code 1 when all has been said already.
var errSaid = errors.New("said already")

// errInterrupted is a Ctrl-C whose consequences have been said already.
var errInterrupted = fmt.Errorf("interrupted: %w", errSaid)

func (c *console) exit(ctx context.Context, cmd *cobra.Command, err error) int {
	var (
		done *outcome
		typo *usage
	)
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &typo):
		hint := typo.hint
		if hint == "" {
			hint = "See '" + path(cmd) + " --help'."
		}
		c.complain("", typo.say, hint)
		return ExitUsage
	case !errors.As(err, &done):
		c.complain("", mistake(err), "See '"+path(cmd)+" --help'.")
		return ExitUsage
	case errors.Is(err, errSaid):
		return ExitFailed
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		c.complain("", "Interrupted.", "")
		return ExitFailed
	}
	c.fail("", done.err)
	if awayErr(err) {
		return ExitAway
	}
	return ExitFailed
}

func awayErr(err error) bool { return fault.Is(err, fault.ServerAway) }

// fail says what happened and what to do, and for scripts by which name the API
// knows it; about names the thing it happened to.
func (c *console) fail(about string, err error) {
	say, hint := words(err)
	c.complain(about, say, hint)
	var (
		f    *fault.Fault
		typo *usage
	)
	if !errors.As(err, &typo) && errors.As(err, &f) && f.Code != "" {
		c.note("  code: %s", clean(string(f.Code)))
	}
}

func (c *console) complain(about, say, hint string) {
	if about != "" {
		about = clean(about) + ": "
	}
	c.note("sluice: %s%s", about, clean(say))
	if hint != "" {
		c.note("  hint: %s", clean(hint))
	}
}

// note says something that is no result: on stderr, so that pipes stay clean.
func (c *console) note(format string, args ...any) {
	_, _ = fmt.Fprintf(c.Err, format+"\n", args...) // nobody is left to tell
}

// words puts an error into a sentence and a hint. Here the cause of a defect
// is shown too: whoever types a command is allowed to know.
func words(err error) (say, hint string) {
	var (
		f    *fault.Fault
		typo *usage
	)
	switch {
	case errors.As(err, &typo):
		return typo.say, typo.hint
	case !errors.As(err, &f):
		return firstLine(err.Error()), ""
	}
	say = f.Say
	if say == "" {
		say = "It did not work: " + string(f.Code) + "."
	}
	if f.Kind == fault.KindInternal && f.Err != nil {
		say = strings.TrimSuffix(say, ".") + " (" + firstLine(f.Err.Error()) + ")."
	}
	return say, typable(f.Code, f.Hint)
}

// typable puts a hint that was written for programs into what can be typed.
func typable(code fault.Code, hint string) string {
	if code == fault.TokenRequired {
		return "Put the server's token (server.token of its settings) into SLUICE_SERVER_TOKEN."
	}
	return strings.NewReplacer(
		"format=json", "--format json",
		"audio_track", "--audio-track",
		"llm_model", "--llm-model",
		"again with summarize", "again with --summarize",
		"Check the request against /openapi.json.", "Check what was typed against --help.",
	).Replace(hint)
}

// mistake turns cobra's words about a typo into a sentence.
func mistake(err error) string {
	s := firstLine(err.Error())
	if s == "" {
		return "That is not a command."
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

func path(cmd *cobra.Command) string {
	if cmd == nil {
		return "sluice"
	}
	return cmd.CommandPath()
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

// printer remembers the first error of a series of writes.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) Write(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	var n int
	n, p.err = p.w.Write(b)
	return n, p.err
}

func (p *printer) line(format string, args ...any) { _, _ = fmt.Fprintf(p, format+"\n", args...) }
