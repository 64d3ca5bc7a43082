package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/internal/job"
	"sluice/internal/settings"
)

// completeFirst offers values for the first argument only.
func (c *console) completeFirst(offer cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return offer(cmd, args, typed)
	}
}

// completeSpeech offers the speech models for a flag, and files beside them.
func (c *console) completeSpeech(cmd *cobra.Command, flag string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var names []cobra.Completion
		for _, m := range c.speechOffers(cmd) {
			if m.Installed || m.Catalog {
				names = append(names, cobra.CompletionWithDesc(clean(m.Name), stateOf(m)))
			}
		}
		return names, cobra.ShellCompDirectiveDefault
	})
}

// speechOffers are the models of the server that a command speaks to, or those
// of this machine. Nothing is said of what goes wrong: a shell asks.
func (c *console) speechOffers(cmd *cobra.Command) []job.Model {
	ctx, cancel := context.WithTimeout(cmd.Context(), findTimeout)
	defer cancel()
	if address := addressOf(cmd); address != "" || c.cmds.Models.List == nil {
		s, err := c.client(address)
		if err != nil {
			return nil
		}
		defer s.close()
		found, _ := s.models(ctx)
		return found
	}
	found, _ := c.cmds.Models.List(ctx)
	return found
}

// completeLLM offers the language models of the server for a flag.
func (c *console) completeLLM(cmd *cobra.Command, flag string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		s, err := c.client(addressOf(cmd))
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer s.close()
		ctx, cancel := context.WithTimeout(cmd.Context(), findTimeout)
		defer cancel()
		found, _ := s.languageModels(ctx)
		var names []cobra.Completion
		for _, m := range found {
			names = append(names, cobra.CompletionWithDesc(clean(m.Name), stateOfLanguage(m)))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
}

func addressOf(cmd *cobra.Command) string {
	address, _ := cmd.Flags().GetString("server")
	return address
}

// completeLanguages offers codes of languages for a flag; a list is completed
// behind its last comma.
func completeLanguages(cmd *cobra.Command, flag string, list bool, more ...cobra.Completion) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		before, how := "", cobra.ShellCompDirectiveNoFileComp
		if i := strings.LastIndexByte(typed, ','); list && i >= 0 {
			before = typed[:i+1]
		}
		if list {
			how |= cobra.ShellCompDirectiveNoSpace
		}
		offers := slices.Clone(more)
		for line := range strings.Lines(languageCodes) {
			code, name, _ := strings.Cut(strings.TrimSpace(line), " ")
			if !strings.Contains(","+before, ","+code+",") {
				offers = append(offers, cobra.CompletionWithDesc(before+code, name))
			}
		}
		return offers, how
	})
}

// completeSettings offers the keys of settings for a flag KEY=VALUE, and what a
// key can be where that is a closed list.
func completeSettings(cmd *cobra.Command, flag string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		name, _, inValue := strings.Cut(typed, "=")
		var offers []cobra.Completion
		for _, k := range settings.Keys() {
			switch {
			case !inValue:
				doc, _, _ := strings.Cut(k.Doc, ".")
				offers = append(offers, cobra.CompletionWithDesc(k.Name+"=", doc))
			case k.Name == name:
				for _, v := range k.Choices {
					offers = append(offers, name+"="+v)
				}
			}
		}
		if inValue {
			return offers, cobra.ShellCompDirectiveDefault
		}
		return offers, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
}

// languageCodes are those that the recogniser knows, the most spoken first.
const languageCodes = `en English
ko Korean
ja Japanese
zh Chinese
es Spanish
fr French
de German
pt Portuguese
it Italian
ru Russian
vi Vietnamese
id Indonesian
th Thai
hi Hindi
ar Arabic
tr Turkish
nl Dutch
pl Polish
sv Swedish
uk Ukrainian
cs Czech
da Danish
el Greek
fi Finnish
he Hebrew
hu Hungarian
no Norwegian
ro Romanian
bg Bulgarian
ca Catalan
hr Croatian
sk Slovak
sl Slovenian
sr Serbian
lt Lithuanian
lv Latvian
et Estonian
fa Persian
ms Malay
bn Bengali
ta Tamil
te Telugu
ur Urdu
tl Tagalog
sw Swahili
cy Welsh
is Icelandic
mn Mongolian
kk Kazakh
`
