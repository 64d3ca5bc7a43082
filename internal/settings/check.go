package settings

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"sluice/internal/job"
)

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

func prompt(s string) (string, error) {
	if len(s) > job.MaxPrompt || strings.ContainsRune(s, 0) {
		return "", fmt.Errorf("needs text of at most %d bytes", job.MaxPrompt)
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

// target takes a place on the network. Which ones can be told apart is for who
// dials to say.
func target(s string) (string, error) {
	if strings.Contains(s, "://") || strings.ContainsAny(s, " @?#*") {
		return "", errors.New("needs names, addresses or networks, such as nas.local, 10.0.0.7:8080 or 192.168.0.0/24")
	}
	return s, nil
}

// ollamaPort is where Ollama listens unless it is told otherwise.
const ollamaPort = "11434"

// ollamaHost makes a whole URL of what Ollama's own tools take: a host, a port
// or both, without a scheme on Ollama's port, with one on the scheme's. What a
// server listens on - nothing, 0.0.0.0 - is asked for on this machine. More than
// that no client of Ollama's sends.
func ollamaHost(s string) (string, error) {
	wrong := errors.New("needs an address such as 127.0.0.1:11434 or http://studio.local:11434")
	scheme, rest, whole := strings.Cut(s, "://")
	if !whole {
		scheme, rest = "http", s
	}
	if ip := net.ParseIP(rest); ip != nil && ip.To4() == nil {
		rest = "[" + rest + "]"
	}
	u, err := url.Parse(strings.ToLower(scheme) + "://" + rest)
	if err != nil || rest == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsFunc(s, unicode.IsSpace) {
		return "", wrong // url's own words would repeat what may be a password
	}
	switch {
	case u.User != nil:
		return "", errors.New("may hold no user name and no password: Ollama asks for neither")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("may hold no ? or #")
	case strings.Trim(u.Path, "/") != "":
		return "", errors.New("may hold no path, only a host and a port")
	}
	if n, err := strconv.Atoi(u.Port()); u.Port() != "" && (err != nil || n < 1 || n > 65535) {
		return "", errors.New("has no port between 1 and 65535")
	}
	if u.Host == "" {
		return "", wrong
	}
	return u.Scheme + "://" + reachable(u, whole), nil
}

// reachable is the host and port of a server to connect to; whole says that
// the scheme, and so its port, was given.
func reachable(u *url.URL, whole bool) string {
	host, port := u.Hostname(), u.Port()
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	switch {
	case port != "":
	case !whole:
		port = ollamaPort
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(host, port)
}

func ollamaModel(s string) (string, error) {
	if s != "" && !job.IsLLMName(s) {
		return "", errors.New("needs a name as 'ollama list' shows it")
	}
	return s, nil
}

// oneOf takes one of some words.
func oneOf(words ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		if !slices.Contains(words, s) {
			return "", fmt.Errorf("needs one of %s", strings.Join(words, ", "))
		}
		return s, nil
	}
}

// orNone takes nothing too.
func orNone(check func(string) (string, error)) func(string) (string, error) {
	return func(s string) (string, error) {
		if s == "" {
			return "", nil
		}
		return check(s)
	}
}

// textLanguage takes the code of a language that text is written in. Which
// ones there are is for who writes it to say.
func textLanguage(s string) (string, error) {
	s = strings.ToLower(s)
	if n := len(s); n < 2 || n > 12 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", errors.New("needs codes such as en, ko or zh-hant")
	}
	return s, nil
}

// webhookAddress takes a whole address, also one with a secret in it.
func webhookAddress(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Fragment != "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", errors.New("needs an address that starts with https:// or http://")
	}
	return s, nil
}

func plainText(s string) (string, error) {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return "", errors.New("needs plain text")
	}
	return s, nil
}
