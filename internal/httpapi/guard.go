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

	// CheckSource overrides the check of paths: Under(Roots) beyond loopback,
	// none on loopback.
	CheckSource func(path string) error
}

// Guard wraps the routes for a TCP listener: any page in any browser on this
// machine can reach it, so it answers only requests that name this host, come
// from its own page or from no page at all, and know the token if there is
// one. It does not build an open door beyond loopback.
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
	g := &guard{routes: routes, hosts: hosts(host, port, cfg.Hosts), token: cfg.Token, check: cfg.CheckSource}
	if g.check == nil && !local {
		g.check = Under(cfg.Roots)
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
	routes http.Handler
	hosts  map[string]bool
	token  string
	check  func(path string) error
}

// ServeHTTP lets a request through, or says why not.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	switch {
	case !g.hosts[strings.ToLower(r.Host)]:
		writeProblem(w, problemOf(fault.New(fault.HostRefused, "This server does not go by that name.", nil)))
		return
	case !ownOrigin(r):
		writeProblem(w, problemOf(fault.New(fault.OriginRefused, "Another web site may not use Sluice.", nil)))
		return
	case g.token != "":
		if !g.admit(w, r) {
			return
		}
	}
	if g.check != nil {
		r = r.WithContext(context.WithValue(r.Context(), sourceKey{}, g.check))
	}
	g.routes.ServeHTTP(w, r)
}

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
	w.Header().Set("WWW-Authenticate", `Bearer realm="sluice"`)
	writeProblem(w, problemOf(fault.New(fault.TokenRequired, "The token is missing or wrong.", nil)))
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
