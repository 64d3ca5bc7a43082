package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noArgs refuses arguments; what stands where a command is expected is an
// unknown command.
func noArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.HasAvailableSubCommands():
		return unknownCommand(cmd, args[0])
	}
	return usagef("'%s' takes no argument; %q is one too many.", cmd.CommandPath(), clean(args[0]))
}

// someArgs asks for one argument or more; what names them.
func someArgs(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return needs(cmd, what)
		}
		return nil
	}
}

// oneArg asks for exactly one.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return needs(cmd, what)
		}
		return maybeOneArg(what)(cmd, args)
	}
}

// maybeOneArg takes one or none.
func maybeOneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usagef("'%s' takes one %s; %q is one too many.", cmd.CommandPath(), what, clean(args[1]))
		}
		return nil
	}
}

func needs(cmd *cobra.Command, what string) error {
	example, _, _ := strings.Cut(strings.TrimSpace(cmd.Example), "\n")
	return &usage{
		say:  fmt.Sprintf("'%s' needs %s %s.", cmd.CommandPath(), article(what), what),
		hint: fmt.Sprintf("Like: %s. See '%s --help'.", example, cmd.CommandPath()),
	}
}

func article(what string) string {
	if strings.ContainsRune("AEIO", rune(what[0])) {
		return "an"
	}
	return "a"
}

// unknownCommand says that under has no such command, and which was meant.
func unknownCommand(under *cobra.Command, typed string) error {
	var names []string
	for _, sub := range under.Commands() {
		if sub.IsAvailableCommand() {
			names = append(append(names, sub.Name()), sub.Aliases...)
		}
	}
	where := ""
	if under.HasParent() {
		where = " in '" + under.CommandPath() + "'"
	}
	return &usage{
		say:  fmt.Sprintf("There is no command %q%s.", clean(typed), where),
		hint: meant(closest(typed, names), "'"+under.CommandPath()+" %s'") + see(under),
	}
}

// wrongFlag puts an error of a flag into words.
func wrongFlag(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		empty   *pflag.ValueRequiredError
		wrong   *pflag.InvalidValueError
		odd     *pflag.InvalidSyntaxError
	)
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	case errors.As(err, &empty):
		return usagef("--%s needs %s.", empty.GetFlag().Name, value(empty.GetFlag()))
	case errors.As(err, &wrong):
		f := wrong.GetFlag()
		if errors.Is(err, errTwice) {
			return usagef("--%s can be given once.", f.Name)
		}
		return usagef("--%s takes %s; %q is none.", f.Name, value(f), clean(wrong.GetValue()))
	case errors.As(err, &odd):
		return usagef("%q is no flag.", clean(odd.GetSpecifiedFlag()))
	}
	return err
}

// value says what a flag takes.
func value(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int":
		return "a whole number"
	case "bool":
		return "no value, or true or false"
	}
	name, _ := pflag.UnquoteUsage(f)
	return article(name) + " " + name
}

func unknownFlag(cmd *cobra.Command, e *pflag.NotExistError) error {
	name, typed := e.GetSpecifiedName(), "--"+e.GetSpecifiedName()
	if letters := e.GetSpecifiedShortnames(); letters != "" {
		name, typed = letters, "-"+letters
	}
	hint := meant(flagLike(cmd, name), "--%s")
	if sub, _, err := cmd.Find([]string{name}); err == nil && sub != cmd { // --version
		hint = meant(name, "'"+cmd.CommandPath()+" %s'")
	}
	if strings.Contains(cmd.Use, "FILE") && filepath.Ext(typed) != "" {
		hint = "A file of that name is given as ./" + typed + ", or after --. "
	}
	say := fmt.Sprintf("There is no flag %s.", clean(typed))
	if e.GetSpecifiedShortnames() != "" && len(typed) > 2 {
		say = fmt.Sprintf("There is no flag -%s, as in %s.", clean(e.GetSpecifiedName()), clean(typed))
	}
	return &usage{say: say, hint: hint + see(cmd)}
}

// flagLike is the flag that a typed name comes close to.
func flagLike(cmd *cobra.Command, typed string) string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return closest(typed, names)
}

func meant(guess, form string) string {
	if guess == "" {
		return ""
	}
	return "Did you mean " + fmt.Sprintf(form, guess) + "? "
}

func see(cmd *cobra.Command) string { return "See '" + cmd.CommandPath() + " --help'." }

// closest is the name that typed was probably meant to be; "" when none is
// near. A beginning of a name is near, and so are two slips.
func closest(typed string, names []string) string {
	typed = strings.ToLower(typed)
	if typed == "" {
		return ""
	}
	best, least := "", min(3, len([]rune(typed)))
	for _, name := range names {
		d := slips(typed, name)
		if strings.HasPrefix(name, typed) {
			d = min(d, 2)
		}
		if d < least {
			best, least = name, d
		}
	}
	return best
}

// slips counts how often one has to add, leave out, change or swap letters to
// come from a to b.
func slips(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before, last []int
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(x); i++ {
		before, last, row = last, row, make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(y)]
}
