package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAFileInTheCloudIsAddedAndHeardWhenItIsHere has only the stub of a file, as
// Macs until 13 keep it in iCloud's folder.
func TestAFileInTheCloudIsAddedAndHeardWhenItIsHere(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	dir := t.TempDir()
	file, stub := filepath.Join(dir, "talk.wav"), filepath.Join(dir, ".talk.wav.icloud")
	check(t, os.WriteFile(stub, []byte("bplist00"), 0o600))
	s := newHome(t).serve()
	j := s.submit(map[string]any{"source": file}, nil)
	var waits view
	eventually(t, "the job waits for its file", func() bool {
		waits = s.job(j.ID)
		if waits.State == "failed" || waits.State == "done" {
			t.Fatalf("it is %s, error %+v", waits.State, waits.Error)
		}
		return waits.Reason == "source"
	})
	if want := "“talk.wav” is in the cloud only. Download it in the Finder."; waits.ReasonText != want {
		t.Errorf("it says %q, not %q", waits.ReasonText, want)
	}
	// Others do not wait for it.
	other := s.submit(map[string]any{"source": placeClip(t, "seen-006.wav", filepath.Join(t.TempDir(), "other.wav"))}, nil)
	s.await(other.ID, "done")
	if again := s.submit(map[string]any{"source": stub}, nil); again.ID != j.ID || !again.Existing {
		t.Errorf("named by its stub it is another job: %+v", again)
	}

	check(t, os.Remove(stub))
	placeClip(t, "seen-004.wav", file)
	done := s.await(j.ID, "done")
	if done.Attempts+done.Crashes != 0 || done.Error != nil {
		t.Errorf("it is %+v, error %+v", done, done.Error)
	}
	said := words(text(s.transcript(j.ID)))
	if want := references(t, "seen-004.wav").words(); !slices.Equal(said, want) {
		t.Errorf("it says %q, not %q", said, want)
	}
	// It goes to the cloud again, and cannot be played.
	check(t, os.Rename(file, stub))
	status, answer := s.call(http.MethodGet, "/api/v1/jobs/"+j.ID+"/media", nil, nil, nil)
	if status != http.StatusNotFound || !strings.Contains(answer, "is in the cloud only") {
		t.Errorf("its media: %d %s", status, answer)
	}
}
