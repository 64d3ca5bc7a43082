package update_test

import (
	"encoding/json"
	"net/url"
	"path"
	"strings"
	"testing"
	"unicode"

	"sluice/internal/update"
)

func TestWhichVersionIsNewer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		version, release string
		newer            bool
	}{
		"a later patch":                      {"1.2.0", "1.2.1", true},
		"a later minor version":              {"v1.2.9", "v1.3.0", true},
		"by numbers, not by letters":         {"1.9.0", "1.10.0", true},
		"a later major version":              {"v1.2.0", "2.0.0", true},
		"with or without a v":                {"v1.2.0", "1.2.0", false},
		"the same":                           {"v1.2.0", "v1.2.0", false},
		"an older one":                       {"1.3.0", "1.2.9", false},
		"what comes after a release to try":  {"v1.3.0-rc.1", "v1.3.0", true},
		"what comes before a release to try": {"v1.3.0-rc.1", "v1.2.9", false},
		"the same, built again":              {"v1.3.0", "v1.3.0+2", false},
		"of a build between releases":        {"v1.2.0-4-gabcdef0", "v1.3.0", false},
		"of a build with changes":            {"v1.2.0-dirty", "v1.3.0", false},
		"of a build after a release to try":  {"v1.3.0-rc.1-3-gabcdef0", "v1.3.0", false},
		"of a bare commit":                   {"1234567", "v2000000.0.0", false},
		"of a build without a name":          {"dev", "v1.3.0", false},
		"a release of one number":            {"1.2.0", "v2", false},
		"a release of two numbers":           {"1.2.0", "2.0", false},
		"a release that is no version":       {"1.2.0", "latest", false},
		"a release with a zero before it":    {"1.2.0", "02.0.0", false},
		"numbers without an end":             {"1.2.0", strings.Repeat("9", 30) + ".0.0", true},
		"numbers that go too far":            {"1.2.0", strings.Repeat("9", 50) + ".0.0", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := update.Before(tt.version, tt.release); got != tt.newer {
				t.Errorf("%s to %s: %v", tt.version, tt.release, got)
			}
		})
	}
}

func TestAFeedLeadsToItsOwnPagesOnly(t *testing.T) {
	t.Parallel()
	const (
		github = "https://api.github.com/repos/sluice-app/sluice/releases/latest"
		fork   = "https://api.github.com/repos/Ann/sluice.next/releases/latest"
		mirror = "https://mirror.example/sluice/latest.json"
		high   = "https://mirror.example:8443/latest.json"
		plain  = "http://127.0.0.1:9000/latest.json"
	)
	for name, tt := range map[string]struct {
		feed, page string
		ok         bool
	}{
		"its own server":                        {mirror, "https://mirror.example/notes/1.3.0.html?lang=en", true},
		"its own server, spelt otherwise":       {mirror, "https://Mirror.Example:443/notes/", true},
		"its own server's start":                {mirror, "https://mirror.example/", true},
		"its own server's bare name":            {mirror, "https://mirror.example", true},
		"its own server at another port":        {mirror, "https://mirror.example:8443/", false},
		"its own server without encryption":     {mirror, "http://mirror.example/", false},
		"from a high port to the usual one":     {high, "https://mirror.example/notes", true},
		"from a high port to the same":          {high, "https://mirror.example:8443/notes", true},
		"on this machine":                       {plain, "http://127.0.0.1:9000/notes", true},
		"on this machine, another program":      {plain, "http://127.0.0.1:631/admin", false},
		"on this machine, by another name":      {plain, "http://localhost:9000/", false},
		"a name below":                          {mirror, "https://www.mirror.example/", false},
		"a name above":                          {"https://a.mirror.example/x", "https://mirror.example/", false},
		"a name that ends like it":              {mirror, "https://evil-mirror.example/", false},
		"a name that begins like it":            {mirror, "https://mirror.example.evil.example/", false},
		"a password that looks like it":         {mirror, "https://mirror.example@evil.example/", false},
		"a password at its own server":          {mirror, "https://a:b@mirror.example/", false},
		"a backslash":                           {mirror, `https://evil.example\@mirror.example/`, false},
		"a packed backslash":                    {mirror, `https://mirror.example/%5C..%5Cevil`, false},
		"another way to it":                     {mirror, "ftp://mirror.example/", false},
		"an address that names no server":       {mirror, "https:mirror.example", false},
		"a script":                              {mirror, "javascript://mirror.example/%0aalert(1)", false},
		"no way at all":                         {mirror, "//mirror.example/", false},
		"a path alone":                          {mirror, "/notes", false},
		"a break":                               {mirror, "https://mirror.example/\nhttps://evil.example/", false},
		"a blank":                               {mirror, "https://mirror.example/a b", false},
		"letters that look alike":               {mirror, "https://mіrror.example/", false},
		"letters that turn round":               {mirror, "https://mirror.example/\u202e", false},
		"quotation marks":                       {mirror, `https://mirror.example/"><b>`, false},
		"an address without an end":             {mirror, "https://mirror.example/" + strings.Repeat("x", 500), false},
		"the project's releases":                {mirror, "https://github.com/sluice-app/sluice/releases/tag/v1.3.0", true},
		"the list of the project's releases":    {mirror, "https://github.com/sluice-app/sluice/releases", true},
		"the project's other pages":             {mirror, "https://github.com/sluice-app/sluice/issues/1", false},
		"a project whose name begins like it":   {mirror, "https://github.com/sluice-app/sluice-evil/releases/tag/v1.3.0", false},
		"releases whose name only begins so":    {mirror, "https://github.com/sluice-app/sluice/releases-evil", false},
		"the project without encryption":        {mirror, "http://github.com/sluice-app/sluice/releases", false},
		"out of the project by dots":            {mirror, "https://github.com/sluice-app/sluice/releases/../../../evil/evil/releases", false},
		"out of the project by packed dots":     {mirror, "https://github.com/sluice-app/sluice/releases/%2e%2e/%2E./../evil", false},
		"out of the project by a packed slash":  {mirror, "https://github.com/sluice-app/sluice/releases/..%2f..%2f..%2fevil", false},
		"GitHub's own feed":                     {github, "https://github.com/sluice-app/sluice/releases/tag/v1.3.0", true},
		"GitHub's own feed, another repository": {github, "https://github.com/evil/evil/releases/tag/v1.3.0", false},
		"GitHub's own feed, an archive":         {github, "https://api.github.com/repos/evil/evil/zipball/v1.3.0", false},
		"a fork's feed":                         {fork, "https://github.com/ann/Sluice.Next/releases/tag/v1.3.0", true},
		"a fork's feed, the project":            {fork, "https://github.com/sluice-app/sluice/releases/tag/v1.3.0", true},
		"a fork's feed, another of its owner":   {fork, "https://github.com/ann/other/releases/tag/v1.3.0", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := update.CheckFrom(update.Release{Version: "1.3.0", URL: tt.page}, tt.feed)
			if (err == nil) != tt.ok {
				t.Errorf("%s from %s: %v", tt.page, tt.feed, err)
			}
		})
	}
}

// What GitHub answers is not needed to know where it shows a release.
func TestGitHubsPageIsMadeFromTheVersion(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{"v1.3.0": "1.3.0", "1.3.0": "1.3.0", "v1.3.0+5": "1.3.0"} {
		body := `{"tag_name":"` + tag + `","html_url":"https://evil.example/"}`
		r, err := update.Parse("https://api.github.com/repos/Ann/sluice.next/releases/latest", []byte(body))
		if page := "https://github.com/Ann/sluice.next/releases/tag/" + tag; err != nil || r.Version != want || r.URL != page {
			t.Errorf("%s: %+v, %v", tag, r, err)
		}
	}
}

func FuzzAFeedCannotLeadElsewhere(f *testing.F) {
	feeds := []string{
		"https://api.github.com/repos/sluice-app/sluice/releases/latest", "https://mirror.example/latest.json",
		"http://127.0.0.1:9000/x", "https://[::1]:8443/x",
	}
	for i, feed := range feeds {
		for _, page := range []string{
			"https://github.com/sluice-app/sluice/releases/tag/v1.3.0", feed, "https://mirror.example:8443/../x", `https://a\@mirror.example/`, "javascript:1",
			"https://mirror.example/%2e%2e/x#y", "https://[::1]:8443/a?b=%00", "HTTP://127.0.0.1:9000//x",
		} {
			body, err := json.Marshal(map[string]string{"tag_name": "v1.3.0", "html_url": page})
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(i), body)
		}
		f.Add(uint8(i), []byte(`{"tag_name":"1.3.0-rc.1+x","draft":false}`))
		f.Add(uint8(i), []byte(`{"TAG_NAME":"v01.3.0","html_url":null,"prerelease":1}`))
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		feed := feeds[int(which)%len(feeds)]
		r, err := update.Parse(feed, body)
		if err != nil {
			if len(err.Error()) > 600 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if r == (update.Release{}) {
			return
		}
		if !update.Before("0.0.0", r.Version) && r.Version != "0.0.0" || strings.HasPrefix(r.Version, "v") || len(r.Version) > 40 {
			t.Errorf("%q is a version", r.Version)
		}
		if strings.ContainsFunc(r.URL+r.Version, func(c rune) bool {
			return c > '~' || unicode.IsControl(c) || unicode.IsSpace(c) || strings.ContainsRune("\\\"<>`", c)
		}) {
			t.Errorf("%q is no plain text", r.URL)
		}
		u, err := url.Parse(r.URL)
		if err != nil || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
			t.Fatalf("%q is no address: %v", r.URL, err)
		}
		from, err := url.Parse(feed)
		if err != nil {
			t.Fatal(err)
		}
		project := u.Host == "github.com" && strings.HasPrefix(strings.ToLower(path.Clean(u.Path))+"/", "/sluice-app/sluice/releases/")
		if !project && (which%uint8(len(feeds)) == 0 || !strings.EqualFold(u.Hostname(), from.Hostname())) {
			t.Errorf("%s leads to %s", feed, r.URL)
		}
		if err := update.CheckFrom(r, feed); err != nil {
			t.Errorf("what was told once is not told after a start: %v", err)
		}
	})
}
