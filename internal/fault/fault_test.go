package fault_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"sluice/internal/fault"
)

func TestNewTakesKindAndHintFromTheTable(t *testing.T) {
	t.Parallel()
	f := fault.New(fault.NoAudioTrack, "The file has no sound.", nil)
	if f.Kind != fault.KindMedia || f.Hint == "" {
		t.Errorf("kind %q, hint %q", f.Kind, f.Hint)
	}
	if f.Status() != 422 || f.Crash() {
		t.Errorf("status %d, crash %v", f.Status(), f.Crash())
	}
}

func TestACodeMayCarryItsOwnStatus(t *testing.T) {
	t.Parallel()
	tests := map[fault.Code]int{
		fault.DiskFull: 507, fault.RequestTooLarge: 413, fault.TokenRequired: 401,
		fault.OriginRefused: 403, fault.HostRefused: 421,
		fault.JobUnknown: 404, fault.JobFinal: 409, fault.JobLive: 409, fault.JobRunning: 409, fault.JobDuplicate: 409, fault.MemoryShort: 503,
		fault.RequestInvalid: 422, fault.Internal: 500,
	}
	for code, want := range tests {
		if got := fault.New(code, "", nil).Status(); got != want {
			t.Errorf("%s: status %d, want %d", code, got, want)
		}
	}
}

func TestAnUnlistedCodeIsADefectOfOurs(t *testing.T) {
	t.Parallel()
	f := fault.New("never_heard", "?", nil)
	if f.Kind != fault.KindInternal || f.Status() != 500 {
		t.Errorf("kind %q, status %d", f.Kind, f.Status())
	}
}

func TestErrorIsALineForTheLog(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		cause error
		want  string
	}{
		"without a cause": {nil, "file_damaged: The file is damaged."},
		"with a cause":    {io.ErrUnexpectedEOF, "file_damaged: The file is damaged.: unexpected EOF"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fault.New(fault.FileDamaged, "The file is damaged.", tt.cause).Error(); got != tt.want {
				t.Errorf("Error() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTheCauseIsFoundThroughWraps(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("extract: %w", fault.New(fault.FileDamaged, "The file is damaged.", io.ErrUnexpectedEOF))
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("errors.Is does not see the cause")
	}
	if !fault.Is(err, fault.FileDamaged) {
		t.Error("fault.Is does not see the code")
	}
	if fault.Is(err, fault.FileEmpty) || fault.Is(io.EOF, fault.FileDamaged) || fault.Is(nil, fault.Internal) {
		t.Error("fault.Is sees a code that is not there")
	}
}

func TestWithHintLeavesTheOriginalAlone(t *testing.T) {
	t.Parallel()
	f := fault.New(fault.ModelTooLarge, "Too large.", nil)
	old := f.Hint
	g := f.WithHint("Choose %s: it takes %d %%.", "small", 40)
	if f.Hint != old {
		t.Errorf("the original's hint became %q", f.Hint)
	}
	if g.Hint != "Choose small: it takes 40 %." || g.Code != f.Code || g.Say != f.Say {
		t.Errorf("the copy is %+v", g)
	}
}

func TestFrom(t *testing.T) {
	t.Parallel()
	if f := fault.From(nil); f != nil {
		t.Errorf("From(nil) = %v", f)
	}
	inner := fault.New(fault.JobUnknown, "No such job.", nil)
	if f := fault.From(fmt.Errorf("get: %w", inner)); f != inner {
		t.Errorf("From does not find the fault inside: %v", f)
	}
	secret := errors.New("open /home/ann/secret.db: permission denied")
	f := fault.From(secret)
	if f.Code != fault.Internal || f.Kind != fault.KindInternal || !errors.Is(f, secret) {
		t.Errorf("a foreign error became %+v", f)
	}
	if strings.Contains(f.Say+f.Hint, "ann") {
		t.Errorf("words for people tell a path: %q %q", f.Say, f.Hint)
	}
}
