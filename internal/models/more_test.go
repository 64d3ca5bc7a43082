package models_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/job"
	"sluice/internal/models"
)

func TestACatalogOfOnesOwn(t *testing.T) {
	t.Parallel()
	hex := strings.Repeat("0f", 32)
	tests := map[string]struct {
		file string
		want models.Entry
		says string
	}{
		"all that can be said": {
			file: `[{"name":"harbour","description":"Knows ships.","languages":"english","bytes":5,"need_bytes":9,"sha256":"` + hex + `","url":"https://example.com/h.bin"}]`,
			want: models.Entry{
				Name: "harbour", Description: "Knows ships.", Languages: job.English, Bytes: 5, NeedBytes: 9, SHA256: hex, URL: "https://example.com/h.bin",
			},
		},
		"what must be said": {
			file: `[{"name":"harbour","bytes":5000000}]`,
			want: models.Entry{Name: "harbour", Description: "A model of your own catalog.", Bytes: 5e6, NeedBytes: models.NeedBytes(5e6)},
		},
		"a name that is taken":      {file: `[{"name":"small","bytes":5}]`, says: `model 1: there is a model "small" already`},
		"a name twice":              {file: `[{"name":"a","bytes":5},{"name":"a","bytes":5}]`, says: "model 2: there is a model"},
		"a name that is a path":     {file: `[{"name":"../a","bytes":5}]`, says: `"../a" is not a name`},
		"no size":                   {file: `[{"name":"a"}]`, says: "bytes must be"},
		"languages that are none":   {file: `[{"name":"a","bytes":5,"languages":"ko"}]`, says: "languages must be"},
		"a digest that is none":     {file: `[{"name":"a","bytes":5,"sha256":"f00"}]`, says: "sha256 must be"},
		"an address that is none":   {file: `[{"name":"a","bytes":5,"url":"file:///etc/passwd"}]`, says: "url must start"},
		"a field that nobody knows": {file: `[{"name":"a","size":5}]`, says: "needs a JSON list of models"},
		"no list":                   {file: `{"name":"a"}`, says: "needs a JSON list of models"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, err := models.CatalogWith(put(t, t.TempDir(), "more.json", []byte(tc.file)))
			if tc.says != "" {
				if err == nil || !strings.Contains(err.Error(), tc.says) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append(models.Catalog(), tc.want), all); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, err := models.CatalogWith(filepath.Join(t.TempDir(), "none.json")); !os.IsNotExist(err) {
		t.Errorf("without a file: %v", err)
	}
}
