package settings

import (
	"fmt"
	"io"
	"strings"
)

// WriteDefault writes a settings.toml with every key, its doc and its default,
// all commented out: what a new user starts from.
func WriteDefault(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Settings of Sluice. Every key shows its default: remove the # before it to\n" +
		"# set it. The variable SLUICE_SERVER_LISTEN wins over server.listen here, and\n" +
		"# so on for every key. Sizes are written \"10GB\" or \"512MiB\".\n")
	section := ""
	for _, k := range Keys() {
		group, name, _ := strings.Cut(k.Name, ".")
		if group != section {
			section = group
			fmt.Fprintf(&b, "\n[%s]\n", group)
		} else {
			b.WriteString("\n")
		}
		for _, line := range wrap(k.Doc, 78) {
			fmt.Fprintf(&b, "# %s\n", line)
		}
		f := k.field(&Settings{})
		if k.Example != "" {
			fmt.Fprintf(&b, "# Example: %s = %s\n", name, f.toml(k.Example))
		}
		fmt.Fprintf(&b, "#%s = %s\n", name, f.toml(k.Default))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// wrap breaks text into lines at spaces.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
