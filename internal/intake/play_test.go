package intake_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/intake"
	"sluice/internal/job"
)

func TestWhatIsPlayedIsTheFileThatWasOpened(t *testing.T) {
	t.Parallel()
	in := intake.New(intake.Config{UploadDir: t.TempDir()})
	path := filepath.Join(t.TempDir(), "talk.mp4")
	const content = "\x00\x00\x00\x18ftypM4A and so on"
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(content)
	src, err := in.FromPath(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := in.Play(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := os.Remove(path); err != nil { // another takes its place
		t.Fatal(err)
	}
	write("secret")
	if got, err := io.ReadAll(f); string(got) != content || err != nil || f.Type != "audio/mp4" {
		t.Errorf("read %q as %s, %v", got, f.Type, err)
	}
	if _, err := in.Play(t.Context(), src, nil); !fault.Is(err, fault.SourceChanged) {
		t.Errorf("another file: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", path); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Play(t.Context(), src, nil); !fault.Is(err, fault.NotAFile) {
		t.Errorf("a device: %v", err)
	}
	asked := ""
	no := errors.New("no")
	if _, err := in.Play(t.Context(), src, func(p string) error { asked = p; return no }); !errors.Is(err, no) || asked != src.Path {
		t.Errorf("asked for %q: %v", asked, err)
	}
	if _, err := in.Play(t.Context(), job.Source{Kind: job.FromURL, URL: "https://example.com/a", Name: "a"}, nil); !fault.Is(err, fault.SourceMissing) {
		t.Errorf("what was not fetched yet: %v", err)
	}
}

func TestMediaTypesAreThoseOfAFixedList(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		"\x00\x00\x00\x18ftypisom":                 "video/mp4",
		"\x00\x00\x00\x18ftypM4A ":                 "audio/mp4",
		"\x00\x00\x00\x18ftypqt  ":                 "video/quicktime",
		"\x00\x00\x00\x18ftyp3gp5":                 "video/3gpp",
		"\x00\x00\x00\x18moov":                     "video/quicktime",
		"\x1aE\xdf\xa3\x42\x82webm":                "video/webm",
		"\x1aE\xdf\xa3\x42\x82matroska":            "video/x-matroska",
		"OggS\x00\x02OpusHead":                     "audio/ogg",
		"OggS\x00\x02\x80theora":                   "video/ogg",
		"fLaC":                                     "audio/flac",
		"ID3\x04":                                  "audio/mpeg",
		"\xff\xfb\x90":                             "audio/mpeg",
		"\xff\xf1\x50":                             "audio/aac",
		"RIFF\x00\x00\x00\x00WAVE":                 "audio/wav",
		"<!doctype html><script>alert(1)</script>": "application/octet-stream",
		"<svg onload=alert(1)>":                    "application/octet-stream",
		"%PDF-1.7":                                 "application/octet-stream",
		"\xff":                                     "application/octet-stream",
		"":                                         "application/octet-stream",
	} {
		if got := intake.MediaType([]byte(head), "html"); got != want {
			t.Errorf("%q: %s, want %s", head, got, want)
		}
	}
}
