package settings

import (
	"log/slog"
	"net/url"
)

// Secret is text that prints as dots. Convert it to a string to use it.
type Secret string

// String hides the text.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "•••"
}

// GoString hides the text from %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the text from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the text from JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Address is a URL that may hold a name and a password, which print as dots.
// Convert it to a string to use it.
type Address string

// String hides the name and the password.
func (a Address) String() string {
	u, err := url.Parse(string(a))
	if err != nil {
		return Secret(a).String()
	}
	if u.User == nil {
		return string(a)
	}
	// The dots are no letters of a URL: put in as part of it, they would be
	// written as percent signs.
	u.User = nil
	head := u.Scheme + "://"
	return head + Secret(a).String() + "@" + u.String()[len(head):]
}

// GoString hides them from %#v.
func (a Address) GoString() string { return a.String() }

// LogValue hides them from logs.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalText hides them from JSON.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }
