// Package settings finds out what the user wants: defaults, the commented
// settings.toml, the overlay that the window writes beside it, SLUICE_*
// variables and flags, in this order. One table of keys is the source of file
// parsing, variable names and docs. It reads; it never writes the user's file,
// and it acts on nothing.
package settings

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"sluice/internal/fault"
)

// Settings is everything that was set, complete and checked.
type Settings struct {
	Server Server
	Speech Speech
	Models Models
	Media  Media
	Ollama Ollama

	Defaults  Defaults
	Summary   Summary
	Translate Translate
	Webhook   Webhook
	Export    Export

	Memory  Memory
	Power   Power
	Uploads Uploads
	Watch   Watch
	Fetch   Fetch
	Disk    Disk
	Notify  Notify
	Updates Updates

	Dirs  Dirs     // where this user's files lie
	Notes []string // what a person should know and nobody died of: for the log

	origins map[string]Origin
	places  map[string]place // where a value is written
	home    string
}

// Server is how the HTTP API listens.
type Server struct {
	Listen string
	Token  Secret   // "" = none, "auto" = made at start
	Roots  []string // with a listener beyond loopback, only files below these

	SyncTimeout time.Duration // how long a request waits for its job's result
}

// Speech is how speech is recognised unless a job says otherwise.
type Speech struct {
	Model    string // "" = by the machine's memory
	Language string
	BeamSize int
	Threads  int // 0 = by the machine
	Words    bool
	Prompt   string // words that may come; "" = none
}

// Models is where speech models lie and come from.
type Models struct {
	Dir          string
	URL          string // "" = where the catalog says
	Catalog      string // file of further models; "" = none
	AutoDownload bool   // what a new job needs and is not there
}

// Media is how media files are read.
type Media struct {
	FFmpeg string // "" = the one on the search path
}

// Ollama is where the language models run.
type Ollama struct {
	Host  string // whole URL of the server, without / at the end
	Model string // "" = by the machine's memory

	Context  int    // tokens; 0 = by the machine's memory
	Start    bool   // where nobody listens
	Path     string // of the program; "" = looked for
	WhenAway string // wait, finish
}

// Defaults is what jobs want that do not say.
type Defaults struct {
	TranslateTo []string // codes
	Summarize   bool
}

// Summary is how recordings are summed up.
type Summary struct {
	Template string
	Language string // code; "" = that of the recording
}

// Translate is how texts are translated.
type Translate struct {
	Register string // of Korean: formal, polite; "" = any
	Glossary string // path of a TOML file; "" = none
}

// Webhook is who is told of jobs that end.
type Webhook struct {
	URL    Secret // "" = nobody; it may hold a secret behind the ?
	Secret Secret // "" = one of Sluice's own
	Allow  []string
}

// Notify is what notifications tell of.
type Notify struct {
	About string // line, each, off
}

// Updates is whether a newer Sluice is looked for.
type Updates struct {
	Check bool
	Feed  string // address of a release
}

// Export is where finished texts are written.
type Export struct {
	Dir     string // "" = nowhere
	Name    string
	Formats []string
}

// Memory is how much of it may be planned for.
type Memory struct {
	Ceiling int64  // bytes; 0 = by the machine
	Script  string // file of made-up readings; "" = the machine itself
}

// Power is what may run on the battery.
type Power struct {
	OnlyOnAC bool
}

// Uploads is what may be sent in.
type Uploads struct {
	Max int64 // bytes of one upload
}

// Watch is which folders are watched, and how.
type Watch struct {
	Folders   []string
	Recursive bool
	Existing  bool          // what was there before, too
	Settle    time.Duration // unchanged for so long
}

// Fetch is what may be brought from the web.
type Fetch struct {
	Max   int64    // bytes of one file
	Allow []string // hosts and networks that are not public
}

// Disk is what is left alone.
type Disk struct {
	MinFree int64 // bytes that stay free
}

// Origin says where a value came from.
type Origin string

// The origins; each one wins over those before it.
const (
	FromDefault Origin = "default"
	FromFile    Origin = "file"
	FromOverlay Origin = "overlay"
	FromEnv     Origin = "environment"
	FromFlag    Origin = "flag"
)

// Options says where to look; the zero value looks at this process and user.
type Options struct {
	Environ []string          // os.Environ()
	Home    string            // the user's home folder; os.UserHomeDir()
	OS      string            // runtime.GOOS
	File    string            // settings.toml in the folder for settings; one named here must exist
	Flags   map[string]string // by key, written as in the environment

	overlay []byte // in place of the file's; nil = the file
}

// Load gathers all settings. A wrong name or value is fault setting_invalid,
// which says where it is and what would be right.
func Load(o Options) (*Settings, error) {
	s, wrong, err := Salvage(o)
	switch {
	case err != nil:
		return nil, err
	case len(wrong) > 0:
		return nil, wrong[0]
	}
	return s, nil
}

// Salvage gathers the settings that are right, and a fault for each that is
// not, in the order of the layers: a key with a wrong value has its default, a
// file that cannot be read counts as none. It is for looking at a machine, not
// for working on it. The error says that there is nothing to look at.
func Salvage(o Options) (s *Settings, wrong []error, err error) {
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.OS == "" {
		o.OS = runtime.GOOS
	}
	if o.Home == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, nil, fault.New(fault.SettingInvalid, "This user has no home folder.", err).
				WithHint("Set SLUICE_HOME to a folder for Sluice's files.")
		}
		o.Home = home
	}
	env := environ(o.Environ)
	dirs, err := FindDirs(o.OS, o.Home, env)
	if err != nil {
		return nil, nil, err
	}

	s = &Settings{Dirs: dirs, origins: map[string]Origin{}, places: map[string]place{}, home: o.Home}
	l := loader{s: s, home: o.Home, keys: Keys()}
	for _, k := range l.keys {
		l.set(k, loose(k.Default), FromDefault, place{what: "the default"})
	}
	l.files(o.File, o.overlay)
	l.env(env)
	l.flags(o.Flags)
	if s.Models.Dir == "" {
		s.Models.Dir = filepath.Join(dirs.Data, "models")
	}
	if err := s.agree(); err != nil {
		l.reject(err)
	}
	return s, l.wrong, nil
}

// Origin says where the value of a key came from; "" for an unknown key.
func (s *Settings) Origin(key string) Origin { return s.origins[key] }

// Value is a key's value as the environment would write it, secrets hidden.
func (s *Settings) Value(key string) (string, bool) {
	for _, k := range Keys() {
		if k.Name != key {
			continue
		}
		text := k.field(s).text()
		if k.Secret {
			text = Secret(text).String()
		}
		return text, true
	}
	return "", false
}

// agree checks what no value can be blamed for alone.
func (s *Settings) agree() error {
	host, _, _ := net.SplitHostPort(s.Server.Listen)
	if s.Server.Token == "" && !loopback(host) {
		return fault.New(fault.SettingInvalid,
			"server.listen opens "+s.Server.Listen+" to other machines, and there is no token.", nil).
			WithHint(`Set server.token to "auto" or a secret of your own, or listen on 127.0.0.1.`)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// loader fills in Settings, one layer after another.
type loader struct {
	s     *Settings
	home  string
	keys  []Key
	wrong []error
}

// reject notes what is wrong and goes on without it.
func (l *loader) reject(err error) { l.wrong = append(l.wrong, err) }

// note writes down what a person should know.
func (l *loader) note(format string, args ...any) {
	l.s.Notes = append(l.s.Notes, fmt.Sprintf(format, args...))
}

// place is where a value stands, for people.
type place struct {
	what string // "settings.toml", "SLUICE_SERVER_LISTEN", "the flag"
	line int    // 0 = no lines there
}

func (p place) String() string {
	if p.line > 0 {
		return fmt.Sprintf("%s, line %d", p.what, p.line)
	}
	return p.what
}

// set gives a key its value from one layer; a wrong one makes it the default.
func (l *loader) set(k Key, v value, from Origin, at place) {
	f := k.field(l.s)
	if err := f.set(v, l.home); err != nil {
		if from == FromOverlay { // what stood before it holds
			l.note("%s: %s %s and was left out", at, k.Name, err)
			return
		}
		l.reject(fault.New(fault.SettingInvalid, fmt.Sprintf("%s: %s %s.", at, k.Name, err), nil).
			WithHint("Write it like this: %s.", k.example()))
		if from == FromDefault {
			return
		}
		_ = f.set(loose(k.Default), l.home)
		from, at = FromDefault, place{}
	}
	if from == FromDefault {
		at = place{}
	}
	l.s.origins[k.Name], l.s.places[k.Name] = from, at
}

func (l *loader) find(name string) (Key, bool) {
	i := slices.IndexFunc(l.keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return Key{}, false
	}
	return l.keys[i], true
}

// flags applies what the command line sets.
func (l *loader) flags(flags map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		if _, ok := l.find(name); !ok {
			l.reject(fault.New(fault.SettingInvalid, fmt.Sprintf("The command line: %q is no setting.", name), nil).
				WithHint("The settings file lists them all."))
		}
	}
	for _, k := range l.keys {
		if text, ok := flags[k.Name]; ok {
			l.set(k, loose(text), FromFlag, place{what: "the command line"})
		}
	}
}
