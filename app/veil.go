package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// veil takes out of the log what is nobody's business: tokens and other
// secrets, what follows the ? of an address and who logs in there, and where the
// user's home is. A log is sent to others when something is wrong. What was said
// in a recording is not written into it in the first place.
type veil struct {
	next   slog.Handler
	hidden *hidden
}

// hidden is what all loggers that came from one hide.
type hidden struct {
	home *regexp.Regexp // nil = nobody's

	mu      sync.RWMutex
	secrets *strings.Replacer // nil = there are none
	known   []string
}

// masked stands for what was there.
const masked = "…"

// leastSecret is how long a secret must be to be looked for: a shorter one is
// found in any word.
const leastSecret = 6 // bytes

// veiled hides in all that goes to a handler.
func veiled(next slog.Handler) *slog.Logger {
	h := &hidden{}
	if home, err := os.UserHomeDir(); err == nil {
		h.home = homePattern(home)
	}
	return slog.New(&veil{next: next, hidden: h})
}

// homePattern finds a folder, but none that only begins with its name.
func homePattern(home string) *regexp.Regexp {
	home = filepath.Clean(home)
	if !filepath.IsAbs(home) || home == "/" {
		return nil
	}
	return regexp.MustCompile(regexp.QuoteMeta(home) + `(/|[^\pL\pN._-]|$)`)
}

// hide adds secrets to what a logger keeps to itself, and all that share its
// handler.
func hide(log *slog.Logger, secrets ...string) {
	v, ok := log.Handler().(*veil)
	if !ok {
		return
	}
	v.hidden.mu.Lock()
	defer v.hidden.mu.Unlock()
	for _, s := range secrets {
		if len(s) >= leastSecret {
			v.hidden.known = append(v.hidden.known, s, masked)
		}
	}
	v.hidden.secrets = strings.NewReplacer(v.hidden.known...)
}

// Enabled is as the handler behind says.
func (v *veil) Enabled(ctx context.Context, level slog.Level) bool { return v.next.Enabled(ctx, level) }

// Handle passes a record on without what is hidden.
func (v *veil) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, v.hidden.text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(v.hidden.attr(a))
		return true
	})
	return v.next.Handle(ctx, out)
}

// WithAttrs hides in attributes that every record is going to have.
func (v *veil) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &veil{next: v.next.WithAttrs(v.hidden.attrs(attrs)), hidden: v.hidden}
}

// WithGroup opens a group.
func (v *veil) WithGroup(name string) slog.Handler {
	return &veil{next: v.next.WithGroup(name), hidden: v.hidden}
}

func (h *hidden) attrs(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		out = append(out, h.attr(a))
	}
	return out
}

func (h *hidden) attr(a slog.Attr) slog.Attr {
	if secretName(a.Key) {
		return slog.String(a.Key, masked)
	}
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, h.text(v.String()))
	case slog.KindGroup:
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(h.attrs(v.Group())...)}
	case slog.KindAny:
		return slog.Attr{Key: a.Key, Value: h.any(v)}
	case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindInt64, slog.KindTime, slog.KindUint64, slog.KindLogValuer:
	}
	return slog.Attr{Key: a.Key, Value: v}
}

// any looks into what handlers write out in their own way: what has words of its
// own is its words, and anything else stays as it is unless it hides something.
func (h *hidden) any(v slog.Value) slog.Value {
	switch x := v.Any().(type) {
	case nil:
		return v
	case error:
		return slog.StringValue(h.text(x.Error()))
	case fmt.Stringer:
		return slog.StringValue(h.text(x.String()))
	case []byte:
		return slog.StringValue(h.text(string(x)))
	}
	text, err := json.Marshal(v.Any())
	if err != nil {
		return slog.StringValue(h.text(fmt.Sprint(v.Any())))
	}
	if shown := h.text(string(text)); shown != string(text) {
		return slog.StringValue(shown)
	}
	return v
}

// secretName says whether something of this name is secret whatever it is.
func secretName(key string) bool {
	switch strings.ToLower(key) {
	case "token", "secret", "password", "authorization", "cookie", "ticket":
		return true
	}
	return false
}

var ( // what secrets look like that nobody has named
	addresses   = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)([^\s"'<>\\]+)`)
	credentials = regexp.MustCompile(`(?i)\b(bearer\s+|authorization["']?\s*[:=]\s*["']?(?:basic\s+|bearer\s+)?)([^\s"',;]+)`)
	parameters  = regexp.MustCompile(`(?i)\b(token|ticket|secret|password|api_?key|signature|sluice_page)(["']?\s*[=:]\s*["']?)([^\s"'&,;]+)`)
)

// text is a text without what is hidden.
func (h *hidden) text(s string) string {
	h.mu.RLock()
	secrets := h.secrets
	h.mu.RUnlock()
	if secrets != nil {
		s = secrets.Replace(s)
	}
	if strings.Contains(s, "://") {
		s = addresses.ReplaceAllStringFunc(s, plainAddress)
	}
	// Every record comes by here, and few have anything to hide.
	if low := strings.ToLower(s); strings.Contains(low, "bearer") || strings.Contains(low, "authorization") {
		s = credentials.ReplaceAllString(s, "${1}"+masked)
	}
	if strings.ContainsAny(s, "=:") {
		s = parameters.ReplaceAllString(s, "${1}${2}"+masked)
	}
	if h.home != nil && strings.Contains(s, "/") {
		s = h.home.ReplaceAllString(s, "~$1")
	}
	return s
}

// plainAddress is an address without who logs in and what follows a ? or #.
func plainAddress(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		authority = authority[i+1:]
	}
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i+1] + masked
	}
	return scheme + "://" + authority + path
}
