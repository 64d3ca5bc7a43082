package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

func (c *console) serve() *cobra.Command {
	var o ServeOptions
	var set []string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the line and its HTTP API without a window",
		Long: `Runs the server: the line, its one worker, the HTTP API and the web page, until
Ctrl-C. What runs then is put back into the line and goes on at the next
start from where it was.

It listens on this machine only unless told otherwise, and beyond it only
with a token. A flag here goes before the environment and the settings file.`,
		Example: `  sluice serve
  sluice serve --listen 127.0.0.1:8080
  sluice serve --set speech.model=small`,
		Args: noArgs,
	}
	cmd.Flags().StringVar(&o.Listen, "listen", "", "`ADDRESS` to listen on, like 127.0.0.1:7584 (default: server.listen of the settings)")
	cmd.Flags().StringArrayVar(&set, "set", nil, "`KEY=VALUE` of a setting for this run; may be repeated")
	completeSettings(cmd, "set")
	cmd.RunE = run(func(cmd *cobra.Command, _ []string) error {
		settings, err := pairs("--set", set)
		if err != nil {
			return err
		}
		o.Settings = settings
		if c.cmds.Serve == nil {
			return notBuiltIn()
		}
		return c.cmds.Serve(cmd.Context(), o)
	})
	return cmd
}

// pairs reads repeated KEY=VALUE flags.
func pairs(flag string, given []string) (map[string]string, error) {
	var m map[string]string
	for _, s := range given {
		k, v, ok := strings.Cut(s, "=")
		if k = strings.TrimSpace(k); !ok || k == "" {
			return nil, usagef("%s takes KEY=VALUE; %q is none.", flag, clean(s))
		}
		if m == nil {
			m = make(map[string]string, len(given))
		}
		m[k] = v
	}
	return m, nil
}
