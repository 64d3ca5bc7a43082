package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"

	"sluice/internal/job"
)

func (c *console) doctor() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check that this machine has what jobs need",
		Long: `Looks at everything that jobs need - the tools, the models, the folders, the
memory - and says of each whether it is well, and what to do if not. The exit
code is 1 when something will keep jobs from running.`,
		Example: `  sluice doctor
  sluice doctor --json`,
		Args: noArgs,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = run(func(cmd *cobra.Command, _ []string) error {
		if c.cmds.Doctor == nil {
			return notBuiltIn()
		}
		found, err := c.cmds.Doctor(cmd.Context())
		if err != nil {
			return err
		}
		bad := 0
		p := &printer{w: c.Out}
		for _, f := range found {
			if f.Level == job.FindingFail {
				bad++
			}
			if asJSON {
				continue
			}
			p.line("%-4s  %s: %s", clean(string(f.Level)), clean(f.Name), clean(f.Text))
			if f.Hint != "" && f.Level != job.FindingOK {
				p.line("      hint: %s", clean(f.Hint))
			}
		}
		if asJSON {
			if err := c.printValue(values[job.Finding](found)); err != nil {
				return err
			}
		}
		switch {
		case p.err != nil:
			return p.err
		case bad > 0:
			return errSaid
		}
		return nil
	})
	return cmd
}

func (c *console) openAPI() *cobra.Command {
	return &cobra.Command{
		Use:   "openapi",
		Short: "Print the schema of the HTTP API",
		Long: `Prints the OpenAPI 3.1 document of the HTTP API, the same that a server has at
/openapi.json.`,
		Example: `  sluice openapi > openapi.json`,
		Args:    noArgs,
		RunE: run(func(*cobra.Command, []string) error {
			if c.cmds.OpenAPI == nil {
				return notBuiltIn()
			}
			body, err := c.cmds.OpenAPI()
			if err != nil {
				return err
			}
			return c.printRaw(body)
		}),
	}
}

func (c *console) version() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long:  `Prints the version of this program; --json adds what it was built with and for.`,
		Example: `  sluice version
  sluice version --json`,
		Args: noArgs,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = run(func(*cobra.Command, []string) error {
		if !asJSON {
			_, err := fmt.Fprintf(c.Out, "sluice %s\n", c.cmds.Version)
			return err
		}
		body, err := json.Marshal(map[string]string{
			"version": c.cmds.Version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
		})
		if err != nil {
			return fmt.Errorf("write json: %w", err)
		}
		return c.printRaw(body)
	})
	return cmd
}

func (c *console) completion() *cobra.Command {
	shells := map[string]func(*cobra.Command, io.Writer) error{
		"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"zsh":        func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) },
		"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
		"powershell": func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) },
	}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the completion script of a shell",
		Long: `Prints a script that lets a shell complete commands, flags, ids of jobs and names
of models. The shells are bash, zsh, fish and powershell.`,
		Example: `  source <(sluice completion bash)
  sluice completion zsh > "${fpath[1]}/_sluice"
  sluice completion fish > ~/.config/fish/completions/sluice.fish
  sluice completion powershell | Out-String | Invoke-Expression`,
		Args:      oneArg("SHELL"),
		ValidArgs: []cobra.Completion{"bash", "zsh", "fish", "powershell"},
		RunE: run(func(cmd *cobra.Command, args []string) error {
			write, ok := shells[args[0]]
			if !ok {
				return usagef("There is no completion for %q: choose bash, zsh, fish or powershell.", clean(args[0]))
			}
			return write(cmd.Root(), c.Out)
		}),
	}
}
