// Package netguard is the way out to addresses that somebody else has named: a
// source on the web, a webhook. It lets nobody use this machine to reach what
// only this machine can reach - itself, its network, a cloud's own services -
// unless the user has named that place. It judges addresses; what comes from
// them it does not read.
package netguard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Guard knows which places may be talked to. It is safe for concurrent use.
type Guard struct {
	hosts    map[string]bool // as they are named: a name or an address, with a port or without
	networks []netip.Prefix
	dialer   net.Dialer
	own      func() []netip.Addr
}

// Config of a Guard; the zero value reaches the public network only.
type Config struct {
	Allow    []string            // places that may be reached all the same: a name, an address, either with a port, or a network such as 10.0.0.0/8
	Resolver *net.Resolver       // net.DefaultResolver
	Own      func() []netip.Addr // the addresses of this machine; asked of the system
	Connect  time.Duration       // 10s: how long a connection may take to come about
}

// Refused is a place that may not be talked to.
type Refused struct {
	Place string // for people: never with a query or a password
	Why   string // ends a sentence that begins with the place
}

// Error is the whole sentence.
func (r *Refused) Error() string { return r.Place + " " + r.Why }

// maxRedirects is how often a server may send us on.
const maxRedirects = 5

// New makes a guard. The error names the part of Allow that is none.
func New(cfg Config) (*Guard, error) {
	if cfg.Own == nil {
		cfg.Own = ownAddresses
	}
	if cfg.Connect == 0 {
		cfg.Connect = 10 * time.Second
	}
	g := &Guard{hosts: map[string]bool{}, own: cfg.Own}
	g.dialer = net.Dialer{Timeout: cfg.Connect, KeepAlive: 30 * time.Second, Resolver: cfg.Resolver}
	for _, place := range cfg.Allow {
		if network, err := netip.ParsePrefix(place); err == nil {
			g.networks = append(g.networks, network.Masked())
			continue
		}
		host, err := hostOf(place)
		if err != nil {
			return nil, fmt.Errorf("allow %q: %w", place, err)
		}
		g.hosts[host] = true
	}
	return g, nil
}

// hostOf writes a host, with a port or without, the way that New and Check
// compare them.
func hostOf(place string) (string, error) {
	host, port, err := net.SplitHostPort(place)
	if err != nil {
		host, port = strings.Trim(place, "[]"), ""
	}
	if port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "", errPlace
		}
	}
	if host == "" || strings.ContainsAny(host, "/@ ?#") || strings.Contains(host, ":") && net.ParseIP(host) == nil {
		return "", errPlace
	}
	return spelt(host, port), nil
}

var errPlace = errors.New("is no name, address or network")

func spelt(host, port string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
	}
	if port == "" {
		return host
	}
	return net.JoinHostPort(host, port)
}

// named says whether the user has allowed this very place.
func (g *Guard) named(host, port string) bool {
	return g.hosts[spelt(host, "")] || g.hosts[spelt(host, port)]
}

// Check says by its looks whether an address may be talked to, without asking
// anybody: where a name leads is found out when it is dialed. The error is a
// *Refused.
func (g *Guard) Check(u *url.URL) error {
	port := portOf(u)
	place := u.Hostname()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return &Refused{clip(u.Scheme), "is no way to reach it: only http and https are"}
	case place == "" || u.Opaque != "":
		return &Refused{"The address", "names no server"}
	case u.User != nil:
		return &Refused{"The address", "holds a name or password, which would be kept and shown"}
	}
	place = clip(place)
	n, err := strconv.Atoi(port)
	switch {
	case err != nil || n < 1 || n > 65535:
		return &Refused{place, "is named with a port that is none"}
	case g.named(u.Hostname(), port):
		return nil
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := g.judge(ip, place); err != nil {
			return err
		}
	}
	if number(u.Hostname()) {
		return &Refused{place, "is a number that some programs take for an address"}
	}
	if n < 1024 && n != 80 && n != 443 {
		return &Refused{place, "is named with port " + port + ", where no web server is"}
	}
	return nil
}

// number says whether a host is an address in another spelling than the usual
// one, such as 127.1 or 0x7f000001: resolvers differ in what they make of it,
// and no name on the web ends in a number.
func number(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	host = strings.TrimSuffix(host, ".")
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	if digits, hex := strings.CutPrefix(last, "0x"); hex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// Client makes a client that goes only where it may, wherever it is sent: each
// redirect is checked, and each address once its name is resolved. It uses no
// proxy, since that would resolve names by itself, and asks for nothing that a
// server would have to pack. A guarded client stores no cookies.
func (g *Guard) Client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            g.dial,
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  30 * time.Second,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: 256 << 10,
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			switch {
			case len(via) > maxRedirects:
				return &Refused{clip(via[0].URL.Hostname()), "sends from one address to the next without an end"}
			case via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https":
				return &Refused{clip(req.URL.Hostname()), "is where the address leads, but without encryption"}
			}
			req.Header.Del("Referer") // what is secret in a query stays with the server it was meant for
			return g.Check(req.URL)
		},
	}
}

// dial connects to a host when what its name stands for may be talked to. The
// check comes after the name is resolved and before the first byte: what is
// checked is what is connected to.
func (g *Guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	d := g.dialer
	if !g.named(host, port) {
		d.Control = func(_, resolved string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(resolved)
			if err != nil {
				return &Refused{clip(host), "has an address that cannot be judged"}
			}
			return g.judge(at.Addr(), clip(host))
		}
	}
	return d.DialContext(ctx, network, address)
}

// judge refuses an address that is not out on the public network.
func (g *Guard) judge(ip netip.Addr, place string) error {
	plain := ip.Unmap().WithZone("")
	for _, n := range g.networks {
		if n.Contains(plain) {
			return nil
		}
	}
	if inner, ok := translated(plain); ok {
		return g.judge(inner, place)
	}
	if !public(plain) || ip.Zone() != "" {
		return &Refused{place, "is on this machine or in its own network"}
	}
	for _, own := range g.own() {
		if own.Unmap().WithZone("") == plain {
			return &Refused{place, "is this machine"}
		}
	}
	return nil
}

func portOf(u *url.URL) string {
	switch port := u.Port(); {
	case port != "":
		return port
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// ownAddresses are those of this machine's network cards; none when the system
// does not say.
func ownAddresses() []netip.Addr {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []netip.Addr
	for _, a := range found {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok {
				out = append(out, ip)
			}
		}
	}
	return out
}

// clip makes a name that somebody sent fit for a sentence.
func clip(s string) string {
	const longest = 100
	if len(s) > longest {
		s = s[:longest]
	}
	return strings.Trim(strconv.QuoteToASCII(s), `"`)
}
