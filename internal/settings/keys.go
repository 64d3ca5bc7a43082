package settings

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Key is one row of the table of settings.
type Key struct {
	Name    string // as in "server.listen"
	Doc     string // sentences, for the file and the docs
	Default string // as the environment writes it; "" = chosen at run time, see Doc
	Example string // a value that shows the form, when Default does not
	Secret  bool   // never shown
	Locked  bool   // not over HTTP: it runs programs, opens doors or holds secrets

	field func(*Settings) field
}

// Env is the variable that sets the key: a.b is SLUICE_A_B.
func (k Key) Env() string {
	return "SLUICE_" + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

// example writes a right value as TOML.
func (k Key) example() string {
	text := k.Default
	if k.Example != "" {
		text = k.Example
	}
	return k.Name + " = " + k.field(&Settings{}).toml(text)
}

// Keys lists every setting in the order of the docs. Each has a reader; there
// are none for later.
func Keys() []Key {
	return []Key{
		{
			Name:    "server.listen",
			Doc:     "Address of the API and the web page. Beyond 127.0.0.1 a token is required. Port 0 takes any free one.",
			Default: "127.0.0.1:7584", Locked: true,
			field: func(s *Settings) field { return textField{&s.Server.Listen, address} },
		},
		{
			Name:    "server.token",
			Doc:     `Secret that every client must send. Empty: none is asked for. "auto": one is made at each start and written to a file that only you can read.`,
			Example: "auto", Secret: true, Locked: true,
			field: func(s *Settings) field { return textField{(*string)(&s.Server.Token), token} },
		},
		{
			Name:    "server.roots",
			Doc:     "Folders whose files other machines may name as a source. Only used when listening beyond 127.0.0.1.",
			Example: "~/Movies", Locked: true,
			field: func(s *Settings) field { return pathsField{&s.Server.Roots} },
		},
		{
			Name:    "speech.model",
			Doc:     "Speech model: a name from 'sluice models list', or the name of a file in models.dir without its ending. Empty: chosen by this machine's memory.",
			Example: "large-v3-turbo-q5_0",
			field:   func(s *Settings) field { return textField{&s.Speech.Model, modelName} },
		},
		{
			Name:    "speech.language",
			Doc:     `Language that is spoken: a code such as "en" or "ko", or "auto" to find out.`,
			Default: "auto",
			field:   func(s *Settings) field { return textField{&s.Speech.Language, language} },
		},
		{
			Name:    "speech.beam_size",
			Doc:     "Guesses that are followed at the same time: 1 is fastest, 5 is best.",
			Default: "5",
			field:   func(s *Settings) field { return numberField{&s.Speech.BeamSize, 1, 8} },
		},
		{
			Name:    "speech.threads",
			Doc:     "Processor threads for the recogniser. 0: chosen by this machine.",
			Default: "0",
			field:   func(s *Settings) field { return numberField{&s.Speech.Threads, 0, 64} },
		},
		{
			Name:    "speech.words",
			Doc:     "Find the time of every word too. It takes a little longer.",
			Default: "false",
			field:   func(s *Settings) field { return switchField{&s.Speech.Words} },
		},
		{
			Name:    "models.dir",
			Doc:     "Folder of the speech models. Empty: the folder models beside the database.",
			Example: "/Volumes/Models", Locked: true,
			field: func(s *Settings) field { return pathField{&s.Models.Dir, false} },
		},
		{
			Name:    "models.url",
			Doc:     "Address to download speech models from, for a mirror of your own. Empty: where the catalog says.",
			Example: "https://models.example.com/whisper", Locked: true,
			field: func(s *Settings) field { return textField{&s.Models.URL, webAddress} },
		},
		{
			Name:    "media.ffmpeg",
			Doc:     "Path of ffmpeg; ffprobe is looked for beside it. Empty: the one on the search path.",
			Example: "/opt/homebrew/bin/ffmpeg", Locked: true,
			field: func(s *Settings) field { return pathField{&s.Media.FFmpeg, true} },
		},
		{
			Name:    "memory.ceiling",
			Doc:     "Most memory that one stage may be planned with. 0: chosen by this machine, about 11 GB on a Mac with 18 GB.",
			Default: "0", Example: "10GB",
			field: func(s *Settings) field { return sizeField{&s.Memory.Ceiling, 256e6, true} },
		},
		{
			Name:    "memory.script",
			Doc:     "File of made-up memory readings, one JSON object per line, to play instead of this machine's own. For demonstrations and tests. Empty: the machine itself.",
			Example: "~/pressure.ndjson", Locked: true,
			field: func(s *Settings) field { return pathField{&s.Memory.Script, false} },
		},
		{
			Name:    "uploads.max",
			Doc:     "Most that uploads may take together, and so the largest one. They stay for a day after their last job.",
			Default: "50GB",
			field:   func(s *Settings) field { return sizeField{&s.Uploads.Max, 1e6, false} },
		},
		{
			Name:    "disk.min_free",
			Doc:     "Space that Sluice leaves free on the disk. 0: it may fill it.",
			Default: "2GB",
			field:   func(s *Settings) field { return sizeField{&s.Disk.MinFree, 1e6, true} },
		},
	}
}

// The checks end a sentence that starts with the key: "server.listen ...".
// They never repeat a value that may be a secret.

func address(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", errors.New("needs an address and a port")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", errors.New("has no port between 0 and 65535")
	}
	if strings.ContainsAny(host, " /@") {
		return "", errors.New("needs a plain address, not a URL")
	}
	return s, nil
}

func token(s string) (string, error) {
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return "", errors.New("may hold only letters, digits and signs of ASCII, and no spaces")
		}
	}
	return s, nil
}

func modelName(s string) (string, error) {
	if strings.ContainsAny(s, `/\`) || strings.HasPrefix(s, ".") {
		return "", errors.New("is a name, not a path: put the file into models.dir and name it without its ending")
	}
	return s, nil
}

func language(s string) (string, error) {
	s = strings.ToLower(s)
	if s == "auto" {
		return s, nil
	}
	if n := len(s); n < 2 || n > 3 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") != "" {
		return "", errors.New("needs a code of two or three letters, or auto")
	}
	return s, nil
}

func webAddress(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("needs an address that starts with https:// or http://")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("may hold no password, ? or #")
	}
	return strings.TrimRight(s, "/"), nil
}
