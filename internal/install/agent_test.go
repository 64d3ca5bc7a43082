package install_test

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"howett.net/plist"

	"sluice/internal/install"
)

func TestWhatLaunchdReads(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	app := filepath.Join(home, "Applications & more", "Sluice.app")
	bare := filepath.Join(home, "go", "bin", "sluice")
	want := map[string]any{
		"Label": "io.github.sluice-app.Sluice", "RunAtLoad": true,
		"LimitLoadToSessionType": "Aqua", "ProcessType": "Interactive",
	}
	tests := map[string]struct {
		program string
		args    []any
		bundles any
	}{
		"an app is opened as one": {
			filepath.Join(app, inBundle),
			[]any{"/usr/bin/open", "-g", "-a", app, "--args", "desktop", "--hidden"},
			[]any{"io.github.sluice-app.Sluice"},
		},
		"a program is run": {bare, []any{bare, "desktop", "--hidden"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := host{system: "darwin", home: t.TempDir(), prog: tt.program}
			h.set(t, true)
			want := cloned(want)
			want["ProgramArguments"] = tt.args
			if tt.bundles != nil {
				want["AssociatedBundleIdentifiers"] = tt.bundles
			}
			file := filepath.Join(h.home, "Library/LaunchAgents/io.github.sluice-app.Sluice.plist")
			if diff := cmp.Diff(want, dictionary(t, read(t, file))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Others write property lists too: System Settings, plutil, people.
func TestWhatAnAgentMeans(t *testing.T) {
	t.Parallel()
	mac := t.TempDir()
	app := filepath.Join(mac, "Sluice.app")
	prog := program(t, app, inBundle)
	open := []string{"/usr/bin/open", "-g", "-a", app, "--args", "desktop", "--hidden"}
	type agent = map[string]any
	tests := map[string]struct {
		agent  agent
		format int
		want   install.LoginState
	}{
		"ours":                        {agent{"ProgramArguments": open, "RunAtLoad": true}, plist.XMLFormat, on()},
		"in the binary form":          {agent{"ProgramArguments": open, "RunAtLoad": true}, plist.BinaryFormat, on()},
		"in the form of NeXT":         {agent{"ProgramArguments": open, "RunAtLoad": "YES"}, plist.OpenStepFormat, noted(install.NoteStrange)},
		"with other arguments":        {agent{"ProgramArguments": []string{"/usr/bin/open", "-a", app}, "RunAtLoad": true}, plist.XMLFormat, on()},
		"it is disabled":              {agent{"ProgramArguments": open, "RunAtLoad": true, "Disabled": true}, plist.XMLFormat, noted(install.NoteBarred)},
		"it waits to be asked":        {agent{"ProgramArguments": open}, plist.XMLFormat, noted(install.NoteBarred)},
		"the program itself":          {agent{"ProgramArguments": []string{prog, "desktop"}, "RunAtLoad": true}, plist.XMLFormat, on()},
		"another app":                 {agent{"ProgramArguments": []string{"/usr/bin/open", "-a", "/Applications/Sluice.app"}, "RunAtLoad": true}, plist.XMLFormat, noted(install.NoteOther)},
		"its name as an argument":     {agent{"ProgramArguments": []string{"/usr/bin/open", "--args", "-a", app}, "RunAtLoad": true}, plist.XMLFormat, noted(install.NoteOther)},
		"open without an app":         {agent{"ProgramArguments": []string{"/usr/bin/open", "-a"}, "RunAtLoad": true}, plist.XMLFormat, noted(install.NoteOther)},
		"a program beside arguments":  {agent{"Program": "/bin/false", "ProgramArguments": open, "RunAtLoad": true}, plist.XMLFormat, noted(install.NoteOther)},
		"nothing to start":            {agent{"RunAtLoad": true}, plist.XMLFormat, noted(install.NoteStrange)},
		"arguments that are numbers":  {agent{"ProgramArguments": []int{1}, "RunAtLoad": true}, plist.XMLFormat, noted(install.NoteStrange)},
		"arguments that are one text": {agent{"ProgramArguments": app, "RunAtLoad": true}, plist.XMLFormat, noted(install.NoteStrange)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := host{system: "darwin", home: t.TempDir(), prog: prog}
			text, err := plist.Marshal(tt.agent, tt.format)
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(h.home, "Library/LaunchAgents/io.github.sluice-app.Sluice.plist"), string(text))
			h.wantState(t, tt.want)
			h.set(t, true)
			h.wantState(t, on())
		})
	}
}

func cloned(m map[string]any) map[string]any {
	c := map[string]any{}
	for k, v := range m {
		c[k] = v
	}
	return c
}

// arguments are what an entry starts, read by the rules of its format alone.
func arguments(t *testing.T, file string) []string {
	t.Helper()
	text := read(t, file)
	if strings.HasSuffix(file, ".desktop") {
		_, line, _ := strings.Cut(text, "\nExec=")
		line, _, _ = strings.Cut(line, "\n")
		return desktopArguments(line)
	}
	list, _ := dictionary(t, text)["ProgramArguments"].([]any)
	var args []string
	for _, v := range list {
		s, _ := v.(string)
		args = append(args, s)
	}
	return args
}

func within(args []string, want string) bool { return slices.Contains(args, want) }

// dictionary reads what a property list holds, without the library that wrote it.
func dictionary(t *testing.T, text string) map[string]any {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	var stack []any // *[]any and map[string]any, the innermost last
	var key string
	var chars strings.Builder
	add := func(v any) {
		switch top := stack[len(stack)-1].(type) {
		case *[]any:
			*top = append(*top, v)
		case map[string]any:
			if _, twice := top[key]; twice {
				t.Errorf("%s stands there twice", key)
			}
			top[key] = v
		}
	}
	keys := []string{}
	for {
		tok, err := d.Token()
		if err != nil {
			t.Fatalf("no dictionary in %s: %v", text, err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			chars.Reset()
			switch tok.Name.Local {
			case "dict":
				stack, keys = append(stack, map[string]any{}), append(keys, key)
			case "array":
				stack, keys = append(stack, &[]any{}), append(keys, key)
			}
		case xml.CharData:
			chars.Write(tok)
		case xml.EndElement:
			switch tok.Name.Local {
			case "key":
				key = chars.String()
			case "string":
				add(chars.String())
			case "true", "false":
				add(tok.Name.Local == "true")
			case "array", "dict":
				top := stack[len(stack)-1]
				stack, key, keys = stack[:len(stack)-1], keys[len(keys)-1], keys[:len(keys)-1]
				if list, ok := top.(*[]any); ok {
					top = *list
				}
				if len(stack) == 0 {
					m, _ := top.(map[string]any)
					return m
				}
				add(top)
			case "plist":
			default:
				t.Errorf("a %s was not expected", tok.Name.Local)
			}
		}
	}
}

func FuzzAgent(f *testing.F) {
	f.Add([]byte(`<plist version="1.0"><dict><key>ProgramArguments</key><array><string>/a</string></array><key>RunAtLoad</key><true/></dict></plist>`))
	f.Add([]byte("bplist00\xd1\x01\x02"))
	f.Add([]byte(`{ProgramArguments=("/a");}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		h := host{system: "darwin", home: t.TempDir(), prog: "/Applications/Sluice.app/" + inBundle}
		file := filepath.Join(h.home, "Library/LaunchAgents/io.github.sluice-app.Sluice.plist")
		write(t, file, string(text))
		if _, err := h.login().State(); err != nil {
			t.Fatal(err)
		}
		h.set(t, true)
		h.wantState(t, on())
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	})
}
