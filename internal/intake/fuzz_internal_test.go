package intake

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func FuzzNoNameOfAFileLeavesItsFolder(f *testing.F) {
	for _, name := range []string{"talk.mp4", "../../etc/passwd", `C:\boot.ini`, "a\x00.wav", "\u202egpj.exe", strings.Repeat("가", 300) + ".wav", "..", ".json", "x." + strings.Repeat("a", 300), "\xff\xfe", "a.\xffb", "  . / "} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		shown, kept := displayName(name), diskName(displayName(name))
		if shown == "" || len(shown) > maxName || !utf8.ValidString(shown) || strings.ContainsFunc(shown, unicode.IsControl) || strings.Contains(shown, "/") {
			t.Errorf("%q is shown as %q", name, shown)
		}
		if !filepath.IsLocal(kept) || filepath.Base(kept) != kept || !strings.HasPrefix(kept, "source") || kept == "source.json" || len(kept) > 16 {
			t.Errorf("%q is kept as %q", name, kept)
		}
		if again := displayName(shown); again != shown {
			t.Errorf("%q is shown as %q, and that as %q", name, shown, again)
		}
		if u, err := url.Parse(name); err == nil {
			if n := nameOfURL(u); n == "" || len(n) > maxName {
				t.Errorf("the address %q is called %q", name, n)
			}
		}
	})
}

func FuzzAFileIsJudgedByItsFirstBytes(f *testing.F) {
	f.Add([]byte("RIFF\x24\x00\x00\x00WAVEfmt "), ".wav")
	f.Add([]byte("<!doctype html><script>alert(1)</script>"), ".mp4")
	f.Add([]byte("PK\x03\x04"), ".docx")
	f.Add([]byte("G"+strings.Repeat("\x00", 187)+"G"), "")
	f.Add([]byte{}, "x")
	f.Fuzz(func(t *testing.T, head []byte, ext string) {
		k, words := sniff(head, ext)
		if (k == other) != (words != "") {
			t.Errorf("kind %d with the words %q", k, words)
		}
	})
}
