package archtest_test

import "strings"

// layer is how high a package stands. Arrows go down.
type layer int

const (
	vocabulary layer = iota // what everybody talks about; no I/O
	core                    // the rules; each package owns the ports it needs
	support                 // small helpers of adapters
	adapter                 // one outside thing each
	wiring                  // app, and main above it
)

// place is one row of the table: where a package stands, and what of ours it
// may import beside the vocabulary, which core and above may always import.
type place struct {
	layer   layer
	imports string
}

// places lists every package. One that is missing fails the test: whoever adds
// a package decides here where it stands.
func places() map[string]place {
	return map[string]place{
		"internal/job":        {vocabulary, ""},
		"internal/transcript": {vocabulary, ""},
		"internal/fault":      {vocabulary, ""},

		"internal/queue":     {core, ""},
		"internal/pipeline":  {core, ""},
		"internal/admission": {core, ""},
		"internal/library":   {core, ""},
		"internal/board":     {core, ""},

		"internal/settings": {support, ""},
		"internal/disk":     {support, ""},
		"internal/secret":   {support, ""},
		"internal/netguard": {support, ""},
		"internal/download": {support, ""},
		"internal/power":    {support, ""},
		"internal/oneline":  {support, ""},
		"internal/install":  {support, ""},
		"internal/archtest": {support, ""},
		// The suite that every store runs speaks the port of the line.
		"internal/storetest":  {support, "internal/queue"},
		"internal/modeltest":  {support, ""}, // speech models made up for tests
		"internal/traytest":   {support, ""}, // a desktop's tray, for the tests of ours
		"internal/ollamatest": {support, ""}, // a real Ollama with a tiny model, for tests
		"internal/apitest":    {support, ""}, // answers held against the OpenAPI document, for tests

		"internal/sqlitestore": {adapter, "internal/queue internal/pipeline internal/library internal/disk"},
		"internal/redisstore":  {adapter, "internal/queue"},
		"internal/media":       {adapter, "internal/pipeline internal/disk"},
		"internal/whisper":     {adapter, "internal/pipeline"},
		"internal/ollama":      {adapter, "internal/pipeline internal/netguard"},
		"internal/delivery":    {adapter, "internal/netguard"},
		"internal/export":      {adapter, ""},
		"internal/update":      {adapter, "internal/netguard internal/disk"},
		"internal/memory":      {adapter, "internal/admission"},
		"internal/models":      {adapter, "internal/pipeline internal/netguard internal/download internal/disk"},
		"internal/intake":      {adapter, "internal/pipeline internal/netguard internal/download internal/disk"},
		// Views read what core shows: the board's snapshots and their words.
		"internal/httpapi": {adapter, "internal/board internal/queue internal/library internal/settings"},
		"internal/cli":     {adapter, "internal/board internal/settings"},
		"internal/tray":    {adapter, "internal/board internal/oneline"},
		"internal/notice":  {adapter, "internal/board internal/oneline"},
		// The two sides of one protocol: the child knows its parent's wire types.
		"internal/whisper/engine": {adapter, "internal/whisper"},

		"app": {wiring, "everything"},
		".":   {wiring, "app"}, // main.go
	}
}

// exceptions are imports between packages of the same height.
func exceptions() map[[2]string]bool {
	return map[[2]string]bool{
		{"internal/whisper/engine", "internal/whisper"}: true,
		{".", "app"}: true,
	}
}

// libraries says which packages alone may import an outside library, by the
// start of its path. One that is not listed fails: a new dependency is a
// decision. Tests may use what they like.
func libraries() map[string]string {
	return map[string]string{
		"github.com/wailsapp/wails":             "app",
		"fyne.io/systray":                       "internal/tray",
		"github.com/godbus/dbus":                "app internal/traytest",
		"github.com/redis/go-redis":             "internal/redisstore",
		"modernc.org/sqlite":                    "internal/sqlitestore",
		"github.com/ollama/ollama":              "internal/ollama",
		"github.com/danielgtaylor/huma":         "internal/httpapi",
		"github.com/prometheus/client_golang":   "internal/httpapi",
		"github.com/spf13/cobra":                "internal/cli",
		"github.com/spf13/pflag":                "internal/cli",
		"github.com/schollz/progressbar":        "internal/cli",
		"golang.org/x/term":                     "internal/cli",
		"github.com/ggerganov/whisper.cpp":      "internal/whisper/engine",
		"github.com/pelletier/go-toml":          "internal/settings",
		"github.com/zalando/go-keyring":         "internal/secret",
		"github.com/fsnotify/fsnotify":          "internal/intake",
		"github.com/rivo/uniseg":                "internal/transcript internal/oneline",
		"github.com/gofrs/flock":                "app internal/models internal/whisper",
		"github.com/oklog/ulid":                 "app internal/intake internal/sqlitestore internal/redisstore",
		"github.com/google/go-cmp":              "internal/storetest",
		"pgregory.net/rapid":                    "internal/storetest",
		"github.com/santhosh-tekuri/jsonschema": "internal/apitest",
		"C":                                     "app internal/whisper/engine", // the headless rest builds without a C compiler
		"golang.org/x/mod":                      "internal/update",
		"howett.net/plist":                      "internal/install",
		"golang.org/x/sync":                     "app",
		"gopkg.in/natefinch/lumberjack.v2":      "app",
		"golang.org/x/text":                     "internal/cli internal/intake internal/models internal/sqlitestore",
		"golang.org/x/sys":                      "app internal/disk internal/intake internal/media internal/memory internal/models internal/power internal/sqlitestore internal/whisper internal/whisper/engine",
	}
}

// standard restricts the standard library by height: who touches the outside
// is an adapter.
func standard(p string, l layer, path string) bool {
	switch path {
	case "database/sql", "database/sql/driver":
		return p == "internal/sqlitestore"
	case "os/exec", "net", "net/http", "syscall":
		return l > core
	case "os", "log", "log/slog", "io/ioutil", "path/filepath":
		return l > vocabulary
	case "plugin", "net/rpc", "testing/quick":
		return false
	}
	return true
}

// vague are names that say nothing about a package.
func vague(name string) bool {
	switch strings.TrimSuffix(name, "_test") {
	case "util", "utils", "common", "type", "types", "service", "services",
		"manager", "managers", "helper", "helpers", "misc", "base", "shared", "lib", "pkg":
		return true
	}
	return false
}
