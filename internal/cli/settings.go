package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"
)

// setting is what the command line shows of one.
type setting struct {
	Key     string          `json:"key"`
	Value   json.RawMessage `json:"value"`
	Origin  string          `json:"origin"`
	Detail  string          `json:"origin_detail"`
	Secret  bool            `json:"secret"`
	Set     bool            `json:"set"`
	Restart bool            `json:"restart"`
	Pending bool            `json:"pending"`
}

type settingList struct {
	Settings []setting `json:"settings"`
	File     string    `json:"file"`
	Overlay  string    `json:"overlay"`
}

func (c *console) settings() *cobra.Command {
	cmd := c.listSettings(&cobra.Command{
		Use:   "settings",
		Short: "Show or change the settings of a running server",
		Long: `Shows every setting of the server with its value and where that comes from: the
default, settings.toml, what was set here or in the page, the environment or the
command line. 'sluice settings set' changes one and 'unset' takes that back.`,
		Example: `  sluice settings
  sluice settings list --json
  sluice settings set speech.language ko
  sluice settings unset speech.language`,
	})
	cmd.AddCommand(c.listSettings(&cobra.Command{
		Use:   "list",
		Short: "Show every setting",
		Long:  `Shows every setting of the server with its value and where that comes from.`,
		Example: `  sluice settings list
  sluice settings list --json`,
	}), c.setSetting(), c.unsetSetting())
	return cmd
}

// listSettings makes a command that shows them all.
func (c *console) listSettings(cmd *cobra.Command) *cobra.Command {
	var asJSON bool
	cmd.Args = noArgs
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, _ []string) error {
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		raw, list, err := s.settings(cmd.Context())
		if err != nil {
			return err
		}
		p := &printer{w: c.Out}
		if asJSON {
			p.line("%s", compact(raw))
			return p.err
		}
		list.print(p)
		return p.err
	})
	return cmd
}

func (c *console) setSetting() *cobra.Command {
	return c.changeSetting(&cobra.Command{
		Use:   "set KEY VALUE",
		Short: "Change a setting",
		Long: `Changes a setting. The value is written as in the environment: lists with commas,
folders with a colon between them, sizes like 10GB, times like 90s. It is kept in
the file settings.ui.toml beside settings.toml, which is left alone. What runs
programs, opens doors or holds secrets is set in settings.toml only.`,
		Example: `  sluice settings set speech.beam_size 3
  sluice settings set defaults.translate_to ko,de
  sluice settings set uploads.max 100GB`,
		Args: keyAndValue,
	}, func(args []string) any { return args[1] })
}

func (c *console) unsetSetting() *cobra.Command {
	return c.changeSetting(&cobra.Command{
		Use:   "unset KEY",
		Short: "Take a change of a setting back",
		Long: `Takes back what was set with 'sluice settings set' or in the page. What
settings.toml says holds then, or the default.`,
		Example: `  sluice settings unset speech.beam_size`,
		Args:    oneArg("KEY"),
	}, func([]string) any { return nil })
}

// keyAndValue asks for both.
func keyAndValue(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return needs(cmd, "KEY")
	case len(args) == 1:
		return needs(cmd, "VALUE")
	case len(args) > 2:
		return usagef("'%s' takes one KEY and one VALUE; %q is too many. Quote a value that has spaces.", cmd.CommandPath(), clean(args[2]))
	}
	return nil
}

// changeSetting makes a command that sends a value for the key it is given.
func (c *console) changeSetting(cmd *cobra.Command, value func(args []string) any) *cobra.Command {
	var asJSON bool
	cmd.Flags().BoolVar(&asJSON, "json", false, "print all settings as JSON")
	address := serverFlag(cmd)
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return c.settingKeys(cmd.Context(), *address), cobra.ShellCompDirectiveNoFileComp
	}
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		raw, err := s.call(cmd.Context(), http.MethodPut, "/api/v1/settings", map[string]any{
			"changes": map[string]any{args[0]: value(args)},
		}, nil)
		if err != nil {
			return err
		}
		p := &printer{w: c.Out}
		if asJSON {
			p.line("%s", compact(raw))
			return p.err
		}
		var list settingList
		if err := s.decode(raw, &list); err != nil {
			return err
		}
		for _, now := range list.Settings {
			if now.Key == args[0] {
				p.line("%s", now)
				if now.Pending {
					c.note("It takes effect when Sluice is started again.")
				}
			}
		}
		return p.err
	})
	return cmd
}

// settingKeys are what a shell completes.
func (c *console) settingKeys(ctx context.Context, address string) []cobra.Completion {
	s, err := c.client(address)
	if err != nil {
		return nil
	}
	defer s.close()
	_, list, err := s.settings(ctx)
	if err != nil {
		return nil
	}
	keys := make([]cobra.Completion, 0, len(list.Settings))
	for _, one := range list.Settings {
		keys = append(keys, cobra.CompletionWithDesc(one.Key, one.value()))
	}
	return keys
}

func (s *client) settings(ctx context.Context) (raw []byte, list settingList, err error) {
	raw, err = s.call(ctx, http.MethodGet, "/api/v1/settings", nil, nil)
	if err == nil {
		err = s.decode(raw, &list)
	}
	return raw, list, err
}

func (l settingList) print(p *printer) {
	wide := 0
	for _, s := range l.Settings {
		wide = max(wide, len(s.Key))
	}
	for _, s := range l.Settings {
		line := fmt.Sprintf("%-*s  %s", wide, s.Key, s.value())
		if from := s.from(); from != "" {
			line += "  (" + from + ")"
		}
		p.line("%s", line)
	}
	p.line("")
	p.line("Yours: %s. Set here or in the page: %s.", clean(l.File), clean(l.Overlay))
}

// String is a setting as one line of a file.
func (s setting) String() string {
	line := s.Key + " = " + s.value()
	if from := s.from(); from != "" {
		line += "  (" + from + ")"
	}
	return line
}

// value is what is set, in one line.
func (s setting) value() string {
	var v any
	if s.Secret {
		if s.Set {
			return "set"
		}
		return "not set"
	}
	if err := json.Unmarshal(s.Value, &v); err != nil {
		return clean(string(s.Value))
	}
	switch v := v.(type) {
	case string:
		if v == "" {
			return `""`
		}
		return clean(strings.ReplaceAll(v, "\n", " "))
	case []any:
		texts := make([]string, len(v))
		for i, one := range v {
			texts[i] = clean(fmt.Sprint(one))
		}
		return "[" + strings.Join(texts, ", ") + "]"
	}
	return clean(string(s.Value))
}

// from says where the value comes from; "" = it is the default.
func (s setting) from() string {
	var said []string
	switch s.Origin {
	case "default":
	case "overlay":
		said = append(said, "set here")
	default:
		said = append(said, clean(s.Detail))
	}
	if s.Pending {
		said = append(said, "with the next start")
	}
	return strings.Join(said, "; ")
}
