package app

import "testing"

func TestALogTellsNoFolders(t *testing.T) {
	t.Parallel()
	const home = "/home/mina"
	for log, want := range map[string]string{
		"":                                  "",
		"open /home/mina/Movies/a.mp4: no":  "open ~/Movies/a.mp4: no",
		"open /home/minaret/a.mp4":          "open …/a.mp4",
		"in /home/mina":                     "in ~",
		"'/Volumes/Disk/b.mp4': bad":        "'…/b.mp4': bad",
		"\t/usr/local/go/src/a.go:17 +0x1d": "\t…/a.go:17 +0x1d",
		"path=/tmp/x/y\n/tmp/z":             "path=…/y\n…/z",
		"1/2 and/or http://h/p":             "1/2 and/or http://h/p",
		"/":                                 "/",
		"/tmp":                              "/tmp",
	} {
		if got := withoutFolders(log, home); got != want {
			t.Errorf("%q: %q, want %q", log, got, want)
		}
	}
}
