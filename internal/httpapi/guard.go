package httpapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"

	"sluice/internal/fault"
)

// GuardConfig says whom a listener serves. The zero value but for Listen is
// right for a listener on loopback.
type GuardConfig struct {
	Listen string   // the listener's own address, host:port; required
	Hosts  []string // further names in the Host header, with or without a port
	Token  string   // "" = none; required beyond loopback
	Roots  []string // beyond loopback: the folders whose files may be named by path

	Metrics *Metrics // counts who is kept out; nil = nobody does
	Tickets *Tickets // open the media of one job to who has one; nil = no ticket does
}

// Guard wraps the routes for a TCP listener: any page in any browser on this
// machine can reach it, so it answers only requests that name this host, come
// from its own page or from no page at all, and know the token if there is
// one. A listener on every address goes by the one a client has reached it at,
// and by the machine's name. It does not build an open door beyond loopback.
func Guard(cfg GuardConfig, routes http.Handler) (http.Handler, error) {
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return nil, fault.New(fault.SettingInvalid, "The listen address is not of the form host:port.", err)
	}
	local := loopback(host)
	if !local && cfg.Token == "" {
		return nil, fault.New(fault.SettingInvalid, "Sluice does not listen beyond this machine without a token.",
			fmt.Errorf("listen %s", cfg.Listen)).WithHint("Set server.token, or listen on 127.0.0.1.")
	}
	g := &guard{routes: routes, listen: cfg.Listen, hosts: hosts(host, port, cfg.Hosts), token: cfg.Token, tickets: cfg.Tickets, metrics: cfg.Metrics}
	g.brake.delayed.most = mostDelayed
	if host == "" || net.ParseIP(host).IsUnspecified() {
		g.anyPort = port
	}
	if !local {
		g.check = under(cfg.Roots)
	}
	return g, nil
}

func loopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// hosts lists what the Host header may say, in lower case.
func hosts(listen, port string, more []string) map[string]bool {
	known := map[string]bool{}
	add := func(host string) {
		host = strings.ToLower(host)
		known[net.JoinHostPort(host, port)] = true
		if port == "80" { // clients leave it out
			known[strings.TrimSuffix(net.JoinHostPort(host, port), ":80")] = true
		}
	}
	add("127.0.0.1")
	add("localhost")
	add("::1")
	if ip := net.ParseIP(listen); ip != nil && !ip.IsUnspecified() {
		add(listen)
	}
	for _, h := range more {
		if name, p, err := net.SplitHostPort(h); err == nil {
			known[strings.ToLower(net.JoinHostPort(name, p))] = true
			continue
		}
		add(strings.Trim(h, "[]"))
		known[strings.ToLower(h)] = true // behind a proxy on its scheme's own port
	}
	return known
}

type guard struct {
	routes  http.Handler
	listen  string
	hosts   map[string]bool
	anyPort string // the port, when every address of the machine is listened on
	token   string
	check   func(path string) error
	tickets *Tickets
	metrics *Metrics
	brake   brake
}

// ServeHTTP lets a request through, or says why not.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	switch {
	case !g.goesBy(r):
		g.refuse(w, r, fault.New(fault.HostRefused, "This server does not go by that name.", nil).
			WithHint("Use http://%s.", g.address(r)))
		return
	case g.tickets.admits(r):
		r = withTicket(r)
	case !ownOrigin(r):
		g.refuse(w, r, fault.New(fault.OriginRefused, "Another web site may not use Sluice.", nil))
		return
	case g.token != "":
		if !g.admit(w, r) {
			return
		}
	}
	r = r.WithContext(context.WithValue(r.Context(), guardedKey{}, true))
	if g.check != nil {
		r = r.WithContext(context.WithValue(r.Context(), sourceKey{}, g.check))
	}
	g.routes.ServeHTTP(w, r)
}

// refuse keeps a request out.
func (g *guard) refuse(w http.ResponseWriter, r *http.Request, why *fault.Fault) {
	g.metrics.refuse(why.Code)
	refuse(w, r, problemOf(why))
}

// goesBy says whether the Host header is one of our names. Addresses and the
// machine's name change with the network, so they are looked at each time. An
// address is ours when the connection itself ends there: no name that somebody
// lets point at it will do.
func (g *guard) goesBy(r *http.Request) bool {
	asked := strings.ToLower(r.Host)
	switch {
	case g.hosts[asked]:
		return true
	case g.anyPort == "":
		return false
	}
	host, port, err := net.SplitHostPort(asked)
	if err != nil { // clients leave port 80 out
		host, port = strings.Trim(asked, "[]"), "80"
	}
	if port != g.anyPort {
		return false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return plain(ip) == reached(r)
	}
	name, err := os.Hostname()
	if err != nil || name == "" {
		return false
	}
	name = strings.ToLower(name)
	short, _, _ := strings.Cut(name, ".")
	return host == name || host == short || host == short+".local"
}

// address is where the client of a request finds us.
func (g *guard) address(r *http.Request) string {
	switch ip := reached(r); {
	case g.anyPort == "":
		return g.listen
	case ip.IsValid():
		return net.JoinHostPort(ip.String(), g.anyPort)
	}
	return net.JoinHostPort("127.0.0.1", g.anyPort)
}

// reached is the address of this machine that a connection has come in at.
func reached(r *http.Request) netip.Addr {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return plain(local.AddrPort().Addr())
}

// plain writes an address in one way: browsers name no zone.
func plain(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }

// ownOrigin says whether a request comes from this server's own page, or from
// no page: programs send neither header. The one thing another site may do is
// to link to the page, which a browser marks as a navigation of a whole tab.
func ownOrigin(r *http.Request) bool {
	for _, origin := range r.Header.Values("Origin") {
		scheme, host, _ := strings.Cut(origin, "://")
		if (scheme != "http" && scheme != "https") || !strings.EqualFold(host, r.Host) {
			return false
		}
	}
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "same-origin" && !opensPage(r) {
			return false
		}
	}
	return true
}

func opensPage(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Path == "/" &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// cookieName holds what proves that the page was opened with the token. It is
// derived from the token, since browsers send a host's cookies to every port.
const cookieName = "sluice_page"

// admit asks for the token. The page is opened once as /?token=..., which
// leaves a cookie and the address bar clean.
func (g *guard) admit(w http.ResponseWriter, r *http.Request) bool {
	atPage := r.URL.Path == "/" && r.Method == http.MethodGet
	scheme, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case strings.EqualFold(scheme, "bearer") && same(strings.TrimSpace(bearer), g.token):
		if atPage {
			g.setCookie(w, r)
		}
		return true
	case atPage && r.URL.Query().Has("token") && same(r.URL.Query().Get("token"), g.token):
		g.setCookie(w, r)
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return false
	case g.hasCookie(r):
		return true
	}
	if bearer != "" || len(r.CookiesNamed(cookieName)) > 0 || atPage && r.URL.Query().Has("token") {
		g.brake.hold(r) // somebody may be guessing; who sends nothing is not
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="sluice"`)
	g.refuse(w, r, fault.New(fault.TokenRequired, "The token is missing or wrong.", nil))
	return false
}

func (g *guard) setCookie(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: g.pass(), Path: "/",
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
}

func (g *guard) hasCookie(r *http.Request) bool {
	for _, c := range r.CookiesNamed(cookieName) {
		if same(c.Value, g.pass()) {
			return true
		}
	}
	return false
}

func (g *guard) pass() string {
	mac := hmac.New(sha256.New, []byte(g.token))
	mac.Write([]byte("sluice page"))
	return hex.EncodeToString(mac.Sum(nil))
}

// same compares in a time that tells nothing about the secret, not even its
// length.
func same(got, want string) bool {
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
