package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"sluice/internal/cli"
	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/settings"
)

// serve runs the headless server until ctx ends.
func (p *program) serve(ctx context.Context, o cli.ServeOptions) error {
	flags := o.Settings
	if o.Listen != "" {
		flags = withSetting(flags, "server.listen", o.Listen)
	}
	r, err := p.start(ctx, flags, logger(), nil)
	if err != nil {
		return err
	}
	defer r.Close()
	return r.Run(ctx)
}

// running is a server that has started: it holds the data folder, the core is
// built and the listener is open.
type running struct {
	settings *settings.Settings
	core     *core
	server   *server
	tickets  *httpapi.Tickets
	complain func(ctx context.Context) error // says what will keep jobs from running
	unlock   func()
}

// start makes this process the one on its data folder and opens its doors. Jobs
// run when Run is called. The window is the app's own, or nil. Fault
// store_locked: another Sluice has the folder.
func (p *program) start(ctx context.Context, flags map[string]string, log *slog.Logger, w httpapi.Window) (*running, error) {
	s, err := p.load(flags)
	if err != nil {
		return nil, err
	}
	r := &running{settings: s}
	if r.unlock, err = lockData(s.Dirs.Data); err != nil {
		return nil, err
	}
	// What a killed predecessor left names an address that may be anybody's now.
	_ = os.Remove(discoveryFile(s))
	hide(log, string(s.Server.Token), string(s.Webhook.Secret))
	for _, note := range s.Notes {
		log.Warn("setting", "note", note)
	}
	if err := offerSettings(s.Dirs); err != nil {
		log.Warn("no settings file written", "err", err)
	}
	book := newBook(s, flags, func() { r.core.heed() }) // nobody changes anything before it is made
	if r.core, err = newCore(ctx, plan{settings: book, data: s.Dirs.Data, locks: s.Dirs.Data, log: log}); err != nil {
		r.Close()
		return nil, err
	}
	r.core.book = book
	r.tickets = httpapi.NewTickets()
	if r.server, err = newServer(ctx, s, httpapi.New(p.httpDeps(r, w)), httpapi.GuardConfig{Tickets: r.tickets, Metrics: r.core.metrics}, w != nil, log); err != nil {
		r.Close()
		return nil, err
	}
	r.complain = func(ctx context.Context) error {
		if d, err := newDoctor(r.core.examined).Diagnose(ctx); err == nil {
			complain(log, d.Findings)
		}
		return nil
	}
	log.Info("serving", "address", r.server.url, "data", s.Dirs.Data, "version", version)
	return r, nil
}

// Run works until ctx ends or a part fails for good.
func (r *running) Run(ctx context.Context, more ...func(context.Context) error) error {
	return r.core.Run(ctx, append(more, r.core.recorder.Run, r.core.watch, r.core.survey, r.core.keep, r.core.editor.Run, r.core.updates.Run, r.core.download, r.core.llms.pulls.Run,
		r.core.sender.Run, r.complain, r.server.Run)...)
}

// Close gives back what start took.
func (r *running) Close() {
	if r.server != nil {
		r.server.forget()
	}
	if r.core != nil {
		_ = r.core.Close()
	}
	r.unlock()
}

// offerSettings writes the settings file with every key commented out, when
// there is none: what can be set is best read where it is set.
func offerSettings(d settings.Dirs) error {
	if err := d.Make(); err != nil {
		return err
	}
	f, err := os.OpenFile(d.File(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	return errors.Join(settings.WriteDefault(f), f.Close())
}

// lockData makes this process the only one on a data folder.
func lockData(data string) (unlock func(), err error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	l := flock.New(filepath.Join(data, "sluice.lock"))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if !ok {
		return nil, fault.New(fault.StoreLocked, "Sluice already runs on this data folder.", nil)
	}
	return func() { _ = l.Unlock() }, nil
}

// httpDeps is what the routes get. The window may be nil.
func (p *program) httpDeps(r *running, w httpapi.Window) httpapi.Deps {
	c := r.core
	return httpapi.Deps{
		Desk:    c.desk,
		Uploads: c.intake,
		Library: c.editor,
		Board:   c.board,
		Machine: c.machine,
		Doctor:  newDoctor(c.examined),
		Models:  c.models,

		LanguageModels: c.llms,
		Deliveries:     deliveries{c.store, c.sender},

		Media:    player{c.store, c.intake},
		Attempts: newAttempts(c.store),
		Tickets:  r.tickets,
		Address:  func() string { return r.server.url }, // nobody asks before it listens
		Settings: c.book,

		Metrics:     c.metrics,
		Tallies:     c.store,
		SyncTimeout: func() time.Duration { return c.settings.Now().Server.SyncTimeout },

		Window:  w,
		Page:    p.page,
		Log:     c.log,
		Version: version,
		Boot:    c.boot,
		PID:     os.Getpid(),
	}
}

// openAPI is the document that the server gives at /openapi.json.
func (p *program) openAPI() ([]byte, error) { return httpapi.OpenAPI(version) }

// server is the HTTP listener.
type server struct {
	http     *http.Server
	listener net.Listener
	url      string
	found    string // the discovery file
}

// newServer listens and says where in the discovery file. An app with a window
// can do with any port when the usual one is taken, by another user say. The
// guard's address, names and token come from the settings.
func newServer(ctx context.Context, s *settings.Settings, bare http.Handler, guard httpapi.GuardConfig, anyPort bool, log *slog.Logger) (*server, error) {
	token := string(s.Server.Token)
	if token == "auto" {
		token = rand.Text() // 128 bits at least; not an ULID, whose randomness is a matter of the clock
		hide(log, token)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Server.Listen)
	if errors.Is(err, syscall.EADDRINUSE) && anyPort && s.Origin("server.listen") == settings.FromDefault {
		l, err = (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fault.New(fault.SettingInvalid, "The address "+s.Server.Listen+" cannot be listened on.", err).
			WithHint("Another program may use it: name another with --listen, or stop that one.")
	}
	guard.Listen, guard.Token, guard.Hosts, guard.Roots = l.Addr().String(), token, named(s.Server.Listen), s.Server.Roots
	guarded, err := httpapi.Guard(guard, bare)
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	srv := &server{
		http:     httpapi.NewServer(guarded),
		listener: l,
		url:      "http://" + reachable(l.Addr().String()),
		found:    discoveryFile(s),
	}
	// A full disk must not keep people from looking, deleting and exporting.
	if err := writeDiscovery(srv.found, discovery{URL: srv.url, Token: token, PID: os.Getpid()}); err != nil {
		log.Warn("other programs must be told the address", "err", err)
	}
	return srv, nil
}

// named is the host of an address when it is a name: the listener itself only
// knows the number behind it.
func named(listen string) []string {
	host, _, err := net.SplitHostPort(listen)
	if err != nil || host == "" || net.ParseIP(host) != nil {
		return nil
	}
	return []string{host}
}

// reachable is the address at which programs of this machine find a listener.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// Run serves until ctx ends; open streams end then, other requests get a moment.
func (s *server) Run(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if s.http.Shutdown(stop) != nil {
			_ = s.http.Close()
		}
	}()
	err := s.http.Serve(s.listener)
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err) // ends ctx, and with it the goroutine
	}
	<-done
	return nil
}

// forget removes the discovery file.
func (s *server) forget() { _ = os.Remove(s.found) }

// discovery is how programs of this user find the server.
type discovery struct {
	URL   string `json:"url"`
	Token string `json:"token,omitempty"`
	PID   int    `json:"pid"`
}

func discoveryFile(s *settings.Settings) string { return filepath.Join(s.Dirs.Data, "server.json") }

func writeDiscovery(path string, d discovery) error {
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("write discovery file: %w", err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("write discovery file: %w", err)
	}
	// Made anew, so that its mode is ours from the first byte on.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write discovery file: %w", err)
	}
	_, err = f.Write(body)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write discovery file: %w", err)
	}
	return nil
}

// server says where a client finds the server.
func (p *program) server(address string) (cli.Endpoint, error) {
	s, err := p.load(nil)
	if err != nil {
		return cli.Endpoint{}, err
	}
	return endpoint(s, address), nil
}

// endpoint is where these settings say it is.
func endpoint(s *settings.Settings, address string) cli.Endpoint {
	end := cli.Endpoint{URL: address, Named: true}
	if end.URL == "" {
		end.URL = os.Getenv("SLUICE_SERVER")
	}
	var d discovery
	if body, err := os.ReadFile(discoveryFile(s)); err == nil {
		_ = json.Unmarshal(body, &d) // a broken one is as good as none
	}
	switch {
	case end.URL == "" && d.URL != "":
		return cli.Endpoint{URL: d.URL, Token: d.Token}
	case end.URL == "":
		end = cli.Endpoint{URL: "http://" + reachable(s.Server.Listen)}
	}
	if s.Server.Token != "auto" {
		end.Token = string(s.Server.Token)
	}
	if d.URL == end.URL {
		end.Token = d.Token
	}
	return end
}

func withSetting(flags map[string]string, key, value string) map[string]string {
	out := map[string]string{key: value}
	for k, v := range flags {
		if k != key {
			out[k] = v
		}
	}
	return out
}
