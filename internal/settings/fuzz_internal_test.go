package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzASizeIsReadOrRefused(f *testing.F) {
	for _, size := range []string{"50GB", "1.5 GiB", "2000000", "", "GB", "1e3", "-1", "0x10", "9223372036854775807", "9223372036854775808", "99999999TB", "..", "1.2.3", "\u0661GB", "1 g b"} {
		f.Add(size)
	}
	f.Fuzz(func(t *testing.T, size string) {
		n, err := parseSize(size)
		if n < 0 || (err != nil && n != 0) || (err == nil && !strings.ContainsAny(size, "0123456789")) {
			t.Errorf("%q is %d, %v", size, n, err)
		}
	})
}

func FuzzAGlossaryIsReadOrRefused(f *testing.F) {
	f.Add([]byte("[any.ko]\n\"harbour master\" = \"항만장\"\n[en.de]\nsluice = \"Schleuse\"\n"))
	f.Add([]byte("[any]\nko = 1\n"))
	f.Add([]byte("a.b.c.d = \"x\"\n"))
	f.Add([]byte("\xff"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(dir, "glossary.toml")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		terms, err := ReadGlossary(path)
		if err != nil {
			if strings.Contains(err.Error(), dir) || terms != nil {
				t.Errorf("%v, with %d terms", err, len(terms))
			}
			return
		}
		again, err := ReadGlossary(path)
		if diff := cmp.Diff(terms, again); diff != "" || err != nil {
			t.Errorf("read twice it differs: %s %v", diff, err)
		}
		for _, term := range terms {
			if term.From == anyLanguage {
				t.Errorf("a language is called %q", anyLanguage)
			}
		}
	})
}
