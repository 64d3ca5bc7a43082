package settings_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/settings"
)

// desk is a book over one user's files.
type desk struct {
	*settings.Book
	options settings.Options
	told    int
}

func (u user) book(t *testing.T) *desk {
	t.Helper()
	d := &desk{options: u.options(t)}
	s, err := settings.Load(d.options)
	if err != nil {
		t.Fatal(err)
	}
	d.Book = settings.NewBook(s, d.options, settings.BookConfig{
		Check: func(s *settings.Settings) error {
			if s.Speech.Language == "zz" {
				return fault.New(fault.SettingInvalid, "speech.language: nobody speaks zz.", nil)
			}
			return nil
		},
		Changed: func() { d.told++ },
	})
	return d
}

func (d *desk) path(name string) string {
	return filepath.Join(d.options.Home, ".config/sluice", name)
}

func (d *desk) text(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(d.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func (d *desk) set(t *testing.T, changes string) error {
	t.Helper()
	return d.Change(t.Context(), raw(t, changes), false)
}

func raw(t *testing.T, changes string) map[string]json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(changes), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func (d *desk) entry(t *testing.T, key string) settings.Entry {
	t.Helper()
	for _, e := range d.List().Entries {
		if e.Name == key {
			return e
		}
	}
	t.Fatalf("no entry %s", key)
	return settings.Entry{}
}

func TestEveryKeyIsListedWithItsKindAndItsDefault(t *testing.T) {
	t.Parallel()
	entries := user{}.book(t).List().Entries
	if len(entries) != len(settings.Keys()) {
		t.Fatalf("%d of %d keys", len(entries), len(settings.Keys()))
	}
	for _, e := range entries {
		if e.Origin != settings.FromDefault || e.Detail != "" || e.Pending {
			t.Errorf("%s: %s %q, pending %v", e.Name, e.Origin, e.Detail, e.Pending)
		}
		if e.Secret != (e.Value == nil) || e.Secret != (e.Kind == settings.KindSecret) {
			t.Errorf("%s is a %s and shows %s", e.Name, e.Kind, e.Value)
		}
		if e.Name != "models.dir" && !e.Secret && string(e.Value) != string(e.Default) {
			t.Errorf("%s is %s, not its default %s", e.Name, e.Value, e.Default)
		}
		if e.Kind == settings.KindChoice && len(e.Choices) == 0 {
			t.Errorf("%s has no choices", e.Name)
		}
	}
	got := map[string]string{}
	for _, e := range entries {
		got[e.Name] = string(e.Kind) + " " + string(e.Default)
	}
	for key, want := range map[string]string{
		"server.listen": `text "127.0.0.1:7584"`, "server.token": `secret ""`, "server.roots": "paths []", "speech.beam_size": "number 5",
		"speech.words": "switch false", "models.dir": `path ""`, "translate.register": `choice ""`, "export.formats": `list ["srt","txt"]`,
		"uploads.max": `size "50GB"`, "watch.settle": `duration "10s"`,
	} {
		if got[key] != want {
			t.Errorf("%s is a %s, not a %s", key, got[key], want)
		}
	}
}

func TestAValueSaysWhereItIsWritten(t *testing.T) {
	t.Parallel()
	d := user{
		file: "[speech]\n# a comment\nbeam_size = 3\n", overlay: "[speech]\nwords = true\n",
		env: []string{"SLUICE_DISK_MIN_FREE=1GB"}, flags: map[string]string{"server.listen": "127.0.0.1:1"},
	}.book(t)
	tests := map[string]struct {
		origin  settings.Origin
		detail  string
		trusted settings.Lock
		lock    settings.Lock
	}{
		"speech.beam_size": {settings.FromFile, "settings.toml, line 3", "", ""},
		"speech.words":     {settings.FromOverlay, "settings.ui.toml, line 2", "", ""},
		"disk.min_free":    {settings.FromEnv, "the environment variable SLUICE_DISK_MIN_FREE", settings.LockEnv, settings.LockEnv},
		"server.listen":    {settings.FromFlag, "the command line", settings.LockFlag, settings.LockFlag},
		"server.token":     {settings.FromDefault, "", "", settings.LockDoor},
	}
	for key, tt := range tests {
		e := d.entry(t, key)
		if e.Origin != tt.origin || e.Detail != tt.detail || e.Lock(true) != tt.trusted || e.Lock(false) != tt.lock {
			t.Errorf("%s: %s, %q, %q, %q", key, e.Origin, e.Detail, e.Lock(true), e.Lock(false))
		}
	}
	if l := d.List(); l.File != "~/.config/sluice/settings.toml" || l.Overlay != "~/.config/sluice/settings.ui.toml" {
		t.Errorf("%s and %s", l.File, l.Overlay)
	}
}

func TestAChangeIsWrittenBesideTheUsersFileAndTakesEffect(t *testing.T) {
	t.Parallel()
	const file = "# mine\n[speech]\nlanguage = \"ko\"\n"
	d := user{file: file, overlay: "mood = \"calm\"\n"}.book(t)
	err := d.set(t, `{"speech.language":"en","speech.beam_size":2,"export.formats":["md","srt"],"uploads.max":"7 GB","watch.settle":"90s","disk.min_free":"3GB"}`)
	if err != nil {
		t.Fatal(err)
	}
	want := `# What was set in Sluice's own pages. It wins over settings.toml beside it.
mood = 'calm'

[disk]
min_free = '3GB'

[export]
formats = ['md', 'srt']

[speech]
beam_size = 2
language = 'en'

[uploads]
max = '7GB'

[watch]
settle = '1m30s'
`
	if diff := cmp.Diff(want, d.text(t, "settings.ui.toml")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := d.text(t, "settings.toml"); got != file {
		t.Errorf("the user's file was written to: %s", got)
	}
	fi, err := os.Stat(d.path("settings.ui.toml"))
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v %v: it may hold secrets", fi.Mode(), err)
	}
	now := d.Now()
	if now.Speech.Language != "en" || now.Speech.BeamSize != 2 || now.Uploads.Max != 7e9 {
		t.Errorf("not in force: %+v", now)
	}
	if now.Disk.MinFree != 2e9 {
		t.Error("what needs a start has come into force without one")
	}
	if e := d.entry(t, "disk.min_free"); !e.Pending || string(e.Value) != `"3GB"` {
		t.Errorf("%s, pending %v", e.Value, e.Pending)
	}
	if e := d.entry(t, "speech.language"); e.Pending || e.Origin != settings.FromOverlay {
		t.Errorf("%s, pending %v", e.Origin, e.Pending)
	}
	if d.told != 1 {
		t.Errorf("told %d times of one change", d.told)
	}
	// The next start reads the same.
	again, err := settings.Load(d.options)
	if err != nil || again.Disk.MinFree != 3e9 || again.Speech.Language != "en" {
		t.Errorf("%+v, %v", again, err)
	}
	if err := d.set(t, `{"speech.language":null,"disk.min_free":null,"uploads.max":null}`); err != nil {
		t.Fatal(err)
	}
	if e := d.entry(t, "speech.language"); string(e.Value) != `"ko"` || e.Origin != settings.FromFile {
		t.Errorf("taken back, it is %s from %s", e.Value, e.Origin)
	}
	if got := d.text(t, "settings.ui.toml"); strings.Contains(got, "disk") || strings.Contains(got, "uploads") {
		t.Errorf("an empty table stays:\n%s", got)
	}
}

func TestTextIsUnderstoodAsTheEnvironmentHasIt(t *testing.T) {
	t.Parallel()
	d := user{}.book(t)
	err := d.Change(t.Context(), raw(t, `{"speech.beam_size":"3","speech.words":"on","defaults.translate_to":"ko,de","watch.folders":"~/a:/b"}`), true)
	if err != nil {
		t.Fatal(err)
	}
	now := d.Now()
	if now.Speech.BeamSize != 3 || !now.Speech.Words || len(now.Defaults.TranslateTo) != 2 {
		t.Errorf("%+v %+v", now.Speech, now.Defaults)
	}
	if diff := cmp.Diff([]string{d.options.Home + "/a", "/b"}, now.Watch.Folders); diff != "" {
		t.Error(diff)
	}
}

func TestAChangeIsAllOrNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		changes string
		keys    string // whose values are wrong
		code    fault.Code
	}{
		"two wrong values are both named": {
			`{"speech.words":true,"speech.beam_size":9,"uploads.max":"lots"}`, "speech.beam_size uploads.max", fault.SettingInvalid,
		},
		"a fraction":                    {`{"speech.beam_size":1.5}`, "speech.beam_size", fault.SettingInvalid},
		"a list of numbers":             {`{"export.formats":[1]}`, "export.formats", fault.SettingInvalid},
		"a number for a switch":         {`{"speech.words":1}`, "speech.words", fault.SettingInvalid},
		"a key that is none":            {`{"speech.mood":"calm"}`, "speech.mood", fault.SettingInvalid},
		"what Sluice cannot start with": {`{"speech.words":true,"speech.language":"zz"}`, "speech.language", fault.SettingInvalid},
		"a door":                        {`{"speech.words":true,"server.listen":"127.0.0.1:1"}`, "", fault.SettingLocked},
		"what the environment sets":     {`{"speech.prompt":"x"}`, "", fault.SettingLocked},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := user{env: []string{"SLUICE_SPEECH_PROMPT=y"}}.book(t)
			err := d.set(t, tt.changes)
			if !fault.Is(err, tt.code) {
				t.Fatalf("%v", err)
			}
			var wrong *settings.Wrong
			var keys []string
			if errors.As(err, &wrong) {
				for _, w := range wrong.Keys {
					keys = append(keys, w.Key)
				}
			}
			if got := strings.Join(keys, " "); got != tt.keys {
				t.Errorf("blames %q, not %q", got, tt.keys)
			}
			if _, err := os.Stat(d.path("settings.ui.toml")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("something was written: %v", err)
			}
			if d.Now().Speech.Words || d.told > 0 {
				t.Error("a half of it is in force")
			}
		})
	}
}

func TestADoorIsOpenToTheUserAtTheMachine(t *testing.T) {
	t.Parallel()
	d := user{}.book(t)
	if err := d.Change(t.Context(), raw(t, `{"server.token":"a-secret","server.listen":"0.0.0.0:7584"}`), true); err != nil {
		t.Fatal(err)
	}
	e := d.entry(t, "server.token")
	if !e.Set || !e.Pending || e.Value != nil {
		t.Errorf("a secret: %+v", e)
	}
	// Without its token that address is one that Sluice does not start with.
	if err := d.Change(t.Context(), raw(t, `{"server.token":null}`), true); !fault.Is(err, fault.SettingInvalid) {
		t.Errorf("%v", err)
	}
}

func TestADamagedOverlayIsNoReasonToDie(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ overlay, note string }{
		"no TOML at all": {
			"[speech]\nwords = \n",
			"settings.ui.toml, line 2: this is not TOML, and nothing in the file counts; the next change in the window puts it aside as settings.ui.toml.damaged",
		},
		"a wrong value": {"[speech]\nbeam_size = 99\n", `settings.ui.toml, line 2: speech.beam_size needs a whole number from 1 to 8, not "99" and was left out`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := user{file: "[speech]\nbeam_size = 3\n", overlay: tt.overlay}.book(t)
			if diff := cmp.Diff([]string{tt.note}, d.Now().Notes); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if e := d.entry(t, "speech.beam_size"); string(e.Value) != "3" || e.Origin != settings.FromFile {
				t.Errorf("%s from %s: what the user wrote does not hold", e.Value, e.Origin)
			}
			if err := d.set(t, `{"speech.words":true}`); err != nil {
				t.Fatal(err)
			}
			if !d.Now().Speech.Words {
				t.Error("it cannot be changed")
			}
			if name == "no TOML at all" && d.text(t, "settings.ui.toml.damaged") != tt.overlay {
				t.Error("it was not kept")
			}
		})
	}
}

func TestAFileThatIsBeingEditedHidesNothing(t *testing.T) {
	t.Parallel()
	d := user{file: "[speech]\nbeam_size = 3\n"}.book(t)
	if err := os.WriteFile(d.path("settings.toml"), []byte("[speech]\nbeam_size = 4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if e := d.entry(t, "speech.beam_size"); string(e.Value) != "4" || !e.Pending {
		t.Errorf("%s, pending %v", e.Value, e.Pending)
	}
	if err := os.WriteFile(d.path("settings.toml"), []byte("[speech\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if e := d.entry(t, "speech.beam_size"); string(e.Value) != "3" {
		t.Errorf("%s", e.Value)
	}
	if err := d.set(t, `{"speech.words":true}`); !fault.Is(err, fault.SettingInvalid) || !strings.Contains(err.Error(), "settings.toml, line 1") {
		t.Errorf("%v", err)
	}
}

func TestManyWritersLoseNothing(t *testing.T) {
	t.Parallel()
	d := user{}.book(t)
	keys := []string{"speech.words", "defaults.summarize", "watch.recursive", "watch.existing", "power.only_on_ac", "models.auto_download"}
	var wg sync.WaitGroup
	for _, key := range keys {
		wg.Go(func() {
			if err := d.Change(t.Context(), map[string]json.RawMessage{key: json.RawMessage("true")}, false); err != nil {
				t.Error(err)
			}
			_ = d.List()
		})
	}
	wg.Wait()
	for _, key := range keys {
		if e := d.entry(t, key); string(e.Value) != "true" {
			t.Errorf("%s was lost", key)
		}
	}
}

func TestAFolderThatCannotBeWrittenToIsSaid(t *testing.T) {
	t.Parallel()
	d := user{}.book(t)
	config := filepath.Dir(d.path("x"))
	if err := os.Remove(config); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte("no folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.set(t, `{"speech.words":true}`); err == nil {
		t.Error("nothing was said")
	}
	if d.Now().Speech.Words {
		t.Error("in force and not written")
	}
}

func FuzzAnOverlayIsAlwaysOneThatCanBeRead(f *testing.F) {
	f.Add("Sluice, Seoul.", "[speech]\nwords = true\n")
	f.Add("\x07\x7f\"'''\\", "")
	f.Add("a\nb", "not TOML")
	f.Fuzz(func(t *testing.T, prompt, overlay string) {
		d := user{overlay: overlay}.book(t)
		text, err := json.Marshal(prompt)
		if err != nil {
			t.Skip(err)
		}
		if err := d.Change(t.Context(), map[string]json.RawMessage{"speech.prompt": text}, false); err != nil {
			return
		}
		s, err := settings.Load(d.options)
		if err != nil {
			t.Fatal(err)
		}
		var want string
		_ = json.Unmarshal(text, &want)
		if s.Speech.Prompt != strings.TrimSpace(want) || len(s.Notes) > len(d.Now().Notes) {
			t.Errorf("%q became %q: %s", want, s.Speech.Prompt, fmt.Sprint(s.Notes))
		}
	})
}
