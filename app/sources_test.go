package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

func TestAFileMayHaveAnyName(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	s := newHome(t).serve()
	dir := t.TempDir()
	names := []string{
		norm.NFD.String("강의 녹음 (1).wav"), `it's "fine".wav`, "  two  spaces .wav", "-i.wav", "-", "🎬👩‍👩‍👧.wav",
		strings.Repeat("가", 65) + ".wav", strings.Repeat("a", 251) + ".wav", "two\nlines.wav", "tab\tand\x1b[31mred.wav",
		"100%s%n%2F.wav", "a%03d.wav", "[1-9]*?.wav", "host:80.wav", "pipe:0", "concat:a|b.wav",
		"$(touch x) `touch y`;& >z.wav", `back\slash.wav`, "gpj.\u202evaw", ".hidden", "no extension", "wrong.txt", "end.",
	}
	want := references(t, "seen-004.wav").words()
	ids := map[string]string{}
	for _, name := range names {
		file := placeClip(t, "seen-004.wav", filepath.Join(dir, name))
		ids[name] = s.submit(map[string]any{"source": file, "reuse": false}, nil).ID
	}
	before := listing(t, dir)
	for name, id := range ids {
		done := s.await(id, "done")
		if got := text(s.transcript(id)); wordErrors(want, words(got)) != 0 {
			t.Errorf("%q says %q", name, got)
		}
		if len(done.Title) == 0 || !norm.NFC.IsNormalString(done.Title) {
			t.Errorf("%q is called %q", name, done.Title)
		}
	}
	if after := listing(t, dir); !slices.Equal(before, after) {
		t.Errorf("beside the files there are %q now", after)
	}
	// What stands on a terminal is a line for each, and nothing that steers it.
	out := s.cli("list", "--all")
	if strings.ContainsFunc(out, func(r rune) bool { return r != '\n' && unicode.IsControl(r) || r == '\u202e' }) {
		t.Errorf("the list has controls in it:\n%q", out)
	}
	if n := strings.Count(out, " done "); n != len(names) {
		t.Errorf("%d of %d jobs are listed:\n%s", n, len(names), out)
	}

	sound, err := os.ReadFile(clip(t, "seen-004.wav"))
	if err != nil {
		t.Fatal(err)
	}
	uploads := []string{names[0], names[1], "../../etc/x.wav", "two\nlines.wav", strings.Repeat("가", 80) + ".wav", ".wav"}
	for _, name := range uploads {
		var up struct{ ID string }
		if status, body := s.call(http.MethodPut, "/api/v1/uploads/"+url.PathEscape(name), bytes.NewReader(sound), map[string]string{"Content-Type": "audio/wav"}, &up); status >= 300 {
			t.Errorf("upload of %q: %d %s", name, status, body)
			continue
		}
		s.await(s.submit(map[string]any{"source": "upload:" + up.ID}, nil).ID, "done")
	}
	if own, _ := filepath.Glob(filepath.Join(s.dir, "uploads", "*", "source.wav")); len(own) != len(uploads) {
		t.Errorf("under a name of the server's own there are %q", own)
	}
}

func TestANameThatBeginsWithADashIsNoFlag(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	dir := t.TempDir()
	placeClip(t, "seen-004.wav", filepath.Join(dir, "-o.wav"))
	cmd := h.command(t.Context(), "transcribe", "--", "-o.wav")
	cmd.Dir = dir
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if n := wordErrors(references(t, "seen-004.wav").words(), words(string(out))); err != nil || n != 0 {
		t.Errorf("%v, %d words are wrong in %q\n%s", err, n, out, &errs)
	}
	if got := listing(t, dir); len(got) != 1 {
		t.Errorf("in the folder there are %q now", got)
	}
}

// What happens to a file while its job waits is seen before the job starts: it
// is never another sound under the same name.
func TestAFileThatChangesWhileItsJobWaits(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	s := newHome(t).serve()
	s.post("/api/v1/queue/pause")
	tests := map[string]struct {
		change func(t *testing.T, file string)
		code   string
	}{
		"is replaced": {func(t *testing.T, file string) {
			t.Helper()
			check(t, os.Rename(placeClip(t, "seen-001.wav", file+".new"), file))
		}, "source_changed"},
		"is cut short": {func(t *testing.T, file string) {
			t.Helper()
			check(t, os.Truncate(file, 10_000))
		}, "source_changed"},
		"is emptied": {func(t *testing.T, file string) {
			t.Helper()
			check(t, os.Truncate(file, 0))
		}, "source_changed"},
		"still grows": {func(t *testing.T, file string) {
			t.Helper()
			lengthen(t, file)
		}, "source_changed"},
		"becomes a folder": {func(t *testing.T, file string) {
			t.Helper()
			check(t, os.Remove(file))
			check(t, os.Mkdir(file, 0o700))
		}, "not_a_file"},
		"becomes a pipe": {func(t *testing.T, file string) {
			t.Helper()
			check(t, os.Remove(file))
			check(t, syscall.Mkfifo(file, 0o600))
		}, "not_a_file"},
		"becomes a device": {func(t *testing.T, file string) {
			t.Helper()
			check(t, os.Remove(file))
			check(t, os.Symlink("/dev/zero", file))
		}, "not_a_file"},
	}
	files, ids := map[string]string{}, map[string]string{}
	for name, tt := range tests {
		files[name] = placeClip(t, "seen-004.wav", filepath.Join(t.TempDir(), "talk.wav"))
		ids[name] = s.submit(map[string]any{"source": files[name], "title": name}, nil).ID
		keep := files[name] + ".kept"
		check(t, os.Link(copyWithTime(t, files[name]), keep))
		tt.change(t, files[name])
	}
	s.post("/api/v1/queue/resume")
	for name, tt := range tests {
		s.expectEnding(ids[name], ending{failed: tt.code}, "")
		// Once it is what it was, a retry goes on.
		check(t, os.RemoveAll(files[name]))
		check(t, os.Rename(files[name]+".kept", files[name]))
		s.post("/api/v1/jobs/" + ids[name] + "/retry")
		s.await(ids[name], "done")
	}
}

// TestAFileThatChangesWhileItIsRead has ffmpeg read slowly, and never lets a
// sound that is not whole pass for one that is.
func TestAFileThatChangesWhileItIsRead(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	whole := func(v view) bool { return v.State == "done" && len(v.warnings("partial_audio")) == 0 }
	partial := func(v view) bool { return v.State == "done" && len(v.warnings("partial_audio")) == 1 }
	changed := func(v view) bool { return v.State == "failed" && v.Error.Code == "source_changed" }
	tests := map[string]struct {
		change func(t *testing.T, file string)
		ends   []func(view) bool // any of these will do
	}{
		"is deleted": {func(t *testing.T, file string) { // its reader still has it
			t.Helper()
			check(t, os.Remove(file))
		}, []func(view) bool{whole}},
		"is replaced": {func(t *testing.T, file string) { // the same
			t.Helper()
			check(t, os.Rename(placeClip(t, "seen-001.wav", file+".new"), file))
		}, []func(view) bool{whole, changed}},
		"is cut short": {func(t *testing.T, file string) {
			t.Helper()
			check(t, os.Truncate(file, 1_800_000))
		}, []func(view) bool{partial, changed}},
		"is written over": {func(t *testing.T, file string) {
			t.Helper()
			silenceFrom(t, file, 1_200_000)
		}, []func(view) bool{changed}},
		"still grows": {lengthen, []func(view) bool{changed}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t)
			h.slowFFmpeg(10)
			s := h.serve()
			file := longTalk(t)
			j := s.submit(map[string]any{"source": file}, nil)
			s.awaitReading(j.ID)
			tt.change(t, file)
			var v view
			eventually(t, "the job ends", func() bool {
				v = s.job(j.ID)
				return v.State == "done" || v.State == "failed" || v.State == "canceled"
			})
			if !slices.ContainsFunc(tt.ends, func(end func(view) bool) bool { return end(v) }) {
				t.Errorf("it is %s, warnings %+v, error %+v", v.State, v.Quality.Warnings, v.Error)
			}
			if n := wordErrors(references(t, "seventy-five-seconds.flac").words(), words(text(s.transcript(j.ID)))); whole(v) && n > 4 {
				t.Errorf("it passes for whole, and %d words are wrong", n)
			}
		})
	}
}

func TestATenthOfASecondIsASoundLikeAnyOther(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	dir := t.TempDir()
	for name, args := range map[string][]string{
		"blip.wav": {"-f", "lavfi", "-i", "sine=duration=0.1"},
		"blip.mp4": {"-f", "lavfi", "-i", "color=size=64x64:duration=0.1", "-f", "lavfi", "-i", "sine=duration=0.1"},
		"one.wav":  {"-f", "lavfi", "-i", "sine=duration=0.0001"},
	} {
		file := filepath.Join(dir, name)
		if out, err := exec.CommandContext(t.Context(), "ffmpeg", append(append([]string{"-v", "error"}, args...), file)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		id := s.submit(map[string]any{"source": file}, nil).ID
		s.await(id, "done")
		s.expectEnding(id, ending{silent: true}, "")
	}
}

// configure writes the settings of a home.
func (h home) configure(toml string) {
	h.t.Helper()
	check(h.t, os.WriteFile(filepath.Join(h.dir, "settings.toml"), []byte(toml), 0o600))
}

// slowFFmpeg makes the home use the machine's ffmpeg at so many times the speed
// at which the sound is played.
func (h home) slowFFmpeg(speed int) {
	h.t.Helper()
	dir := h.t.TempDir()
	for _, program := range []string{"ffmpeg", "ffprobe"} {
		path, err := exec.LookPath(program)
		if err != nil {
			h.t.Skipf("%s is not installed", program)
		}
		flags := ""
		if program == "ffmpeg" {
			flags = fmt.Sprintf("-readrate %d", speed)
		}
		script := fmt.Sprintf("#!/bin/sh\nexec %q %s \"$@\"\n", path, flags)
		check(h.t, os.WriteFile(filepath.Join(dir, program), []byte(script), 0o700)) //nolint:gosec // it is to be run
	}
	h.configure(fmt.Sprintf("[media]\nffmpeg = %q\n", filepath.Join(dir, "ffmpeg")))
}

// awaitReading waits until ten seconds of a job's sound have been read.
func (s *server) awaitReading(id string) {
	s.t.Helper()
	s.awaitBytes(id, 10*2*soundRate)
}

// awaitAllRead waits until all of a long talk has been read.
func (s *server) awaitAllRead(id string) {
	s.t.Helper()
	s.awaitBytes(id, 75*2*soundRate)
}

// awaitBytes waits until so much of a job's sound has been read.
func (s *server) awaitBytes(id string, bytes int64) {
	s.t.Helper()
	eventually(s.t, "the sound is read", func() bool {
		files, _ := filepath.Glob(filepath.Join(s.dir, "work", id, "*"))
		for _, file := range files {
			if info, err := os.Stat(file); err == nil && info.Size() >= bytes {
				return true
			}
		}
		if v := s.job(id); v.State != "queued" && v.State != "running" {
			s.t.Fatalf("it is past that: %+v", v)
		}
		return false
	})
}

// longTalk is 75 seconds as a WAV file of a test's own.
func longTalk(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "talk.wav")
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", clip(t, "seventy-five-seconds.flac"), file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

func placeClip(t testing.TB, name, to string) string {
	t.Helper()
	body, err := os.ReadFile(clip(t, name))
	check(t, err)
	check(t, os.WriteFile(to, body, 0o600))
	return to
}

// copyWithTime copies a file, its time of change too.
func copyWithTime(t testing.TB, file string) string {
	t.Helper()
	body, err := os.ReadFile(file)
	check(t, err)
	info, err := os.Stat(file)
	check(t, err)
	to := file + ".copy"
	check(t, os.WriteFile(to, body, 0o600))
	check(t, os.Chtimes(to, info.ModTime(), info.ModTime()))
	return to
}

// lengthen is what a program does that still writes the file.
func lengthen(t *testing.T, file string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
	check(t, err)
	_, err = f.Write(make([]byte, 100_000))
	check(t, err)
	check(t, f.Close())
}

// silenceFrom writes zeros over a file from a byte to its end.
func silenceFrom(t *testing.T, file string, at int64) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	check(t, err)
	info, err := f.Stat()
	check(t, err)
	_, err = f.WriteAt(make([]byte, info.Size()-at), at)
	check(t, err)
	check(t, f.Close())
}

// listing is the names in a folder.
func listing(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
