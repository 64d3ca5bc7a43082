// Package ollama speaks with an Ollama server: what it has, what it holds in
// memory, what a model would need, and giving the memory back; and it has its
// models translate and sum up transcripts. What a model says is never believed
// as it comes: it is bounded, cleaned and checked, and where nothing usable
// comes the original stays. Of a server on another machine it frees nothing:
// that memory is not ours. A server is started by Server only, and only where
// nobody listens.
package ollama

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ollama/ollama/api"

	"sluice/internal/fault"
)

// Config of a Client; the zero value works.
type Config struct {
	Host        string        // http://127.0.0.1:11434: where the server is
	Timeout     time.Duration // 10s: for one answer
	Poll        time.Duration // 200ms: between two looks at whether a model has gone
	AnswerBytes int64         // 32 MiB: an answer that is longer is refused

	FirstToken time.Duration // 2 to 15 minutes, by the length of the question: until an answer begins
	Idle       time.Duration // 90s: between two pieces of an answer
	PullIdle   time.Duration // 5m: between two signs of life of a download
	KeepAlive  time.Duration // 3m: how long a model stays loaded after an answer
	Threads    int           // 0: as many as the server likes

	Wake func(ctx context.Context) error // starts a server where nobody listens; nil = nobody does
}

// Client asks one server. Every call opens a connection of its own: a server
// that was started again is then no surprise, and nothing has to be closed.
type Client struct {
	cfg   Config
	host  *url.URL
	local bool
	api   *api.Client
	log   *slog.Logger

	mu   sync.Mutex
	seen map[string]traits // what was read of a model, by digest
}

// New makes a client; it calls nobody. Fault: setting_invalid.
func New(cfg Config, log *slog.Logger) (*Client, error) {
	if cfg.Host == "" {
		cfg.Host = "http://127.0.0.1:11434"
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Poll <= 0 {
		cfg.Poll = 200 * time.Millisecond
	}
	if cfg.AnswerBytes <= 0 {
		cfg.AnswerBytes = 32 << 20
	}
	if cfg.Idle <= 0 {
		cfg.Idle = 90 * time.Second
	}
	if cfg.PullIdle <= 0 {
		cfg.PullIdle = 5 * time.Minute
	}
	if cfg.KeepAlive <= 0 {
		cfg.KeepAlive = 3 * time.Minute
	}
	host, err := parseHost(cfg.Host)
	if err != nil {
		return nil, fault.New(fault.SettingInvalid, "The address of Ollama is not valid.", fmt.Errorf("ollama.host: %w", err)).
			WithHint("Write ollama.host as http://127.0.0.1:11434.")
	}
	c := &Client{
		cfg: cfg, host: host, local: loopback(host.Hostname()), log: log,
		seen: map[string]traits{},
	}
	c.api = api.NewClient(host, guarded(cfg.AnswerBytes))
	return c, nil
}

// Local says whether the server is on this machine, so that what it holds is
// this machine's memory.
func (c *Client) Local() bool { return c.local }

// Version asks for the version of the server: the sign that it answers.
func (c *Client) Version(ctx context.Context) (string, error) {
	version, err := ask(ctx, c, "ask for the version", c.api.Version)
	if err == nil && version == "" {
		return "", c.foreign("ask for the version", errNoAnswer)
	}
	return version, err
}

// Model is one that the server has on its disk.
type Model struct {
	Name         string
	Digest       string
	Bytes        int64
	Parameters   string // such as 4.3B; "" = not told
	Quantization string // such as Q4_K_M; "" = not told
	Remote       bool   // only a name here: another machine runs it
}

// Models lists what is installed.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	const doing = "list models"
	list, err := ask(ctx, c, doing, c.api.List)
	if err != nil {
		return nil, err
	}
	if list.Models == nil { // an Ollama without models says so with an empty list
		return nil, c.foreign(doing, errNoAnswer)
	}
	models := make([]Model, 0, len(list.Models))
	for _, m := range list.Models {
		if err := plausible(m.Size); err != nil {
			return nil, c.foreign(doing, err)
		}
		models = append(models, Model{
			Name: m.Name, Digest: m.Digest, Bytes: m.Size,
			Parameters: m.Details.ParameterSize, Quantization: m.Details.QuantizationLevel,
			Remote: m.RemoteHost != "",
		})
	}
	return models, nil
}

// Loaded is a model that the server holds in memory.
type Loaded struct {
	Name      string
	Bytes     int64     // all of it
	VRAMBytes int64     // the part of Bytes that a GPU holds
	Context   int       // tokens it was loaded for
	Expires   time.Time // when it goes by itself
}

// Running lists what is loaded.
func (c *Client) Running(ctx context.Context) ([]Loaded, error) {
	const doing = "list loaded models"
	list, err := ask(ctx, c, doing, c.api.ListRunning)
	if err != nil {
		return nil, err
	}
	if list.Models == nil { // no list is not an empty one: it must not count as free memory
		return nil, c.foreign(doing, errNoAnswer)
	}
	loaded := make([]Loaded, 0, len(list.Models))
	for _, m := range list.Models {
		if err := plausible(m.Size, m.SizeVRAM); err != nil {
			return nil, c.foreign(doing, err)
		}
		loaded = append(loaded, Loaded{
			Name: m.Name, Bytes: m.Size, VRAMBytes: m.SizeVRAM,
			Context: m.ContextLength, Expires: m.ExpiresAt,
		})
	}
	return loaded, nil
}

// tooMuch is more than any machine has: a size beyond it is no size, and sums
// of smaller ones cannot overflow.
const tooMuch = 1 << 50

func plausible(sizes ...int64) error {
	for _, s := range sizes {
		if s < 0 || s > tooMuch {
			return fmt.Errorf("a size of %d bytes", s)
		}
	}
	return nil
}

// parseHost takes an address apart. The port has to be there: without one the
// address would mean port 80, where no Ollama is.
func parseHost(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%q does not start with http:// or https://", s)
	case u.Hostname() == "" || u.Port() == "":
		return nil, fmt.Errorf("%q has no host and port", s)
	case u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q has more than host and port", u.Redacted())
	}
	host := strings.ToLower(u.Hostname())
	// A server that listens everywhere is told so by these; a client cannot
	// call them on every system.
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.Is6() {
			host = "::1"
		}
	}
	return &url.URL{Scheme: u.Scheme, Host: net.JoinHostPort(host, u.Port())}, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
