package models_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/models"
)

const mib = 1 << 20

// weights makes a file that starts like a whisper.cpp model.
func weights(size int, seed byte) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i*7) ^ byte(i>>8) ^ seed
	}
	copy(b, "lmgg")
	for i, n := range []uint32{51865, 1500, 384, 6, 4, 448, 384, 6, 4, 80, 1} {
		binary.LittleEndian.PutUint32(b[4+4*i:], n)
	}
	return b
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// small is a catalog of one little model.
func small(body []byte) []models.Entry {
	return []models.Entry{{
		Name: "small", Description: "A model.", Languages: job.Multilingual,
		Bytes: int64(len(body)), NeedBytes: int64(len(body)) + 388*mib, SHA256: sum(body),
	}}
}

func put(t *testing.T, dir, name string, body []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	switch {
	case code == "" && err != nil:
		t.Errorf("unexpected error: %v", err)
	case code != "" && !fault.Is(err, code):
		t.Errorf("got %v, want code %s", err, code)
	}
}

func TestTheCatalogIsWellFormed(t *testing.T) {
	t.Parallel()
	names, sums := map[string]bool{}, map[string]bool{}
	for _, e := range models.Catalog() {
		if names[e.Name] || sums[e.SHA256] {
			t.Errorf("%s is there twice", e.Name)
		}
		names[e.Name], sums[e.SHA256] = true, true
		if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(e.SHA256) {
			t.Errorf("%s has the SHA-256 %q", e.Name, e.SHA256)
		}
		if e.Bytes < 30*mib || e.NeedBytes <= e.Bytes || e.Description == "" {
			t.Errorf("%s is incomplete: %+v", e.Name, e)
		}
		if english := strings.Contains(e.Name, ".en"); english != (e.Languages == job.English) {
			t.Errorf("%s understands %s", e.Name, e.Languages)
		}
	}
}

func TestNeedsFitWhatIsPublishedAndMeasured(t *testing.T) {
	t.Parallel()
	const mb = 1_000_000
	tests := map[string]struct{ file, least, most int64 }{
		"the test model measures 50 to 90 MB": {7_300_000, 50 * mb, 95 * mb},
		"tiny takes 273 MiB":                  {77_691_713, 260 * mib, 300 * mib},
		"base takes 388 MiB":                  {147_951_465, 370 * mib, 430 * mib},
		"small takes 852 MiB":                 {487_601_967, 820 * mib, 960 * mib},
		"medium takes about 2.1 GiB":          {1_533_763_059, 2000 * mib, 2400 * mib},
		"large takes about 3.9 GiB":           {3_095_033_483, 3700 * mib, 4300 * mib},
		"an empty file takes nothing":         {0, 0, 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := models.NeedBytes(tc.file); got < tc.least || got > tc.most {
				t.Errorf("%d MiB", got/mib)
			}
		})
	}
	for _, e := range models.Catalog() {
		if guess := models.NeedBytes(e.Bytes); float64(guess) < 0.6*float64(e.NeedBytes) || float64(guess) > 1.5*float64(e.NeedBytes) {
			t.Errorf("%s: the formula says %d MiB, the catalog %d MiB", e.Name, guess/mib, e.NeedBytes/mib)
		}
	}
}

func TestModelFindsFilesByName(t *testing.T) {
	t.Parallel()
	body := weights(4096, 1)
	own := weights(2048, 2)
	tests := map[string]struct {
		files    map[string][]byte // below the test's folder; models/ is Dir
		name     string
		wantFile string
		wantName string
		code     fault.Code
	}{
		"a catalog name":                      {map[string][]byte{"models/ggml-small.bin": body}, "small", "models/ggml-small.bin", "small", ""},
		"a catalog name with its prefix":      {map[string][]byte{"models/ggml-small.bin": body}, "ggml-small", "models/ggml-small.bin", "small", ""},
		"the whole file name":                 {map[string][]byte{"models/ggml-small.bin": body}, "ggml-small.bin", "models/ggml-small.bin", "small", ""},
		"the stem of an own file":             {map[string][]byte{"models/mine.bin": own}, "mine", "models/mine.bin", "mine", ""},
		"the prefix may be left out":          {map[string][]byte{"models/ggml-mine.bin": own}, "mine", "models/ggml-mine.bin", "mine", ""},
		"the exact stem wins over the prefix": {map[string][]byte{"models/ggml-mine.bin": body, "models/mine.bin": own}, "mine", "models/mine.bin", "mine", ""},
		"a Korean name, however the disk spells it": {
			map[string][]byte{"models/\u1112\u1161\u11ab.bin": own}, "한", "models/\u1112\u1161\u11ab.bin", "한", "",
		},
		"a catalog model that is not there":        {nil, "small", "", "", fault.ModelMissing},
		"a name nobody knows":                      {nil, "huge", "", "", fault.ModelUnknown},
		"no name":                                  {nil, "", "", "", fault.ModelUnknown},
		"a way out of the folder":                  {map[string][]byte{"secret.bin": own}, "../secret", "", "", fault.ModelUnknown},
		"a way out behind the prefix":              {map[string][]byte{"secret.bin": own}, "ggml-/../../secret", "", "", fault.ModelUnknown},
		"a hidden file":                            {map[string][]byte{"models/.mine.bin": own}, ".mine", "", "", fault.ModelUnknown},
		"a name with a null byte":                  {nil, "small\x00", "", "", fault.ModelUnknown},
		"an own file that is no model":             {map[string][]byte{"models/mine.bin": []byte("<html>")}, "mine", "", "", fault.ModelDamaged},
		"a catalog file that is cut off":           {map[string][]byte{"models/ggml-small.bin": body[:2000]}, "small", "", "", fault.ModelDamaged},
		"a catalog file with other bytes":          {map[string][]byte{"models/ggml-small.bin": weights(4096, 9)}, "small", "", "", fault.ModelDamaged},
		"a partial download is not a model":        {map[string][]byte{"models/ggml-small.bin.part": body[:2000]}, "small", "", "", fault.ModelMissing},
		"a file of this name in no catalog format": {map[string][]byte{"models/small.bin": own}, "small", "", "", fault.ModelMissing},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			for path, b := range tc.files {
				put(t, root, path, b)
			}
			s := models.New(models.Config{Dir: filepath.Join(root, "models"), Catalog: small(body)})
			m, err := s.Model(t.Context(), tc.name)
			wantCode(t, err, tc.code)
			if tc.code != "" {
				return
			}
			if want := filepath.Join(root, tc.wantFile); m.Path != want || m.Name != tc.wantName {
				t.Errorf("got %q at %s, want %q at %s", m.Name, m.Path, tc.wantName, want)
			}
			if want := sum(tc.files[tc.wantFile]); m.Digest != want {
				t.Errorf("digest %s, want %s", m.Digest, want)
			}
			if m.NeedBytes <= 0 {
				t.Error("no need")
			}
		})
	}
}

func TestFileTakesAnyPath(t *testing.T) {
	t.Parallel()
	body := weights(4096, 1)
	dir := t.TempDir()
	elsewhere := put(t, dir, "else/ggml-small.bin", weights(2048, 3))
	page := put(t, dir, "else/page.bin", []byte("<!DOCTYPE html><html>"))
	s := models.New(models.Config{Dir: filepath.Join(dir, "models"), Catalog: small(body)})

	tests := map[string]struct {
		path string
		code fault.Code
	}{
		"a file elsewhere may have the name of a catalog model": {elsewhere, ""},
		"a web page is refused":                                 {page, fault.ModelDamaged},
		"a folder is refused":                                   {dir, fault.ModelDamaged},
		"nothing is there":                                      {filepath.Join(dir, "gone.bin"), fault.ModelMissing},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := s.File(t.Context(), tc.path)
			wantCode(t, err, tc.code)
			if tc.code == "" && (m.Path != tc.path || m.Digest == "" || m.NeedBytes != models.NeedBytes(2048)) {
				t.Errorf("%+v", m)
			}
		})
	}
}

func TestTheDigestIsComputedOnceForOneFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := put(t, dir, "mine.bin", weights(4096, 1))
	s := models.New(models.Config{Dir: dir})
	first, err := s.Model(t.Context(), "mine")
	if err != nil {
		t.Fatal(err)
	}

	// The kept digest is believed by another store: forge it and see it come back.
	cache := filepath.Join(dir, ".digests.json")
	kept, err := os.ReadFile(cache)
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Repeat("0", 64)
	put(t, dir, ".digests.json", []byte(strings.ReplaceAll(string(kept), first.Digest, forged)))
	again, err := models.New(models.Config{Dir: dir}).Model(t.Context(), "mine")
	if err != nil || again.Digest != forged {
		t.Errorf("the kept digest was not used: %s, %v", again.Digest, err)
	}

	// A file that was replaced is read again, by both.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	other := weights(4096, 2)
	put(t, dir, "mine.bin", other)
	for _, s := range []*models.Store{s, models.New(models.Config{Dir: dir})} {
		m, err := s.Model(t.Context(), "mine")
		if err != nil || m.Digest != sum(other) {
			t.Errorf("digest %s, want %s (%v)", m.Digest, sum(other), err)
		}
	}

	// Nonsense in the cache is only a lost cache.
	put(t, dir, ".digests.json", []byte("{broken"))
	if m, err := models.New(models.Config{Dir: dir}).Model(t.Context(), "mine"); err != nil || m.Digest != sum(other) {
		t.Errorf("digest %s, %v", m.Digest, err)
	}
}

func TestWhereNothingCanBeKeptDigestsAreRemembered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, ".digests.json/in-the-way", nil) // stops root as well
	path := put(t, dir, "mine.bin", weights(4096, 1))
	s := models.New(models.Config{Dir: dir})
	if m, err := s.Model(t.Context(), "mine"); err != nil || m.Digest != sum(weights(4096, 1)) {
		t.Fatalf("%+v, %v", m, err)
	}
	// Other bytes under the same size, time and inode show whether the file is read again.
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "mine.bin", weights(4096, 2))
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if m, err := s.Model(t.Context(), "mine"); err != nil || m.Digest != sum(weights(4096, 1)) {
		t.Errorf("it was read again: %+v, %v", m, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("something is left behind: %v, %v", entries, err)
	}
}

func TestReadingAModelEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "mine.bin", weights(4096, 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := models.New(models.Config{Dir: dir}).Model(ctx, "mine"); err == nil {
		t.Error("the digest was computed for nobody")
	}
}

func TestListShowsTheCatalogAndTheUsersFiles(t *testing.T) {
	t.Parallel()
	body := weights(4096, 1)
	english := weights(2048, 2)
	binary.LittleEndian.PutUint32(english[4:], 51864)
	root := t.TempDir()
	put(t, root, "models/ggml-small.bin", body)
	put(t, root, "models/ggml-base.bin.part", body[:1000])
	put(t, root, "models/zebra.bin", english)
	put(t, root, "models/ape.bin", []byte("no model"))
	put(t, root, "models/notes.txt", []byte("no model"))
	put(t, root, "models/sluice-tiny.bin", weights(3000, 3))

	catalog := append(small(body), models.Entry{Name: "base", Description: "B.", Languages: job.English, Bytes: 5000, NeedBytes: 6000})
	s := models.New(models.Config{Dir: filepath.Join(root, "models"), Catalog: catalog})
	got, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i].Path = strings.TrimPrefix(got[i].Path, root+"/")
	}
	want := []models.Info{
		{
			Name: "small", Description: "A model.", Languages: job.Multilingual, Bytes: 4096, NeedBytes: 4096 + 388*mib,
			Catalog: true, Installed: true, SHA256: sum(body), Path: "models/ggml-small.bin",
		},
		{Name: "base", Description: "B.", Languages: job.English, Bytes: 5000, NeedBytes: 6000, Catalog: true, PartBytes: 1000},
		{
			Name: "ape", Description: "A file of your own.", Languages: "", Bytes: 8,
			NeedBytes: models.NeedBytes(8), Damaged: true, Path: "models/ape.bin",
		},
		{
			Name: "sluice-tiny", Description: "For tests and demos only: it knows about a hundred English words.",
			Languages: job.Multilingual, Bytes: 3000, NeedBytes: models.NeedBytes(3000), Installed: true, Path: "models/sluice-tiny.bin",
		},
		{
			Name: "zebra", Description: "A file of your own.", Languages: job.English, Bytes: 2048,
			NeedBytes: models.NeedBytes(2048), Installed: true, Path: "models/zebra.bin",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFileOfAnotherDigestIsListedAsDamagedOnceThatIsKnown(t *testing.T) {
	t.Parallel()
	body := weights(4096, 1)
	dir := t.TempDir()
	path := put(t, dir, "ggml-small.bin", weights(4096, 9))
	s := models.New(models.Config{Dir: dir, Catalog: small(body)})
	listed := func() models.Info {
		t.Helper()
		all, err := s.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all[0]
	}
	if m := listed(); !m.Installed || m.Damaged {
		t.Errorf("before it was read whole: %+v", m)
	}
	_, err := s.Model(t.Context(), "small")
	wantCode(t, err, fault.ModelDamaged)
	if m := listed(); m.Installed || !m.Damaged {
		t.Errorf("after that: %+v", m)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "ggml-small.bin", body)
	if m := listed(); !m.Installed || m.Damaged {
		t.Errorf("after it was replaced: %+v", m)
	}
}

func TestListOfAnEmptyMachineIsTheCatalog(t *testing.T) {
	t.Parallel()
	got, err := models.New(models.Config{Dir: filepath.Join(t.TempDir(), "not-there-yet")}).List(t.Context())
	if err != nil || len(got) != len(models.Catalog()) {
		t.Errorf("%d models, %v", len(got), err)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	body := weights(4096, 1)
	tests := map[string]struct {
		files map[string][]byte
		name  string
		code  fault.Code
		left  []string
		gone  []string
	}{
		"an installed model":            {map[string][]byte{"models/ggml-small.bin": body}, "small", "", nil, []string{"models/ggml-small.bin"}},
		"a damaged one":                 {map[string][]byte{"models/ggml-small.bin": body[:9]}, "small", "", nil, []string{"models/ggml-small.bin"}},
		"a file of the user's own":      {map[string][]byte{"models/mine.bin": body}, "mine", "", nil, []string{"models/mine.bin"}},
		"what is left of a download":    {map[string][]byte{"models/ggml-small.bin.part": body[:9], "models/ggml-small.bin.part.json": body}, "small", "", nil, []string{"models/ggml-small.bin.part", "models/ggml-small.bin.part.json"}},
		"a model that is not there":     {nil, "small", fault.ModelMissing, nil, nil},
		"a name nobody knows":           {nil, "huge", fault.ModelUnknown, nil, nil},
		"a file of another folder":      {map[string][]byte{"other/mine.bin": body}, "mine", fault.ModelUnknown, []string{"other/mine.bin"}, nil},
		"a way out of the folder":       {map[string][]byte{"secret.bin": body}, "../secret", fault.ModelUnknown, []string{"secret.bin"}, nil},
		"the neighbours are left alone": {map[string][]byte{"models/mine.bin": body, "models/mine2.bin": body}, "mine", "", []string{"models/mine2.bin"}, []string{"models/mine.bin"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			for path, b := range tc.files {
				put(t, root, path, b)
			}
			s := models.New(models.Config{Dir: filepath.Join(root, "models"), Catalog: small(body)})
			wantCode(t, s.Remove(t.Context(), tc.name), tc.code)
			for _, path := range tc.left {
				if _, err := os.Stat(filepath.Join(root, path)); err != nil {
					t.Errorf("%s is gone", path)
				}
			}
			for _, path := range tc.gone {
				if _, err := os.Stat(filepath.Join(root, path)); err == nil {
					t.Errorf("%s is still there", path)
				}
			}
		})
	}
}

func TestCheckHeader(t *testing.T) {
	t.Parallel()
	good := weights(100, 0)
	with := func(at int, n uint32) []byte {
		b := weights(100, 0)
		binary.LittleEndian.PutUint32(b[4+4*at:], n)
		return b
	}
	tests := map[string]struct {
		body []byte
		ok   bool
	}{
		"a model":                                {good, true},
		"an empty file":                          {nil, false},
		"only the magic number":                  {good[:4], false},
		"a web page":                             {[]byte("\n<!DOCTYPE html><html><body>Please log in</body></html>"), false},
		"a pointer of Git LFS":                   {[]byte("version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 1\n"), false},
		"a GGUF model":                           {append([]byte("GGUF"), good[4:]...), false},
		"a huge vocabulary":                      {with(0, 1<<30), false},
		"a negative context":                     {with(1, 0xffff_ffff), false},
		"no heads":                               {with(3, 0), false},
		"a width that its heads do not divide":   {with(2, 385), false},
		"weights of 32 bits":                     {with(10, 0), true},
		"quantised weights of the second format": {with(10, 2008), true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := models.CheckHeader(put(t, t.TempDir(), "m.bin", tc.body))
			if (err == nil) != tc.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

func FuzzCheckHeader(f *testing.F) {
	f.Add(weights(100, 0))
	f.Add([]byte("lmgg"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, body []byte) {
		path := filepath.Join(dir, "m.bin")
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		if models.CheckHeader(path) == nil && len(body) < 48 {
			t.Errorf("%q passed", body)
		}
	})
}

func TestAModelIsLookedIntoOncePerChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "own.bin")
	if err := os.WriteFile(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	looks := 0
	s := models.New(models.Config{Dir: dir, Check: func(string) error { looks++; return nil }})
	for range 3 {
		if _, err := s.Look("own"); err != nil {
			t.Fatal(err)
		}
	}
	if looks != 1 {
		t.Errorf("the same file was looked into %d times", looks)
	}
	if err := os.WriteFile(path, []byte("longer"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Look("own"); err != nil || looks != 2 {
		t.Errorf("after a change it was looked into %d times, %v", looks, err)
	}
}
