package netguard_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"sluice/internal/netguard"
)

func TestAnAddressIsJudgedByItsLooks(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		url   string
		allow []string
		why   string // part of the refusal; "" = it may be talked to
	}{
		"a name on the web":                            {"https://media.example.com/a.mp4", nil, ""},
		"a public address":                             {"http://93.184.216.34/a.mp4", nil, ""},
		"a public address of version 6":                {"http://[2606:2800:220:1::1]/a.mp4", nil, ""},
		"a high port":                                  {"http://media.example.com:8080/a.mp4", nil, ""},
		"the port of mail":                             {"http://media.example.com:25/", nil, "port 25"},
		"a port of mail that is allowed":               {"http://media.example.com:25/", []string{"media.example.com:25"}, ""},
		"port 0":                                       {"http://media.example.com:0/", nil, "port that is none"},
		"a port beyond all":                            {"http://media.example.com:70000/", nil, "port that is none"},
		"another scheme":                               {"ftp://media.example.com/a.mp4", nil, "only http and https"},
		"a file":                                       {"file:///etc/passwd", nil, "only http and https"},
		"no server":                                    {"http:///a.mp4", nil, "no server"},
		"a password":                                   {"https://ann:secret@media.example.com/a.mp4", nil, "password"},
		"loopback":                                     {"http://127.0.0.1/", nil, "own network"},
		"loopback as one number":                       {"http://2130706433/", nil, "a number"},
		"loopback in hex":                              {"http://0X7f000001/", nil, "a number"},
		"loopback in hex without a digit":              {"http://127.0x/", nil, "a number"},
		"loopback in octal":                            {"http://0177.0.0.1/", nil, "a number"},
		"loopback cut short":                           {"http://127.1/", nil, "a number"},
		"loopback with a dot behind":                   {"http://127.0.0.1./", nil, "a number"},
		"a number that is allowed":                     {"http://127.1/", []string{"127.1"}, ""},
		"a name with numbers":                          {"http://1.2.3.4.example.com/a.mp4", nil, ""},
		"another address of loopback":                  {"http://127.9.9.9/", nil, "own network"},
		"loopback of version 6":                        {"http://[::1]/", nil, "own network"},
		"unspecified":                                  {"http://0.0.0.0/", nil, "own network"},
		"unspecified of version 6":                     {"http://[::]/", nil, "own network"},
		"this network":                                 {"http://0.1.2.3/", nil, "own network"},
		"private 10":                                   {"http://10.1.2.3/", nil, "own network"},
		"private 172.16":                               {"http://172.31.255.255/", nil, "own network"},
		"just beyond private 172.16":                   {"http://172.32.0.1/", nil, ""},
		"private 192.168":                              {"http://192.168.0.1/", nil, "own network"},
		"a provider's translation":                     {"http://100.64.0.1/", nil, "own network"},
		"just beyond a provider's translation":         {"http://100.128.0.1/", nil, ""},
		"cloud metadata":                               {"http://169.254.169.254/latest/meta-data/", nil, "own network"},
		"multicast":                                    {"http://224.0.0.1/", nil, "own network"},
		"broadcast":                                    {"http://255.255.255.255/", nil, "own network"},
		"benchmarks":                                   {"http://198.19.0.1/", nil, "own network"},
		"a mapped loopback":                            {"http://[::ffff:127.0.0.1]/", nil, "own network"},
		"a mapped private address":                     {"http://[::ffff:a00:1]/", nil, "own network"},
		"a compatible loopback":                        {"http://[::127.0.0.1]/", nil, "own network"},
		"link-local of version 6":                      {"http://[fe80::1]/", nil, "own network"},
		"link-local of version 6 with a zone":          {"http://[fe80::1%25eth0]/", nil, "own network"},
		"a public address with a zone":                 {"http://[2606:2800:220:1::1%25eth0]/", nil, "own network"},
		"unique local":                                 {"http://[fd00::1]/", nil, "own network"},
		"old site-local":                               {"http://[fec0::1]/", nil, "own network"},
		"multicast of version 6":                       {"http://[ff02::1]/", nil, "own network"},
		"a private address behind a translating relay": {"http://[64:ff9b::10.0.0.1]/", nil, "own network"},
		"a public address behind a translating relay":  {"http://[64:ff9b::93.184.216.34]/", nil, ""},
		"a relay of one's own":                         {"http://[64:ff9b:1::a00:1]/", nil, "own network"},
		"6to4 around loopback":                         {"http://[2002:7f00:1::]/", nil, "own network"},
		"Teredo":                                       {"http://[2001:0:4136:e378::1]/", nil, "own network"},
		"this machine's own public address":            {"http://93.184.216.99/", nil, "is this machine"},
		"this machine by a mapped address":             {"http://[::ffff:93.184.216.99]/", nil, "is this machine"},
		"an allowed address":                           {"http://192.168.0.7:8080/", []string{"192.168.0.7"}, ""},
		"an allowed address at another port":           {"http://192.168.0.7:8080/", []string{"192.168.0.7:9090"}, "own network"},
		"an allowed address at its port":               {"http://192.168.0.7:9090/", []string{"192.168.0.7:9090"}, ""},
		"an allowed network":                           {"http://192.168.5.7/", []string{"192.168.0.0/16"}, ""},
		"an allowed network, mapped":                   {"http://[::ffff:192.168.5.7]/", []string{"192.168.0.0/16"}, ""},
		"beside an allowed network":                    {"http://10.0.0.1/", []string{"192.168.0.0/16"}, "own network"},
		"an allowed address of version 6":              {"http://[fd00::7]:80/", []string{"[fd00::7]:80"}, ""},
		"an allowed name, spelt otherwise":             {"http://NAS.local.:22/", []string{"nas.local"}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := guard(t, netguard.Config{Allow: tt.allow})
			u, err := url.Parse(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			err = g.Check(u)
			var refused *netguard.Refused
			switch {
			case tt.why == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.why == "":
			case !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.why):
				t.Errorf("got %v, want a refusal with %q", err, tt.why)
			case strings.Contains(err.Error(), "secret"):
				t.Errorf("the refusal tells a password: %v", err)
			}
		})
	}
}

func TestWhatIsNoPlaceCannotBeAllowed(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"", "http://nas.local", "nas.local/video", "ann@nas", "10.0.0.0/99", "a b"} {
		if _, err := netguard.New(netguard.Config{Allow: []string{place}}); err == nil {
			t.Errorf("%q is allowed", place)
		}
	}
}

func TestANameIsJudgedByWhereItLeads(t *testing.T) {
	t.Parallel()
	site := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "in") })
	resolver := names(t, map[string]string{"inside.example.com": "127.0.0.1", "cloud.example.com": "169.254.169.254"})
	tests := map[string]struct {
		host  string
		allow []string
		open  bool
	}{
		"a name that leads to this machine":    {"inside.example.com", nil, false},
		"a name that leads to cloud metadata":  {"cloud.example.com", nil, false},
		"the name is allowed":                  {"inside.example.com", []string{"inside.example.com"}, true},
		"the network it leads to is allowed":   {"inside.example.com", []string{"127.0.0.0/8"}, true},
		"another name is allowed, not the net": {"inside.example.com", []string{"other.example.com"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := guard(t, netguard.Config{Allow: tt.allow, Resolver: resolver})
			body, err := get(t, g, "http://"+net.JoinHostPort(tt.host, site.Port())+"/")
			var refused *netguard.Refused
			switch {
			case tt.open && (err != nil || body != "in"):
				t.Errorf("got %q, %v", body, err)
			case !tt.open && !errors.As(err, &refused):
				t.Errorf("got %q, %v; want a refusal", body, err)
			}
		})
	}
}

func TestEachRedirectIsChecked(t *testing.T) {
	t.Parallel()
	var inside *url.URL
	reached := make(chan string, 10)
	inside = serve(t, func(_ http.ResponseWriter, r *http.Request) { reached <- r.URL.Path })
	site := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/inside":
			http.Redirect(w, r, "http://"+net.JoinHostPort("inside.example.com", inside.Port())+"/secret", http.StatusFound)
		case "/address":
			http.Redirect(w, r, "http://[::1]:"+inside.Port()+"/secret", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/password":
			http.Redirect(w, r, "http://a:b@"+r.Host+"/end", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/five":
			http.Redirect(w, r, "/four", http.StatusFound)
		case "/four", "/three", "/two", "/one":
			next := map[string]string{"/four": "/three", "/three": "/two", "/two": "/one", "/one": "/end"}
			http.Redirect(w, r, next[r.URL.Path], http.StatusFound)
		case "/end":
			_, _ = io.WriteString(w, "end"+r.Header.Get("Referer"))
		}
	})
	g := guard(t, netguard.Config{
		Allow:    []string{"site.example.com"},
		Resolver: names(t, map[string]string{"site.example.com": "127.0.0.1", "inside.example.com": "127.0.0.1"}),
	})
	base := "http://" + net.JoinHostPort("site.example.com", site.Port())
	for _, path := range []string{"/inside", "/address", "/file", "/password", "/round"} {
		var refused *netguard.Refused
		if body, err := get(t, g, base+path); !errors.As(err, &refused) {
			t.Errorf("%s: got %q, %v; want a refusal", path, body, err)
		}
	}
	if body, err := get(t, g, base+"/five?token=secret"); err != nil || body != "end" {
		t.Errorf("five redirects: got %q, %v", body, err)
	}
	select {
	case path := <-reached:
		t.Errorf("a redirect has reached %s", path)
	default:
	}
}

func TestNoProxyIsUsed(t *testing.T) { //nolint:paralleltest // the environment is one for all
	reached := make(chan struct{}, 1)
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { reached <- struct{}{} })
	t.Setenv("HTTP_PROXY", proxy.String())
	t.Setenv("http_proxy", proxy.String())
	g := guard(t, netguard.Config{Resolver: names(t, map[string]string{"inside.example.com": "10.0.0.1"})})
	if _, err := get(t, g, "http://inside.example.com/"); err == nil {
		t.Error("there was an answer")
	}
	select {
	case <-reached:
		t.Error("the proxy was asked")
	default:
	}
}

func guard(t *testing.T, cfg netguard.Config) *netguard.Guard {
	t.Helper()
	cfg.Own = func() []netip.Addr { return []netip.Addr{netip.MustParseAddr("93.184.216.99")} }
	g, err := netguard.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func serve(t *testing.T, h http.HandlerFunc) *url.URL {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func get(t *testing.T, g *netguard.Guard, address string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := g.Client()
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

// names is a resolver that knows these names and no others: a small name server
// answers behind it.
func names(t *testing.T, known map[string]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = conn.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if out := reply(buf[:n], known); out != nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func reply(query []byte, known map[string]string) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	ip, err := netip.ParseAddr(known[strings.TrimSuffix(q.Name.String(), ".")])
	switch {
	case err != nil:
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
			Body:   &dnsmessage.AResource{A: ip.As4()},
		}}
	}
	out, err := m.Pack()
	if err != nil {
		return nil
	}
	return out
}
