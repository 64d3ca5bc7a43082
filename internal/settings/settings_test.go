package settings_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/settings"
)

// user is one user's home with settings in it.
type user struct {
	file, overlay string
	env           []string
	flags         map[string]string
}

// options puts the files where Linux wants them. Environ is never nil, so that
// no test sees the environment of this process.
func (u user) options(t *testing.T) settings.Options {
	t.Helper()
	home := t.TempDir()
	config := filepath.Join(home, ".config", "sluice")
	if err := os.MkdirAll(config, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{"settings.toml": u.file, "settings.ui.toml": u.overlay} {
		if body == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(config, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return settings.Options{Home: home, OS: "linux", Environ: append([]string{}, u.env...), Flags: u.flags}
}

func (u user) load(t *testing.T) (*settings.Settings, error) {
	t.Helper()
	return settings.Load(u.options(t))
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	o := user{}.options(t)
	got, err := settings.Load(o)
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(o.Home, ".local/share/sluice")
	checks := map[string]struct{ got, want any }{
		"server":  {got.Server, settings.Server{Listen: "127.0.0.1:7584", Roots: []string{}, SyncTimeout: 10 * time.Minute}},
		"speech":  {got.Speech, settings.Speech{Language: "auto", BeamSize: 5}},
		"models":  {got.Models, settings.Models{Dir: filepath.Join(data, "models")}},
		"media":   {got.Media, settings.Media{}},
		"ollama":  {got.Ollama, settings.Ollama{Host: "http://127.0.0.1:11434", Start: true, WhenAway: "wait"}},
		"wishes":  {got.Defaults, settings.Defaults{TranslateTo: []string{}}},
		"summary": {got.Summary, settings.Summary{Template: "general"}},
		"webhook": {got.Webhook, settings.Webhook{Allow: []string{}}},
		"export":  {got.Export, settings.Export{Name: "{title}.{language}", Formats: []string{"srt", "txt"}}},
		"memory":  {got.Memory, settings.Memory{}},
		"power":   {got.Power, settings.Power{}},
		"uploads": {got.Uploads, settings.Uploads{Max: 50_000_000_000}},
		"disk":    {got.Disk, settings.Disk{MinFree: 2_000_000_000}},
		"notes":   {len(got.Notes), 0},
	}
	for name, c := range checks {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, k := range settings.Keys() {
		if o := got.Origin(k.Name); o != settings.FromDefault {
			t.Errorf("%s comes from %q", k.Name, o)
		}
	}
}

func TestEachLayerWinsOverTheOnesBefore(t *testing.T) {
	t.Parallel()
	file := "[speech]\nlanguage = \"aa\"\n"
	overlay := "[speech]\nlanguage = \"bb\"\n"
	env := []string{"SLUICE_SPEECH_LANGUAGE=cc"}
	flags := map[string]string{"speech.language": "dd"}
	tests := map[string]struct {
		user   user
		want   string
		origin settings.Origin
	}{
		"nothing":                      {user{}, "auto", settings.FromDefault},
		"file":                         {user{file: file}, "aa", settings.FromFile},
		"overlay":                      {user{file: file, overlay: overlay}, "bb", settings.FromOverlay},
		"overlay without a file":       {user{overlay: overlay}, "bb", settings.FromOverlay},
		"environment":                  {user{file, overlay, env, nil}, "cc", settings.FromEnv},
		"flag":                         {user{file, overlay, env, flags}, "dd", settings.FromFlag},
		"flag alone":                   {user{flags: flags}, "dd", settings.FromFlag},
		"an empty variable is not set": {user{file: file, env: []string{"SLUICE_SPEECH_LANGUAGE="}}, "aa", settings.FromFile},
		"an empty flag would be a value, and here a wrong one is refused elsewhere": {
			user{file: file, env: env}, "cc", settings.FromEnv,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := tt.user.load(t)
			if err != nil {
				t.Fatal(err)
			}
			if s.Speech.Language != tt.want || s.Origin("speech.language") != tt.origin {
				t.Errorf("%q from %s, want %q from %s", s.Speech.Language, s.Origin("speech.language"), tt.want, tt.origin)
			}
			if o := s.Origin("speech.model"); o != settings.FromDefault {
				t.Errorf("a key nobody set comes from %s", o)
			}
		})
	}
}

// full sets every key to something that is not its default.
func full(home string) (file string, env []string, want map[string]string) {
	file = `
[server]
listen = "127.0.0.1:9000"
token = "s3cret-for-tests"
roots = ["~/Movies", "/srv/media/"]
sync_timeout = "90s"
[speech]
model = "small"
language = "KO"
beam_size = 1
threads = 4
words = true
prompt = "  Seoul, Kim Mina "
[models]
dir = "~/models"
url = "https://models.example.com/whisper/"
catalog = "~/models.json"
auto_download = true
[media]
ffmpeg = "/opt/bin/ffmpeg"
[ollama]
host = "studio.local"
model = "qwen3:8b"
context = 16384
start = false
path = "/opt/bin/ollama"
when_away = "finish"
[memory]
ceiling = "10GB"
script = "/tmp/pressure.ndjson"
[power]
only_on_ac = true
[uploads]
max = 5_000_000
[watch]
folders = ["~/Inbox", "/Volumes/NAS/new"]
recursive = true
existing = true
settle = "1m30s"
[fetch]
max = "3GB"
allow = ["nas.local", "192.168.0.0/24"]
[disk]
min_free = "1.5 GiB"
[defaults]
translate_to = ["KO", "zh-hant"]
summarize = true
[summary]
template = "lecture"
language = "ko"
[translate]
register = "polite"
glossary = "~/glossary.toml"
[webhook]
url = "https://example.com/in?key=1"
secret = "two words"
allow = ["127.0.0.1:3000"]
[export]
dir = "~/Texts"
name = "{date}/{title}"
formats = ["md"]
[notify]
about = "each"
[updates]
check = true
feed = "https://example.com/sluice/latest/"
`
	want = map[string]string{
		"server.listen": "127.0.0.1:9000", "server.token": "•••",
		"server.roots": home + "/Movies:/srv/media", "server.sync_timeout": "1m30s", "speech.model": "small",
		"speech.language": "ko", "speech.beam_size": "1", "speech.threads": "4", "speech.words": "true", "speech.prompt": "Seoul, Kim Mina",
		"models.dir": home + "/models", "models.url": "https://models.example.com/whisper",
		"models.catalog": home + "/models.json", "models.auto_download": "true",
		"media.ffmpeg": "/opt/bin/ffmpeg", "ollama.host": "http://studio.local:11434", "ollama.model": "qwen3:8b",
		"memory.ceiling": "10GB", "memory.script": "/tmp/pressure.ndjson", "power.only_on_ac": "true", "uploads.max": "5MB",
		"watch.folders": home + "/Inbox:/Volumes/NAS/new", "watch.recursive": "true", "watch.existing": "true", "watch.settle": "1m30s",
		"fetch.max": "3GB", "fetch.allow": "nas.local,192.168.0.0/24",
		"disk.min_free":  "1536MiB",
		"ollama.context": "16384", "ollama.start": "false", "ollama.path": "/opt/bin/ollama", "ollama.when_away": "finish",
		"defaults.translate_to": "ko,zh-hant", "defaults.summarize": "true", "summary.template": "lecture", "summary.language": "ko",
		"translate.register": "polite", "translate.glossary": home + "/glossary.toml",
		"webhook.url": "•••", "webhook.secret": "•••", "webhook.allow": "127.0.0.1:3000",
		"export.dir": home + "/Texts", "export.name": "{date}/{title}", "export.formats": "md",
		"notify.about": "each", "updates.check": "true", "updates.feed": "https://example.com/sluice/latest",
	}
	env = []string{
		"SLUICE_SERVER_LISTEN=127.0.0.1:9000", "SLUICE_SERVER_TOKEN=s3cret-for-tests",
		"SLUICE_SERVER_ROOTS=~/Movies:/srv/media", "SLUICE_SERVER_SYNC_TIMEOUT=90s", "SLUICE_SPEECH_MODEL=small", "SLUICE_SPEECH_LANGUAGE=ko",
		"SLUICE_SPEECH_BEAM_SIZE=1", "SLUICE_SPEECH_THREADS=4", "SLUICE_SPEECH_WORDS=yes", "SLUICE_SPEECH_PROMPT=Seoul, Kim Mina",
		"SLUICE_MODELS_DIR=~/models", "SLUICE_MODELS_URL=https://models.example.com/whisper",
		"SLUICE_MODELS_CATALOG=~/models.json", "SLUICE_MODELS_AUTO_DOWNLOAD=on",
		"SLUICE_MEDIA_FFMPEG=/opt/bin/ffmpeg", "SLUICE_OLLAMA_HOST=studio.local", "SLUICE_OLLAMA_MODEL=qwen3:8b",
		"SLUICE_POWER_ONLY_ON_AC=on", "SLUICE_MEMORY_CEILING=10 gb", "SLUICE_MEMORY_SCRIPT=/tmp/pressure.ndjson", "SLUICE_UPLOADS_MAX=5M",
		"SLUICE_WATCH_FOLDERS=~/Inbox:/Volumes/NAS/new", "SLUICE_WATCH_RECURSIVE=1", "SLUICE_WATCH_EXISTING=true", "SLUICE_WATCH_SETTLE=90s",
		"SLUICE_FETCH_MAX=3000000000", "SLUICE_FETCH_ALLOW=nas.local, 192.168.0.0/24,",
		"SLUICE_DISK_MIN_FREE=1610612736",
		"SLUICE_OLLAMA_CONTEXT=16384", "SLUICE_OLLAMA_START=off", "SLUICE_OLLAMA_PATH=/opt/bin/ollama", "SLUICE_OLLAMA_WHEN_AWAY=finish",
		"SLUICE_DEFAULTS_TRANSLATE_TO=ko, ZH-Hant", "SLUICE_DEFAULTS_SUMMARIZE=yes", "SLUICE_SUMMARY_TEMPLATE=lecture", "SLUICE_SUMMARY_LANGUAGE=KO",
		"SLUICE_TRANSLATE_REGISTER=polite", "SLUICE_TRANSLATE_GLOSSARY=~/glossary.toml",
		"SLUICE_WEBHOOK_URL=https://example.com/in?key=1", "SLUICE_WEBHOOK_SECRET=two words", "SLUICE_WEBHOOK_ALLOW=127.0.0.1:3000",
		"SLUICE_EXPORT_DIR=~/Texts", "SLUICE_EXPORT_NAME={date}/{title}", "SLUICE_EXPORT_FORMATS=md",
		"SLUICE_NOTIFY_ABOUT=each", "SLUICE_UPDATES_CHECK=on", "SLUICE_UPDATES_FEED=https://example.com/sluice/latest",
	}
	return file, env, want
}

func TestEveryKeyCanBeSetInTheFileAndInTheEnvironment(t *testing.T) {
	t.Parallel()
	for _, from := range []settings.Origin{settings.FromFile, settings.FromEnv} {
		t.Run(string(from), func(t *testing.T) {
			t.Parallel()
			o := user{}.options(t)
			file, env, want := full(o.Home)
			if from == settings.FromEnv {
				o.Environ = env
			} else if err := os.WriteFile(filepath.Join(o.Home, ".config/sluice/settings.toml"), []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := settings.Load(o)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, k := range settings.Keys() {
				if s.Origin(k.Name) != from {
					t.Errorf("%s comes from %s", k.Name, s.Origin(k.Name))
				}
				got[k.Name], _ = s.Value(k.Name)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if s.Server.Token != "s3cret-for-tests" {
				t.Error("the token itself is lost")
			}
		})
	}
}

func TestWrongFiles(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ file, say, hint string }{
		"an unknown key names its line": {
			"# mine\n\n[server]\nlistn = \"127.0.0.1:1\"\n",
			"settings.toml, line 4: server.listn is no setting.", "Did you mean server.listen?",
		},
		"an unknown key like no other": {
			"colour = \"red\"\n",
			"settings.toml, line 1: colour is no setting.", "Remove the line, or put # before it.",
		},
		"an unknown table": {
			"\n[redis]\nurl = \"redis://\"\n",
			"settings.toml, line 2: redis is no setting.", "Remove the line, or put # before it.",
		},
		"an unknown table without keys": {
			"[sever]\n",
			"settings.toml, line 1: sever is no setting.", "Remove the line, or put # before it.",
		},
		"a dotted key": {
			"speech.beam = 3\n",
			"settings.toml, line 1: speech.beam is no setting.", "Remove the line, or put # before it.",
		},
		"an inline table": {
			"memory = { cieling = \"1GB\" }\n",
			"settings.toml, line 1: memory.cieling is no setting.", "Did you mean memory.ceiling?",
		},
		"a key one level too deep": {
			"[server.listen]\nport = 1\n",
			"settings.toml, line 1: server.listen needs text, not something else.",
			`Write it like this: server.listen = "127.0.0.1:7584".`,
		},
		"the first of two wrong lines is told": {
			"[speech]\nwords = 1\nbeam_size = 99\n",
			"settings.toml, line 2: speech.words needs true or false, not a number.",
			"Write it like this: speech.words = false.",
		},
		"a number in quotes": {
			"[speech]\nbeam_size = \"5\"\n",
			"settings.toml, line 2: speech.beam_size needs a number, not text.",
			"Write it like this: speech.beam_size = 5.",
		},
		"a number out of range": {
			"[speech]\nbeam_size = 9\n",
			`settings.toml, line 2: speech.beam_size needs a whole number from 1 to 8, not "9".`,
			"Write it like this: speech.beam_size = 5.",
		},
		"a fraction where there is none": {
			"[speech]\nthreads = 1.5\n",
			`settings.toml, line 2: speech.threads needs a whole number from 0 to 64, not "1.5".`,
			"Write it like this: speech.threads = 0.",
		},
		"a forgotten unit": {
			"[memory]\nceiling = 10\n",
			`settings.toml, line 2: memory.ceiling is "10", and must be at least 256 MB.`,
			`Write it like this: memory.ceiling = "10GB".`,
		},
		"a size with a sign": {
			"[uploads]\nmax = -1\n",
			`settings.toml, line 2: uploads.max needs a size such as 10GB, not "-1".`,
			`Write it like this: uploads.max = "50GB".`,
		},
		"a switch for a size": {
			"[uploads]\nmax = true\n",
			"settings.toml, line 2: uploads.max needs a size, not true or false.",
			`Write it like this: uploads.max = "50GB".`,
		},
		"a word that is none of those it may be": {
			"[ollama]\nwhen_away = \"cry\"\n",
			"settings.toml, line 2: ollama.when_away needs one of wait, finish.",
			`Write it like this: ollama.when_away = "wait".`,
		},
		"a language that is no code": {
			"[defaults]\ntranslate_to = [\"Korean!\"]\n",
			"settings.toml, line 2: defaults.translate_to needs codes such as en, ko or zh-hant.",
			`Write it like this: defaults.translate_to = ["ko"].`,
		},
		"a webhook that is no address": {
			"[webhook]\nurl = \"ftp://secret@example.com\"\n",
			"settings.toml, line 2: webhook.url needs an address that starts with https:// or http://.",
			`Write it like this: webhook.url = "https://backend.example.com/transcripts".`,
		},
		"one path where a list is wanted": {
			"[server]\nroots = \"/srv\"\n",
			"settings.toml, line 2: server.roots needs a list of texts, not text.",
			`Write it like this: server.roots = ["~/Movies"].`,
		},
		"numbers in a list of paths": {
			"[server]\nroots = [1]\n",
			"settings.toml, line 2: server.roots needs a list of texts, not something else.",
			`Write it like this: server.roots = ["~/Movies"].`,
		},
		"a relative path": {
			"[models]\ndir = \"models\"\n",
			"settings.toml, line 2: models.dir needs a whole path that starts with / or ~/.",
			`Write it like this: models.dir = "/Volumes/Models".`,
		},
		"a path as the model": {
			"[speech]\nmodel = \"/tmp/x.bin\"\n",
			"settings.toml, line 2: speech.model is a name, not a path: put the file into models.dir and name it without its ending.",
			`Write it like this: speech.model = "large-v3-turbo-q5_0".`,
		},
		"a port that is none": {
			"[server]\nlisten = \"127.0.0.1:70000\"\n",
			"settings.toml, line 2: server.listen has no port between 0 and 65535.",
			`Write it like this: server.listen = "127.0.0.1:7584".`,
		},
		"a URL as the address": {
			"[server]\nlisten = \"http://127.0.0.1:7584\"\n",
			"settings.toml, line 2: server.listen needs an address and a port.",
			`Write it like this: server.listen = "127.0.0.1:7584".`,
		},
		"a mirror without a scheme": {
			"[models]\nurl = \"models.example.com\"\n",
			"settings.toml, line 2: models.url needs an address that starts with https:// or http://.",
			`Write it like this: models.url = "https://models.example.com/whisper".`,
		},
		"a password in the mirror's address is not repeated": {
			"[models]\nurl = \"https://ann:pw@models.example.com\"\n",
			"settings.toml, line 2: models.url may hold no password, ? or #.",
			`Write it like this: models.url = "https://models.example.com/whisper".`,
		},
		"a token is not repeated": {
			"[server]\ntoken = \"hunter 2\"\n",
			"settings.toml, line 2: server.token may hold only letters, digits and signs of ASCII, and no spaces.",
			`Write it like this: server.token = "auto".`,
		},
		"a password in Ollama's address is not repeated": {
			"[ollama]\nhost = \"http://ann:pw@studio.local:99999\"\n",
			"settings.toml, line 2: ollama.host may hold no user name and no password: Ollama asks for neither.",
			`Write it like this: ollama.host = "http://127.0.0.1:11434".`,
		},
		"a language model that is none": {
			"[ollama]\nmodel = \"gemma3 4b\"\n",
			"settings.toml, line 2: ollama.model needs a name as 'ollama list' shows it.",
			`Write it like this: ollama.model = "gemma3:4b".`,
		},
		"a language by its name": {
			"[speech]\nlanguage = \"korean\"\n",
			"settings.toml, line 2: speech.language needs a code of two or three letters, or auto.",
			`Write it like this: speech.language = "auto".`,
		},
		"an open door without a token": {
			"[server]\nlisten = \"0.0.0.0:7584\"\n",
			"server.listen opens 0.0.0.0:7584 to other machines, and there is no token.",
			`Set server.token to "auto" or a secret of your own, or listen on 127.0.0.1.`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := user{file: tt.file}.load(t)
			if !fault.Is(err, fault.SettingInvalid) {
				t.Fatalf("got %v, want setting_invalid", err)
			}
			f := fault.From(err)
			if diff := cmp.Diff([]string{tt.say, tt.hint}, []string{f.Say, f.Hint}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAFileThatIsNotTOMLNamesTheLine(t *testing.T) {
	t.Parallel()
	_, err := user{file: "[server]\nlisten = 127.0.0.1:7584\n"}.load(t)
	f := fault.From(err)
	if f.Code != fault.SettingInvalid || f.Say != "settings.toml, line 2: this is not TOML." || !strings.HasSuffix(f.Hint, ".") {
		t.Errorf("%+v", f)
	}
}

func TestWrongVariablesAndFlagsAreNamed(t *testing.T) {
	t.Parallel()
	_, err := user{env: []string{"SLUICE_SPEECH_BEAM_SIZE=many"}}.load(t)
	want := `the environment variable SLUICE_SPEECH_BEAM_SIZE: speech.beam_size needs a whole number from 1 to 8, not "many".`
	if f := fault.From(err); f.Say != want {
		t.Errorf("says %q", f.Say)
	}
	_, err = user{flags: map[string]string{"server.listen": "here"}}.load(t)
	if f := fault.From(err); f.Say != "the command line: server.listen needs an address and a port." {
		t.Errorf("says %q", f.Say)
	}
	if _, err = (user{flags: map[string]string{"no.such": "x"}}).load(t); err == nil {
		t.Error("a flag for no setting was taken")
	}
}

func TestUnknownVariablesAreNotedAndNoReasonToDie(t *testing.T) {
	t.Parallel()
	s, err := user{env: []string{
		"SLUICE_SERVER_LISTN=x", "SLUICE_BETA=1", "SLUICE_SERVER=http://127.0.0.1:1", "SLUICE_SHARED=/s", "WHISPER_SRC=/w", "PATH=/bin", "broken",
	}}.load(t)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"the environment variable SLUICE_BETA is no setting and was left out",
		"the environment variable SLUICE_SERVER_LISTN is no setting and was left out",
	}
	if diff := cmp.Diff(want, s.Notes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnOverlayFromANewerSluiceIsNoReasonToDie(t *testing.T) {
	t.Parallel()
	s, err := user{overlay: "[speech]\nmood = \"calm\"\nwords = true\n"}.load(t)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Speech.Words {
		t.Error("the key that is known was left out too")
	}
	want := []string{"settings.ui.toml, line 2: speech.mood is no setting here and was left out"}
	if diff := cmp.Diff(want, s.Notes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestANamedFileMustBeThere(t *testing.T) {
	t.Parallel()
	o := user{}.options(t)
	o.File = filepath.Join(o.Home, "other.toml")
	if _, err := settings.Load(o); !fault.Is(err, fault.SettingInvalid) {
		t.Fatalf("got %v", err)
	}
	for name, body := range map[string]string{"other.toml": "speech.words = true\n", "other.ui.toml": "speech.beam_size = 2\n"} {
		if err := os.WriteFile(filepath.Join(o.Home, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := settings.Load(o)
	if err != nil || !s.Speech.Words || s.Speech.BeamSize != 2 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAFileThatCannotBeASettingsFile(t *testing.T) {
	t.Parallel()
	o := user{}.options(t)
	o.File = filepath.Join(o.Home, "big.toml")
	if err := os.WriteFile(o.File, bytes.Repeat([]byte("#\n"), 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := settings.Load(o); !fault.Is(err, fault.SettingInvalid) {
		t.Errorf("a file of 2 MiB: %v", err)
	}
	o.File = o.Home
	if _, err := settings.Load(o); !fault.Is(err, fault.SettingInvalid) {
		t.Errorf("a folder: %v", err)
	}
}

func TestEditorsMayLeaveAByteOrderMarkAndCarriageReturns(t *testing.T) {
	t.Parallel()
	s, err := user{file: "\xef\xbb\xbf[speech]\r\nbeam_size = 3\r\n"}.load(t)
	if err != nil || s.Speech.BeamSize != 3 {
		t.Errorf("%v, %v", s, err)
	}
}

func TestATokenOpensTheDoor(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{"0.0.0.0:7584", ":7584", "192.168.1.5:1", "[::]:1"} {
		if _, err := (user{env: []string{"SLUICE_SERVER_LISTEN=" + listen}}).load(t); err == nil {
			t.Errorf("%s without a token", listen)
		}
		if _, err := (user{env: []string{"SLUICE_SERVER_LISTEN=" + listen, "SLUICE_SERVER_TOKEN=auto"}}).load(t); err != nil {
			t.Errorf("%s with a token: %v", listen, err)
		}
	}
	for _, listen := range []string{"127.0.0.1:0", "localhost:7584", "[::1]:7584", "127.9.9.9:1"} {
		if _, err := (user{env: []string{"SLUICE_SERVER_LISTEN=" + listen}}).load(t); err != nil {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

func TestASecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	s, err := user{env: []string{"SLUICE_SERVER_TOKEN=" + secret}}.load(t)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(s.Server)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("settings", "token", s.Server.Token, "server", s.Server)
	value, _ := s.Value("server.token")
	for _, text := range []string{
		fmt.Sprintf("%v %+v %#v %s", s.Server, s.Server, s.Server, s.Server.Token), string(asJSON), log.String(), value,
	} {
		if strings.Contains(text, secret) {
			t.Errorf("the token shows in %s", text)
		}
	}
	if string(s.Server.Token) != secret {
		t.Error("the token cannot be used")
	}
	if _, ok := s.Value("no.such"); ok {
		t.Error("an unknown key has a value")
	}
}

func TestOllamaIsFoundAsItsOwnToolsFindIt(t *testing.T) {
	t.Parallel()
	const none, badPort = "needs an address such as 127.0.0.1:11434 or http://studio.local:11434", "has no port between 1 and 65535"
	const userInfo = "may hold no user name and no password: Ollama asks for neither"
	tests := map[string]struct{ host, want, wrong string }{
		"a whole address":                     {"http://127.0.0.1:11434", "http://127.0.0.1:11434", ""},
		"an address and a port":               {"127.0.0.1:11435", "http://127.0.0.1:11435", ""},
		"a name alone":                        {"studio.local", "http://studio.local:11434", ""},
		"localhost":                           {"localhost", "http://localhost:11434", ""},
		"a port alone":                        {":11500", "http://127.0.0.1:11500", ""},
		"a scheme brings its own port":        {"https://llm.example.com", "https://llm.example.com:443", ""},
		"so does the other":                   {"http://studio.local", "http://studio.local:80", ""},
		"a scheme in capitals":                {"HTTP://studio.local:1", "http://studio.local:1", ""},
		"a slash at the end":                  {"https://example.com/", "https://example.com:443", ""},
		"a path":                              {"https://example.com/ollama/", "", "may hold no path, only a host and a port"},
		"what a server listens on":            {"0.0.0.0", "http://127.0.0.1:11434", ""},
		"what a server listens on, as a URL":  {"http://0.0.0.0:11434", "http://127.0.0.1:11434", ""},
		"what a server listens on, version 6": {"[::]:11434", "http://127.0.0.1:11434", ""},
		"version 6 without brackets":          {"::1", "http://[::1]:11434", ""},
		"version 6 with brackets":             {"[::1]", "http://[::1]:11434", ""},
		"version 6 with a port":               {"[fd00::5]:99", "http://[fd00::5]:99", ""},
		"version 6 as a URL":                  {"https://[fd00::5]", "https://[fd00::5]:443", ""},
		"spaces around it":                    {" 127.0.0.1:11434 ", "http://127.0.0.1:11434", ""},
		"a name and a password":               {"ann:pw@studio.local", "", userInfo},
		"a name and a password in a URL":      {"http://ann:pw@studio.local:11434", "", userInfo},
		"a name alone before it":              {"ann@studio.local", "", userInfo},
		"nothing":                             {" ", "", none},
		"only a scheme":                       {"http://", "", none},
		"a scheme and a slash":                {"http:///", "", none},
		"another scheme":                      {"ftp://studio.local", "", none},
		"a space inside":                      {"studio local", "", none},
		"a line break":                        {"studio\nlocal", "", none},
		"a broken escape":                     {"http://%zz:1", "", none},
		"port 0":                              {"127.0.0.1:0", "", badPort},
		"a port too high":                     {"127.0.0.1:65536", "", badPort},
		"a port in letters":                   {"127.0.0.1:http", "", none},
		"a question":                          {"127.0.0.1:1?x=1", "", "may hold no ? or #"},
		"a fragment":                          {"127.0.0.1:1#x", "", "may hold no ? or #"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := user{flags: map[string]string{"ollama.host": tt.host}}.load(t)
			if tt.wrong != "" {
				if got, want := fault.From(err).Say, "the command line: ollama.host "+tt.wrong+"."; err == nil || got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Ollama.Host; got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestWhatIsRightIsKeptBesideWhatIsWrong(t *testing.T) {
	t.Parallel()
	u := user{
		file:    "[speech]\nbeam_size = 99\nthreads = 3\nbeam = 1\n[disk]\nmin_free = \"1GB\"\n",
		overlay: "this is not TOML\n",
		env:     []string{"SLUICE_OLLAMA_HOST=http://ann:hunter2@studio.local", "SLUICE_SERVER_LISTEN=0.0.0.0:7584", "SLUICE_DISK_MIN_FREE=much"},
		flags:   map[string]string{"speech.language": "ko"},
	}
	s, wrong, err := settings.Salvage(u.options(t))
	if err != nil {
		t.Fatal(err)
	}
	said := make([]string, 0, len(wrong))
	for _, w := range wrong {
		said = append(said, fault.From(w).Say)
		if fault.From(w).Hint == "" {
			t.Errorf("no hint with %v", w)
		}
	}
	want := []string{
		"settings.toml, line 2: speech.beam_size needs a whole number from 1 to 8, not \"99\".",
		"settings.toml, line 4: speech.beam is no setting.",
		"the environment variable SLUICE_OLLAMA_HOST: ollama.host may hold no user name and no password: Ollama asks for neither.",
		"the environment variable SLUICE_DISK_MIN_FREE: disk.min_free needs a size such as 10GB, not \"much\".",
		"server.listen opens 0.0.0.0:7584 to other machines, and there is no token.",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	type few struct {
		Beam, Threads  int
		MinFree        int64
		Host, Language string
	}
	if diff := cmp.Diff(few{5, 3, 2e9, "http://127.0.0.1:11434", "ko"}, few{
		s.Speech.BeamSize, s.Speech.Threads, s.Disk.MinFree, s.Ollama.Host, s.Speech.Language,
	}); diff != "" {
		t.Error(diff)
	}
	if from := s.Origin("disk.min_free"); from != settings.FromDefault {
		t.Errorf("the default of disk.min_free is from %s", from)
	}
	if _, err := u.load(t); fault.From(err).Say != want[0] {
		t.Errorf("whoever wants to work is told %v", err)
	}
}

func TestTheTableOfKeysIsFitForPrint(t *testing.T) {
	t.Parallel()
	names, vars := map[string]bool{}, map[string]string{}
	for _, k := range settings.Keys() {
		if names[k.Name] {
			t.Errorf("%s is listed twice", k.Name)
		}
		names[k.Name] = true
		if other := vars[k.Env()]; other != "" {
			t.Errorf("%s and %s share the variable %s", k.Name, other, k.Env())
		}
		vars[k.Env()] = k.Name
		if strings.Count(k.Name, ".") != 1 || strings.Trim(k.Name, "abcdefghijklmnopqrstuvwxyz_.") != "" {
			t.Errorf("%s is not section.name", k.Name)
		}
		if !strings.HasSuffix(k.Doc, ".") {
			t.Errorf("%s: doc %q", k.Name, k.Doc)
		}
		if k.Secret && !k.Locked {
			t.Errorf("%s is secret and may be set over HTTP", k.Name)
		}
		if k.Default == "" && k.Example == "" {
			t.Errorf("%s shows neither a default nor an example", k.Name)
		}
	}
	for _, name := range []string{"SLUICE_HOME", "SLUICE_SERVER", "SLUICE_SHARED"} {
		if vars[name] != "" {
			t.Errorf("%s is taken by %s", name, vars[name])
		}
	}
}

func TestTheDefaultFileSaysWhatTheDefaultsAre(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := settings.WriteDefault(&b); err != nil {
		t.Fatal(err)
	}
	untouched, err := user{file: b.String()}.load(t)
	if err != nil {
		t.Fatalf("as printed: %v\n%s", err, b.String())
	}
	// Keys are commented out with # alone, words with "# ".
	lines := strings.Split(b.String(), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "# ") {
			lines[i] = line[1:]
		}
		if len(line) > 80 && !strings.HasPrefix(line, "# Example") {
			t.Errorf("line %d is %d wide", i+1, len(line))
		}
	}
	all, err := user{file: strings.Join(lines, "\n")}.load(t)
	if err != nil {
		t.Fatalf("with every # removed: %v", err)
	}
	for _, k := range settings.Keys() {
		a, _ := untouched.Value(k.Name)
		b, _ := all.Value(k.Name)
		if a != b && k.Name != "models.dir" { // that one has this test's home in it
			t.Errorf("%s is %q by default and %q in the file", k.Name, a, b)
		}
		if all.Origin(k.Name) != settings.FromFile {
			t.Errorf("%s is not in the file", k.Name)
		}
	}
}

func FuzzLoad(f *testing.F) {
	file, _, _ := full("/home/ann")
	f.Add(file)
	f.Add("a.b.c = 1\n[a]\nb = 2\n")
	f.Add("memory = { ceiling = \"9EB\" }\n[[server]]\n")
	f.Add("\"\" = 1\n")
	f.Fuzz(func(t *testing.T, body string) {
		s, err := user{file: body}.load(t)
		switch {
		case err == nil && s == nil:
			t.Error("neither settings nor an error")
		case err != nil && !fault.Is(err, fault.SettingInvalid):
			t.Errorf("not a fault of the settings: %v", err)
		}
	})
}
