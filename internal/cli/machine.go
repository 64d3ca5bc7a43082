package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"
)

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
