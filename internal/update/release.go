package update

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"

	"golang.org/x/mod/semver"
)

// Release is one that a feed tells of; the zero value is none.
type Release struct {
	Version string `json:"version"` // three numbers, such as 1.3.0
	URL     string `json:"url"`     // of the page that tells of it
}

const (
	mostVersion = 40
	mostURL     = 500

	// project is where the releases of Sluice lie.
	project = "/sluice-app/sluice"
)

// parse reads the answer of a feed. A draft and a version to try out are no
// release for everybody: the zero value and no error.
func parse(feed string, body []byte) (Release, error) {
	var answer struct {
		Tag        string `json:"tag_name"`
		Page       string `json:"html_url"`
		Draft      bool   `json:"draft"`
		Prerelease bool   `json:"prerelease"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return Release{}, fmt.Errorf("read release: %w", err)
	}
	version := canonical(answer.Tag)
	switch {
	case version == "":
		return Release{}, errors.New("read release: tag_name is no version of three numbers")
	case answer.Draft, answer.Prerelease, semver.Prerelease(version) != "":
		return Release{}, nil
	}
	r := Release{Version: strings.TrimPrefix(version, "v"), URL: answer.Page}
	if own := repository(feed); own != "" {
		r.URL = "https://github.com" + own + "/releases/tag/" + answer.Tag
	}
	if err := r.check(feed); err != nil {
		return Release{}, err
	}
	return r, nil
}

// check says whether people may be told of a release from this feed.
func (r Release) check(feed string) error {
	if v := canonical(r.Version); v != "v"+r.Version || semver.Prerelease(v) != "" {
		return errors.New("release has no version of three numbers")
	}
	from, err := url.Parse(feed)
	if err != nil {
		return fmt.Errorf("read feed's address: %w", err)
	}
	return checkPage(from, r.URL)
}

// checkPage says whether a feed may lead people to a page: it must be one of the
// feed's own server, or of the project's releases. Whoever has taken over a feed
// can name no other place.
func checkPage(feed *url.URL, page string) error {
	if len(page) > mostURL || strings.ContainsFunc(page, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("\\\"<>^`{|}", c) }) {
		return errors.New("page of release is no plain address")
	}
	u, err := url.Parse(page)
	switch {
	case err != nil:
		return errors.New("page of release is no address") // its own error repeats it
	case u.Scheme != "http" && u.Scheme != "https", u.User != nil:
		return errors.New("page of release is no address on the web")
	case strings.Contains(u.Path, `\`) || u.Path != "" && path.Clean(u.Path) != cut(u.Path):
		return errors.New("page of release leads somewhere else than it says")
	}
	inProject := within(u, project)
	if own := repository(feed.String()); own != "" {
		if inProject || within(u, own) {
			return nil
		}
		return errors.New("page of release is not of the feed's repository")
	}
	switch {
	case inProject:
	case !strings.EqualFold(u.Hostname(), feed.Hostname()):
		return errors.New("page of release is on another server than the feed")
	case u.Scheme == "https" && (port(u) == "443" || port(u) == port(feed)):
	case u.Scheme == feed.Scheme && port(u) == port(feed):
	default:
		return errors.New("page of release is at another door than the feed")
	}
	return nil
}

// cut takes the slash off the end of a path that is more than one.
func cut(p string) string {
	if len(p) > 1 {
		return strings.TrimSuffix(p, "/")
	}
	return p
}

// repository is the one at GitHub whose releases a feed tells of, as /owner/name;
// "" for other feeds. Its pages need no word of the feed.
func repository(feed string) string {
	m := githubFeed.FindStringSubmatch(feed)
	if m == nil {
		return ""
	}
	return "/" + m[1] + "/" + m[2]
}

var githubFeed = regexp.MustCompile(`^https://api\.github\.com/repos/([A-Za-z0-9-]+)/([A-Za-z0-9_-][A-Za-z0-9._-]*)/releases/`)

// within says whether a page is one of a repository's releases.
func within(u *url.URL, repository string) bool {
	p := strings.ToLower(u.Path) + "/"
	return u.Scheme == "https" && u.Host == "github.com" && strings.HasPrefix(p, strings.ToLower(repository)+"/releases/")
}

func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// canonical is a version of three numbers as semver compares it; "" = it is none.
// The library also takes v1, and with it many a hash of a commit.
func canonical(version string) string {
	if !strings.HasPrefix(version, "v") {
		version = "v" + version
	}
	c := semver.Canonical(version)
	if len(version) > mostVersion || c == "" || c+semver.Build(version) != version {
		return ""
	}
	return c
}

// ours is this program's version as semver compares it; "" = it was built from
// something between two releases and compares with none.
func ours(version string) string {
	if between.MatchString(version) {
		return ""
	}
	return canonical(version)
}

// between is what 'git describe' adds to the release before.
var between = regexp.MustCompile(`(-[0-9]+-g[0-9a-f]+|-dirty)$`)

// newer says whether a release is newer than a canonical version, which compares
// with none when it is "".
func newer(release, version string) bool {
	r := canonical(release)
	return r != "" && version != "" && semver.Compare(r, version) > 0
}
