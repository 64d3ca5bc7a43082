package settings

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// others are SLUICE_ variables that are read elsewhere and are no settings.
func others() []string { return []string{"SLUICE_HOME", "SLUICE_SERVER", "SLUICE_SHARED"} }

// environ turns "NAME=value" into a map; the last one wins, as in a shell.
func environ(list []string) map[string]string {
	env := make(map[string]string, len(list))
	for _, v := range list {
		if name, text, ok := strings.Cut(v, "="); ok {
			env[name] = text
		}
	}
	return env
}

// env applies SLUICE_ variables. An empty one is not set: that is what scripts
// and compose files pass on for "nothing". An unknown one is only noted, since
// it may be meant for something that Sluice is started by.
func (l *loader) env(env map[string]string) {
	known := others()
	for _, k := range l.keys {
		known = append(known, k.Env())
		text := env[k.Env()]
		if text == "" {
			continue
		}
		l.set(k, loose(text), FromEnv, place{what: "the environment variable " + k.Env()})
	}
	var notes []string
	for name := range env {
		if strings.HasPrefix(name, "SLUICE_") && !slices.Contains(known, name) {
			notes = append(notes, fmt.Sprintf("the environment variable %s is no setting and was left out", name))
		}
	}
	sort.Strings(notes)
	l.s.Notes = append(l.s.Notes, notes...)
}
