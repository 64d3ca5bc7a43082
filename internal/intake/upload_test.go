package intake_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/intake"
	"sluice/internal/job"
)

// roomy is a config whose disk is never full.
func roomy(dir string) intake.Config {
	return intake.Config{UploadDir: dir, FreeBytes: func(string) (int64, error) { return 1 << 50, nil }}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestAnUploadIsFoundAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "uploads")
	body := bytes.Repeat([]byte("sound"), 200_000)
	id, src, err := intake.New(roomy(dir)).Save(t.Context(), "강의 1.MP4", bytes.NewReader(body), int64(len(body)))
	wantCode(t, err, "")
	if src.Kind != job.FromUpload || src.Upload != id || src.Name != "강의 1.MP4" || src.Size != int64(len(body)) {
		t.Errorf("%+v", src)
	}
	if want := filepath.Join(dir, id, "source.mp4"); src.Path != want {
		t.Errorf("stored at %s, want %s", src.Path, want)
	}
	if got, err := os.ReadFile(src.Path); err != nil || !bytes.Equal(got, body) {
		t.Errorf("stored %d bytes, %v", len(got), err)
	}

	later := intake.New(roomy(dir)) // after a restart
	again, err := later.Upload(t.Context(), id)
	wantCode(t, err, "")
	if diff := cmp.Diff(src, again); diff != "" {
		t.Errorf("(-first +again):\n%s", diff)
	}
	if path, err := later.Open(t.Context(), again); err != nil || path != src.Path {
		t.Errorf("opened %s, %v", path, err)
	}
}

func TestUploadsThatAreNotThere(t *testing.T) {
	t.Parallel()
	root := folder(t)
	dir := filepath.Join(root, "uploads")
	in := intake.New(roomy(dir))
	id, src, err := in.Save(t.Context(), "a.mp4", strings.NewReader("abc"), -1)
	wantCode(t, err, "")
	put(t, filepath.Join(root, "secret", "upload.json"), []byte(`{"name":"a","file":"source"}`))
	put(t, filepath.Join(root, "secret", "source"), []byte("secret"))
	tests := map[string]string{
		"no id":                  "",
		"an id nobody made":      "01ARZ3NDEKTSV4RRFFQ69G5FAV",
		"a way out":              "../secret",
		"a way out of a length":  "../../../../../../secret/ab",
		"the id in small":        strings.ToLower(id),
		"the id and more":        id + "/../" + id,
		"a letter ids never use": "U" + id[1:],
	}
	for name, tc := range tests {
		_, err := in.Upload(t.Context(), tc)
		if !fault.Is(err, fault.UploadUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}

	t.Run("a note that names another file", func(t *testing.T) {
		t.Parallel()
		put(t, filepath.Join(dir, id, "upload.json"), []byte(`{"name":"a","file":"../../secret/source"}`))
		_, err := in.Upload(t.Context(), id)
		wantCode(t, err, fault.UploadUnknown)
	})
	t.Run("the file is gone", func(t *testing.T) {
		t.Parallel()
		must(t, os.Remove(src.Path))
		_, err := in.Upload(t.Context(), id)
		wantCode(t, err, fault.UploadUnknown)
		_, err = in.Open(t.Context(), src)
		wantCode(t, err, fault.SourceMissing)
	})
}

func TestUploadNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("강", 100)
	tests := map[string]struct{ name, shown, stored string }{
		"a plain name":                   {"talk.mp4", "talk.mp4", "source.mp4"},
		"a path":                         {"/etc/passwd", "passwd", "source"},
		"a way out":                      {"../../talk.mov", "talk.mov", "source.mov"},
		"a path of Windows":              {`C:\films\talk.mkv`, "talk.mkv", "source.mkv"},
		"no name":                        {"", "upload", "source"},
		"only dots":                      {"..", "upload", "source"},
		"control characters":             {"a\x00b\x1b[0m\n.mp3", "ab[0m.mp3", "source.mp3"},
		"a turned reading direction":     {"talk\u202egpj.exe", "talkgpj.exe", "source.exe"},
		"an odd extension":               {"talk.mp4; rm", "talk.mp4; rm", "source"},
		"an endless extension":           {"talk." + strings.Repeat("x", 50), "talk." + strings.Repeat("x", 50), "source"},
		"our own note's name":            {"upload.json", "upload.json", "source"},
		"a decomposed name":              {"\u1112\u1161\u11ab.wav", "한.wav", "source.wav"},
		"a name that is too long is cut": {long + ".mp4", strings.Repeat("강", 65) + ".mp4", "source.mp4"},
		"broken UTF-8":                   {"a\xff.ogg", "a\uFFFD.ogg", "source.ogg"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := intake.New(roomy(filepath.Join(folder(t), "uploads")))
			_, src, err := in.Save(t.Context(), tc.name, strings.NewReader("abc"), 3)
			wantCode(t, err, "")
			if src.Name != tc.shown || filepath.Base(src.Path) != tc.stored {
				t.Errorf("shown as %q, stored as %q; want %q and %q", src.Name, filepath.Base(src.Path), tc.shown, tc.stored)
			}
		})
	}
}

func TestUploadsThatFailLeaveNothing(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	tests := map[string]struct {
		body   io.Reader
		length int64
		change func(*intake.Config)
		code   fault.Code
	}{
		"the connection breaks": {
			io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(io.ErrUnexpectedEOF)), 10, nil, fault.UploadBroken,
		},
		"it ends before its length":      {strings.NewReader("abc"), 10, nil, fault.UploadBroken},
		"it is longer than its length":   {strings.NewReader("abcdef"), 3, nil, fault.UploadBroken},
		"it is empty and says so":        {strings.NewReader(""), 0, nil, fault.FileEmpty},
		"it is empty and does not":       {strings.NewReader(""), -1, nil, fault.FileEmpty},
		"it is announced too large":      {iotest.ErrReader(errors.New("must not be read")), 11 * mib, limit, fault.RequestTooLarge},
		"it becomes too large":           {zeros(11 * mib), -1, limit, fault.RequestTooLarge},
		"the server's own limit strikes": {iotest.ErrReader(&http.MaxBytesError{Limit: 5}), -1, nil, fault.RequestTooLarge},
		"the disk has no room for it": {iotest.ErrReader(errors.New("must not be read")), 6 * mib, func(c *intake.Config) {
			c.MinFree, c.FreeBytes = 5*mib, func(string) (int64, error) { return 10 * mib, nil }
		}, fault.DiskFull},
		"the disk has no room left even without a floor": {iotest.ErrReader(errors.New("must not be read")), 6 * mib, func(c *intake.Config) {
			c.MinFree, c.FreeBytes = -1, func(string) (int64, error) { return 5 * mib, nil }
		}, fault.DiskFull},
		"the disk fills up on the way": {zeros(200 * mib), -1, filling(), fault.DiskFull},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := roomy(filepath.Join(folder(t), "uploads"))
			if tc.change != nil {
				tc.change(&cfg)
			}
			_, _, err := intake.New(cfg).Save(t.Context(), "a.mp4", tc.body, tc.length)
			wantCode(t, err, tc.code)
			if left := names(t, cfg.UploadDir); len(left) != 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

func limit(c *intake.Config) { c.MaxUpload = 10 << 20 }

// filling is a disk that is found full at the second look.
func filling() func(*intake.Config) {
	return func(c *intake.Config) {
		looks := 0
		c.FreeBytes = func(string) (int64, error) {
			looks++
			if looks > 1 {
				return 0, nil
			}
			return 1 << 40, nil
		}
	}
}

func zeros(n int64) io.Reader { return io.LimitReader(zero{}, n) }

type zero struct{}

func (zero) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestACanceledUploadIsBroken(t *testing.T) {
	t.Parallel()
	cfg := roomy(filepath.Join(folder(t), "uploads"))
	ctx, cancel := context.WithCancel(t.Context())
	body := readerFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	})
	_, _, err := intake.New(cfg).Save(ctx, "a.mp4", body, -1)
	wantCode(t, err, fault.UploadBroken)
	if left := names(t, cfg.UploadDir); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestUploadsTogetherKeepToTheQuota(t *testing.T) {
	t.Parallel()
	cfg := roomy(filepath.Join(folder(t), "uploads"))
	cfg.MaxUpload = 1000
	in := intake.New(cfg)
	for range 3 {
		_, _, err := in.Save(t.Context(), "a.mp4", strings.NewReader(strings.Repeat("x", 300)), 300)
		wantCode(t, err, "")
	}
	_, _, err := in.Save(t.Context(), "a.mp4", strings.NewReader(strings.Repeat("x", 300)), 300)
	wantCode(t, err, fault.DiskFull)
	if n := len(names(t, cfg.UploadDir)); n != 3 {
		t.Errorf("%d folders", n)
	}
	_, err = in.Sweep(t.Context(), nil, time.Now().Add(time.Hour))
	wantCode(t, err, "")
	_, _, err = in.Save(t.Context(), "a.mp4", strings.NewReader(strings.Repeat("x", 300)), 300)
	wantCode(t, err, "")
}

// Two uploads that begin when nothing is kept: what the first has become by its
// end still counts against the second.
func TestAnUploadThatEndsMeanwhileCountsAgainstTheQuota(t *testing.T) {
	t.Parallel()
	cfg := roomy(filepath.Join(folder(t), "uploads"))
	cfg.MaxUpload = 1000
	in := intake.New(cfg)
	text := strings.Repeat("x", 600)
	body := io.MultiReader(strings.NewReader("x"), &once{func() {
		_, _, err := in.Save(t.Context(), "first.mp4", strings.NewReader(text), 600)
		wantCode(t, err, "")
	}}, strings.NewReader(text))
	_, _, err := in.Save(t.Context(), "second.mp4", body, -1)
	wantCode(t, err, fault.DiskFull)
	if n := len(names(t, cfg.UploadDir)); n != 1 {
		t.Errorf("%d folders", n)
	}
}

func TestRoomThatIsMadeMeanwhileIsUsed(t *testing.T) {
	t.Parallel()
	cfg := roomy(filepath.Join(folder(t), "uploads"))
	cfg.MaxUpload = 1000
	in := intake.New(cfg)
	text := strings.Repeat("x", 600)
	id, _, err := in.Save(t.Context(), "first.mp4", strings.NewReader(text), 600)
	wantCode(t, err, "")
	body := io.MultiReader(strings.NewReader("x"), &once{func() {
		wantCode(t, in.Discard(t.Context(), id), "")
	}}, strings.NewReader(text))
	_, _, err = in.Save(t.Context(), "second.mp4", body, -1)
	wantCode(t, err, "")
}

func TestAnAnnouncedUploadBeyondTheQuotaIsNotRead(t *testing.T) {
	t.Parallel()
	cfg := roomy(filepath.Join(folder(t), "uploads"))
	cfg.MaxUpload = 1000
	in := intake.New(cfg)
	_, _, err := in.Save(t.Context(), "a.mp4", strings.NewReader(strings.Repeat("x", 600)), 600)
	wantCode(t, err, "")
	_, _, err = in.Save(t.Context(), "b.mp4", iotest.ErrReader(errors.New("must not be read")), 600)
	wantCode(t, err, fault.DiskFull)
	for bytes, code := range map[int64]fault.Code{400: "", 401: fault.DiskFull, 1001: fault.RequestTooLarge} {
		wantCode(t, in.Room(t.Context(), bytes), code)
	}
	_, _, err = in.Save(t.Context(), "c.mp4", strings.NewReader(strings.Repeat("x", 400)), 400) // who only asked takes nothing
	wantCode(t, err, "")
}

func TestWithoutAFloorTheDiskMayBeFilled(t *testing.T) {
	t.Parallel()
	cfg := roomy(filepath.Join(folder(t), "uploads"))
	cfg.MinFree, cfg.FreeBytes = -1, func(string) (int64, error) { return 3, nil }
	_, _, err := intake.New(cfg).Save(t.Context(), "a.mp4", strings.NewReader("abc"), 3)
	wantCode(t, err, "")
}

func TestAnUploadCanceledAtItsEndLeavesNothing(t *testing.T) {
	t.Parallel()
	cfg := roomy(filepath.Join(folder(t), "uploads"))
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err := intake.New(cfg).Save(ctx, "a.mp4", io.MultiReader(strings.NewReader("abc"), &once{cancel}), -1)
	wantCode(t, err, fault.UploadBroken)
	if left := names(t, cfg.UploadDir); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestADiscardedUploadIsGone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "uploads")
	in := intake.New(roomy(dir))
	id, _, err := in.Save(t.Context(), "a.mp4", strings.NewReader("abc"), 3)
	wantCode(t, err, "")
	other, _, err := in.Save(t.Context(), "b.mp4", strings.NewReader("abc"), 3)
	wantCode(t, err, "")
	put(t, filepath.Join(dir, "notes", "mine.txt"), []byte("not ours"))
	for _, name := range []string{id, id, "notes", "../uploads", ""} {
		wantCode(t, in.Discard(t.Context(), name), "")
	}
	if diff := cmp.Diff([]string{other, "notes"}, names(t, dir)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	_, err = in.Upload(t.Context(), id)
	wantCode(t, err, fault.UploadUnknown)
}

func TestUploadsAtOnceDoNotMeet(t *testing.T) {
	t.Parallel()
	in := intake.New(roomy(filepath.Join(folder(t), "uploads")))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			body := strings.Repeat(string(rune('a'+i)), 300_000)
			_, src, err := in.Save(t.Context(), "same name.mp4", strings.NewReader(body), int64(len(body)))
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := os.ReadFile(src.Path); err != nil || string(got) != body {
				t.Errorf("upload %d holds something else: %v", i, err)
			}
		})
	}
	wg.Wait()
}

func TestSweep(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "uploads")
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	cfg := roomy(dir)
	cfg.Now = func() time.Time { return now }
	in := intake.New(cfg)
	save := func() string {
		id, _, err := in.Save(t.Context(), "a.mp4", strings.NewReader("abc"), 3)
		wantCode(t, err, "")
		return id
	}
	wanted, expired := save(), save()
	now = now.Add(48 * time.Hour)
	fresh := save()
	put(t, filepath.Join(dir, "part-01ARZ3NDEKTSV4RRFFQ69G5FAV", "source.mp4"), []byte("half"))
	put(t, filepath.Join(dir, "notes", "mine.txt"), []byte("not ours"))

	// One more is arriving while the sweep goes on: it must live.
	var during error
	_, _, err := in.Save(t.Context(), "b.mp4", io.MultiReader(strings.NewReader("ab"), &once{func() {
		var n int
		n, during = in.Sweep(t.Context(), func(id string) bool { return id == wanted }, now.Add(-24*time.Hour))
		if n != 2 {
			t.Errorf("%d removed", n)
		}
	}}), -1)
	wantCode(t, err, "")
	wantCode(t, during, "")

	for id, there := range map[string]bool{wanted: true, fresh: true, expired: false} {
		if _, err := in.Upload(t.Context(), id); (err == nil) != there {
			t.Errorf("upload %s: %v", id, err)
		}
	}
	left := names(t, dir)
	if len(left) != 4 || left[len(left)-1] != "notes" {
		t.Errorf("left: %q", left)
	}
	if n, err := intake.New(roomy(filepath.Join(dir, "not there"))).Sweep(t.Context(), nil, now); n != 0 || err != nil {
		t.Errorf("sweeping nothing: %d, %v", n, err)
	}
}

// Submitting takes an upload first and makes a job of it after: in between no
// job is known to keep.
func TestAnUploadThatWasJustAskedForIsNotSwept(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	cfg := roomy(filepath.Join(folder(t), "uploads"))
	cfg.Now = func() time.Time { return now }
	in := intake.New(cfg)
	id, _, err := in.Save(t.Context(), "a.mp4", strings.NewReader("abc"), 3)
	wantCode(t, err, "")
	for _, step := range []struct {
		after   time.Duration
		claimed bool
		gone    int
	}{{30 * time.Hour, true, 0}, {20 * time.Hour, false, 0}, {5 * time.Hour, false, 1}} {
		now = now.Add(step.after)
		if step.claimed {
			_, err = in.Upload(t.Context(), id)
			wantCode(t, err, "")
		}
		n, err := in.Sweep(t.Context(), nil, now.Add(-24*time.Hour))
		wantCode(t, err, "")
		if n != step.gone {
			t.Errorf("%d removed after %s more, want %d", n, step.after, step.gone)
		}
	}
}

func TestWhatUploadGivesStays(t *testing.T) {
	t.Parallel()
	var skew time.Duration
	cfg := roomy(filepath.Join(folder(t), "uploads"))
	cfg.Now = func() time.Time { return time.Now().Add(skew) }
	in := intake.New(cfg)
	for range 100 {
		skew = -48 * time.Hour
		id, _, err := in.Save(t.Context(), "a.mp4", strings.NewReader("abc"), 3)
		wantCode(t, err, "")
		skew = 0
		var wg sync.WaitGroup
		wg.Go(func() { // while keep is asked, a client submits the upload
			if src, err := in.Upload(t.Context(), id); err == nil {
				if _, err := in.Open(t.Context(), src); err != nil {
					t.Errorf("an upload that was given is gone: %v", err)
				}
			}
		})
		_, err = in.Sweep(t.Context(), func(string) bool { runtime.Gosched(); return false }, time.Now().Add(-24*time.Hour))
		wantCode(t, err, "")
		wg.Wait()
	}
}

// once is an empty reader that does something when it is read.
type once struct{ do func() }

func (o *once) Read([]byte) (int, error) {
	if o.do != nil {
		o.do()
		o.do = nil
	}
	return 0, io.EOF
}

func TestAnUploadOfAnySizeTakesLittleMemory(t *testing.T) { // not parallel: it reads the memory of the whole process
	in := intake.New(roomy(filepath.Join(folder(t), "uploads")))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := in.Save(t.Context(), "a.mp4", zeros(64<<20), 64<<20)
	runtime.ReadMemStats(&after)
	wantCode(t, err, "")
	if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
		t.Errorf("64 MiB of upload took %d bytes of memory", got)
	}
}
