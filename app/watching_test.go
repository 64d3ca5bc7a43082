package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// inbox is a watched folder.
type inbox struct {
	t   *testing.T
	dir string
}

// watching is a home that watches a folder, in which an old file lies.
func watching(t *testing.T, more string) (home, inbox) {
	t.Helper()
	h, in := newHome(t), inbox{t, t.TempDir()}
	in.put("old.wav", "seen-000.wav")
	h.configure("watch.folders = [\"" + in.dir + "\"]\nwatch.settle = \"100ms\"\n" + more)
	return h, in
}

func (in inbox) put(name, clipName string) {
	in.t.Helper()
	body, err := os.ReadFile(clip(in.t, clipName))
	if err != nil {
		in.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(in.dir, name), body, 0o600); err != nil {
		in.t.Fatal(err)
	}
}

// titles lists all jobs by title.
func (s *server) titles() []string {
	s.t.Helper()
	var p struct{ Jobs []view }
	s.do(http.MethodGet, "/api/v1/jobs", nil, &p)
	out := []string{}
	for _, j := range p.Jobs {
		out = append(out, j.Title)
	}
	slices.Sort(out)
	return out
}

// quiet gives the watcher the time it would need to take what it should not.
func quiet() {
	t := time.NewTimer(time.Second)
	<-t.C
}

func (s *server) has(titles ...string) {
	s.t.Helper()
	eventually(s.t, strings.Join(titles, ", ")+" are jobs", func() bool { return len(s.titles()) >= len(titles) })
	quiet()
	if diff := cmp.Diff(titles, s.titles()); diff != "" {
		s.t.Errorf("jobs (-want +got):\n%s", diff)
	}
}

func TestWhatComesToAWatchedFolderIsTakenOnceWhateverDies(t *testing.T) {
	t.Parallel()
	h, in := watching(t, "")
	s := h.serve()
	eventually(t, "the folder is watched", func() bool {
		_, err := os.Stat(filepath.Join(h.dir, "watched.jsonl"))
		return err == nil
	})
	quiet()
	in.put("first.wav", "seen-001.wav")
	s.has("first.wav")
	s.kill()
	in.put("second.wav", "seen-002.wav")
	s = h.serve()
	s.has("first.wav", "second.wav")
	var p struct{ Jobs []view }
	s.do(http.MethodGet, "/api/v1/jobs", nil, &p)
	for _, j := range p.Jobs {
		s.await(j.ID, "done")
	}
	s.do(http.MethodDelete, "/api/v1/jobs/"+p.Jobs[0].ID, nil, nil)
	left := p.Jobs[1].Title
	s.kill()
	now := time.Now().Add(time.Minute)
	if err := os.Chtimes(filepath.Join(in.dir, "first.wav"), now, now); err != nil {
		t.Fatal(err)
	}
	s = h.serve()
	s.has(left)
}

func TestFilesThatLieInAWatchedFolderAreTakenWhenAskedFor(t *testing.T) {
	t.Parallel()
	h, _ := watching(t, "watch.existing = true\n")
	h.serve().has("old.wav")
}

func TestAWatchedFolderThatIsAwayIsSaid(t *testing.T) {
	t.Parallel()
	h, in := watching(t, "")
	if err := os.RemoveAll(in.dir); err != nil {
		t.Fatal(err)
	}
	out, errs, _ := h.run("doctor")
	if !strings.Contains(out+errs, "is not watched now") {
		t.Errorf("the doctor says\n%s%s", out, errs)
	}
	s := h.serve()
	quiet()
	s.stop()
	if !strings.Contains(s.log.String(), "folder cannot be watched now") {
		t.Errorf("the log says\n%s", s.log)
	}
}
