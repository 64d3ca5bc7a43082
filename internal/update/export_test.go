package update

// Parse is what becomes of a feed's answer.
func Parse(feed string, body []byte) (Release, error) { return parse(feed, body) }

// CheckFrom says whether people may be told of a release from this feed.
func CheckFrom(r Release, feed string) error { return r.check(feed) }

// Before says whether a program of this version is told of the release.
func Before(version, release string) bool { return newer(release, ours(version)) }
