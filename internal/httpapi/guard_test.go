package httpapi_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/httpapi"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	const own = "127.0.0.1:7584"
	navigation := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	tests := map[string]struct {
		host, target, method string
		header               []string
		token                string
		hosts                []string
		status               int
	}{
		"a program":                            {status: 200},
		"localhost":                            {host: "LOCALHOST:7584", status: 200},
		"the IPv6 loopback":                    {host: "[::1]:7584", status: 200},
		"another name":                         {host: "evil.example:7584", status: 421},
		"a name that begins like ours":         {host: "127.0.0.1.evil.example:7584", status: 421},
		"another port":                         {host: "127.0.0.1:80", status: 421},
		"no port":                              {host: "127.0.0.1", status: 421},
		"a configured name":                    {host: "mac.local:7584", hosts: []string{"mac.local"}, status: 200},
		"a configured name with another port":  {host: "mac.local:443", hosts: []string{"mac.local"}, status: 421},
		"a configured name with a port":        {host: "mac.local:443", hosts: []string{"Mac.local:443"}, status: 200},
		"our own page":                         {header: []string{"Origin", "http://" + own, "Sec-Fetch-Site", "same-origin"}, status: 200},
		"our page by another of our names":     {header: []string{"Origin", "http://localhost:7584"}, status: 403},
		"another origin":                       {header: []string{"Origin", "http://evil.example"}, status: 403},
		"another port's origin":                {header: []string{"Origin", "http://127.0.0.1:3000"}, status: 403},
		"an origin of null":                    {header: []string{"Origin", "null"}, status: 403},
		"another scheme's origin":              {header: []string{"Origin", "ftp://" + own}, status: 403},
		"a foreign origin that POSTs":          {method: "POST", target: "/process", header: []string{"Origin", "http://evil.example"}, status: 403},
		"a cross-site GET":                     {header: []string{"Sec-Fetch-Site", "cross-site"}, status: 403},
		"a same-site GET":                      {header: []string{"Sec-Fetch-Site", "same-site"}, status: 403},
		"an address that somebody typed":       {header: []string{"Sec-Fetch-Site", "none"}, status: 403},
		"a link to the page":                   {target: "/", header: navigation, status: 200},
		"a link to the page from no origin":    {target: "/", header: append([]string{"Origin", "null"}, navigation...), status: 403},
		"a link to anything else":              {header: navigation, status: 403},
		"the page in a frame":                  {target: "/", header: []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, status: 403},
		"the page fetched by a script":         {target: "/", header: []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "empty"}, status: 403},
		"a form that POSTs to the page":        {target: "/", method: "POST", header: navigation, status: 403},
		"no token where one is wanted":         {token: "T", status: 401},
		"no token for the page":                {token: "T", target: "/", status: 401},
		"a wrong token":                        {token: "T", header: []string{"Authorization", "Bearer t"}, status: 401},
		"a token under another scheme":         {token: "T", header: []string{"Authorization", "Basic T"}, status: 401},
		"the token":                            {token: "T", header: []string{"Authorization", "bearer T"}, status: 200},
		"a made-up cookie":                     {token: "T", header: []string{"Cookie", "sluice_page=T"}, status: 401},
		"the page opened with the token":       {token: "T", target: "/?token=T", status: 303},
		"the page opened with a wrong token":   {token: "T", target: "/?token=U", status: 401},
		"a token in another address":           {token: "T", target: "/healthz?token=T", status: 401},
		"the token does not excuse the origin": {token: "T", header: []string{"Authorization", "Bearer T", "Origin", "http://evil.example"}, status: 403},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := guarded(t, newWorld(t), httpapi.GuardConfig{Listen: own, Token: tt.token, Hosts: tt.hosts})
			r := httptest.NewRequestWithContext(t.Context(), or(tt.method, "GET"), or(tt.target, "/healthz"), http.NoBody)
			r.Host = or(tt.host, own)
			for i := 0; i < len(tt.header); i += 2 {
				r.Header.Add(tt.header[i], tt.header[i+1])
			}
			res := serve(h, r)
			if res.Code != tt.status {
				t.Fatalf("status %d, want %d: %s", res.Code, tt.status, res.Body)
			}
			if tt.status >= 400 {
				checkProblem(t, res)
			}
			for name := range res.Header() {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("header %s", name)
				}
			}
			if cookie := res.Header().Get("Set-Cookie"); (tt.status == 303) != (cookie != "") {
				t.Errorf("cookie %q", cookie)
			}
		})
	}
}

// A page elsewhere can send what has no body without asking first.
func TestAnotherSiteSteersNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := guarded(t, w, httpapi.GuardConfig{Listen: "127.0.0.1:7584"})
	for _, call := range []string{
		"POST /api/v1/jobs/d1/retry", "POST /api/v1/jobs/q1/hold", "POST /api/v1/jobs/q1/release", "POST /api/v1/jobs/q1/cancel",
		"POST /api/v1/jobs/q1/move", "POST /api/v1/jobs/q1/priority", "POST /api/v1/jobs/clear", "DELETE /api/v1/jobs/d1", "DELETE /api/v1/notices/n1",
		"GET /api/v1/search?q=ferry", "GET /api/v1/jobs/d1/history",
	} {
		for _, header := range [][2]string{{"Origin", "http://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}} {
			method, target, _ := strings.Cut(call, " ")
			r := httptest.NewRequestWithContext(t.Context(), method, target, http.NoBody)
			r.Host = "127.0.0.1:7584"
			r.Header.Set(header[0], header[1])
			res := serve(h, r)
			if res.Code != http.StatusForbidden || len(w.desk.steered) > 0 {
				t.Errorf("%s with %s: status %d, the desk did %q", call, header, res.Code, w.desk.steered)
			}
		}
	}
}

func TestADoorOnEveryAddressGoesByAllOfThem(t *testing.T) {
	t.Parallel()
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	short, _, _ := strings.Cut(name, ".")
	tests := map[string]struct {
		listen, reached, host string
		status                int
		hint                  string
	}{
		"the address it was reached at":           {"0.0.0.0:8000", "192.168.1.5", "192.168.1.5:8000", 200, ""},
		"the same on all of IPv6":                 {"[::]:8000", "192.168.1.5", "192.168.1.5:8000", 200, ""},
		"the same without an address at all":      {":8000", "192.168.1.5", "192.168.1.5:8000", 200, ""},
		"an IPv4 address as IPv6 writes it":       {"[::]:8000", "::ffff:192.168.1.5", "192.168.1.5:8000", 200, ""},
		"an IPv6 address":                         {"[::]:8000", "fd00::5", "[fd00:0::5]:8000", 200, ""},
		"an IPv6 address of one network":          {"[::]:8000", "fe80::5%en0", "[fe80::5]:8000", 200, ""},
		"loopback":                                {"0.0.0.0:8000", "127.0.0.1", "localhost:8000", 200, ""},
		"the machine's name":                      {"0.0.0.0:8000", "192.168.1.5", strings.ToUpper(name) + ":8000", 200, ""},
		"the machine's name in the local network": {"0.0.0.0:8000", "192.168.1.5", short + ".local:8000", 200, ""},
		"the machine's name alone":                {"0.0.0.0:8000", "192.168.1.5", short + ":8000", 200, ""},
		"port 80, which clients leave out":        {"0.0.0.0:80", "192.168.1.5", "192.168.1.5", 200, ""},
		"port 80 by an IPv6 address":              {"[::]:80", "fd00::5", "[fd00::5]", 200, ""},
		"another port":                            {"0.0.0.0:8000", "192.168.1.5", "192.168.1.5:7584", 421, "http://192.168.1.5:8000."},
		"no port":                                 {"0.0.0.0:8000", "192.168.1.5", "192.168.1.5", 421, "http://192.168.1.5:8000."},
		"another address":                         {"0.0.0.0:8000", "192.168.1.5", "192.168.1.6:8000", 421, "http://192.168.1.5:8000."},
		"another name":                            {"[::]:8000", "fd00::5", "evil.example:8000", 421, "http://[fd00::5]:8000."},
		"an address that begins like ours":        {"0.0.0.0:8000", "192.168.1.5", "192.168.1.5.evil.example:8000", 421, "http://192.168.1.5:8000."},
		"no way to know the address":              {"0.0.0.0:8000", "", "192.168.1.5:8000", 421, "http://127.0.0.1:8000."},
		"a door on one address only":              {"192.168.1.5:8000", "192.168.1.5", short + ".local:8000", 421, "http://192.168.1.5:8000."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := guarded(t, newWorld(t), httpapi.GuardConfig{Listen: tt.listen, Token: "T"})
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/healthz", http.NoBody)
			if tt.reached != "" {
				local := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(tt.reached), 8000))
				r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local))
			}
			r.Host = tt.host
			r.Header.Set("Authorization", "Bearer T")
			res := serve(h, r)
			if res.Code != tt.status || !strings.Contains(res.Body.String(), tt.hint) {
				t.Errorf("status %d, want %d with %s: %s", res.Code, tt.status, tt.hint, res.Body)
			}
		})
	}
}

func TestAServerOnEveryAddressAnswersFromEach(t *testing.T) {
	t.Parallel()
	at := listening(t, "0.0.0.0:0", func(at string) http.Handler {
		return guarded(t, newWorld(t), httpapi.GuardConfig{Listen: at, Token: "T"})
	})
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, a := range own {
		ip, ok := a.(*net.IPNet)
		if !ok || ip.IP.To4() == nil {
			continue
		}
		_, port, _ := net.SplitHostPort(at)
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+net.JoinHostPort(ip.IP.String(), port)+"/healthz", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer T")
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != 200 {
			t.Errorf("%s: status %d", ip.IP, res.StatusCode)
		}
	}
}

func TestThePagesCookieOpensTheRoutes(t *testing.T) {
	t.Parallel()
	h := guarded(t, newWorld(t), httpapi.GuardConfig{Listen: "127.0.0.1:7584", Token: "T"})
	open := httptest.NewRequestWithContext(t.Context(), "GET", "/", http.NoBody)
	open.Host = "127.0.0.1:7584"
	open.Header.Set("Authorization", "Bearer T")
	res := serve(h, open)
	cookies := res.Result().Cookies()
	if res.Code != 200 || len(cookies) != 1 {
		t.Fatalf("status %d, cookies %v", res.Code, cookies)
	}
	c := cookies[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || strings.Contains(c.Value, "T") {
		t.Errorf("cookie %+v", c)
	}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/healthz", http.NoBody)
	r.Host = "127.0.0.1:7584"
	r.AddCookie(c)
	if res := serve(h, r); res.Code != 200 {
		t.Errorf("status %d", res.Code)
	}
}

func TestADoorBeyondLoopbackNeedsAToken(t *testing.T) {
	t.Parallel()
	for listen, ok := range map[string]bool{
		"127.0.0.1:1": true, "localhost:1": true, "[::1]:1": true, "127.9.9.9:1": true,
		"0.0.0.0:1": false, "[::]:1": false, ":1": false, "192.168.1.5:1": false, "mac.local:1": false, "nonsense": false,
	} {
		_, err := httpapi.Guard(httpapi.GuardConfig{Listen: listen}, http.NotFoundHandler())
		if (err == nil) != ok || (err != nil && !fault.Is(err, fault.SettingInvalid)) {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

func TestBeyondLoopbackPathsLieUnderTheRoots(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, outside := filepath.Join(dir, "root"), filepath.Join(dir, "root-not")
	for _, d := range []string{root, outside} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d, "a.mp4"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"out": outside, "in": root} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t)
	h := guarded(t, w, httpapi.GuardConfig{Listen: "192.168.1.5:7584", Token: "T", Roots: []string{root}})
	for source, want := range map[string]string{
		root + "/a.mp4":                 "job",
		root + "/in/a.mp4":              "job",
		"upload:X":                      "job",
		root + "/none.mp4":              "source_missing",
		root + "/out/a.mp4":             "source_denied",
		root + "/out/none.mp4":          "source_denied",
		outside + "/a.mp4":              "source_denied",
		outside + "/none.mp4":           "source_denied",
		root + "/../root-not/a.mp4":     "source_denied",
		"/etc/passwd":                   "source_denied",
		root + "/out/../root/../../etc": "source_",
	} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/jobs", strings.NewReader(`{"source":"`+source+`"}`))
		r.Host = "192.168.1.5:7584"
		r.Header.Set("Authorization", "Bearer T")
		if res := serve(h, r); !strings.Contains(res.Body.String(), want) {
			t.Errorf("%s: no %s in %s", source, want, res.Body)
		}
	}
	drop := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/drop", strings.NewReader(`{"paths":["/etc","`+root+`/a.mp4"]}`))
	drop.Host = "192.168.1.5:7584"
	drop.Header.Set("Authorization", "Bearer T")
	res := serve(h, drop)
	if !strings.Contains(res.Body.String(), `"path":"/etc","name":"etc","code":"source_denied"`) || !strings.Contains(res.Body.String(), `"title":"`+root+`/a.mp4"`) {
		t.Errorf("a drop from outside the roots: %s", res.Body)
	}
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/jobs", strings.NewReader(`{"source":"/etc/passwd"}`))
	if res := serve(w.routes, r); res.Code != 202 {
		t.Errorf("the window is not bound to the roots: %s", res.Body)
	}
}

func guarded(t *testing.T, w *world, cfg httpapi.GuardConfig) http.Handler {
	t.Helper()
	h, err := httpapi.Guard(cfg, w.routes)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
