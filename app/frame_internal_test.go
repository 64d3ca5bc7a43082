package app

import (
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/fault"
)

func TestTheWindowComesBackAsLargeAsItWasLeft(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "window.json")
	first := frame{Width: windowWidth, Height: windowHeight}
	if got := newFrames(path).get(); got != first {
		t.Errorf("the first time it is %+v", got)
	}
	k := newFrames(path)
	for _, now := range []frame{{Width: 1200, Height: 700}, {Width: 1920, Height: 1055, Maximised: true}} {
		if err := k.keep(now); err != nil {
			t.Fatal(err)
		}
	}
	// What fills the screen has below it the size that it had before.
	want := frame{Width: 1200, Height: 700, Maximised: true}
	if got := newFrames(path).get(); got != want {
		t.Errorf("at the next start it is %+v", got)
	}
	if err := k.keep(frame{Width: 800, Height: 600}); err != nil {
		t.Fatal(err)
	}
	if got, want := newFrames(path).get(), (frame{Width: 800, Height: 600}); got != want {
		t.Errorf("small again it is %+v", got)
	}
}

func TestASizeThatNoWindowHasIsNotKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "window.json")
	k := newFrames(path)
	for _, wrong := range []frame{{}, {Width: 639, Height: 480}, {Width: 640, Height: 479}, {Width: 1 << 20, Height: 600}, {Width: -960, Height: 640}} {
		if err := k.keep(wrong); !fault.Is(err, fault.RequestInvalid) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a file was written: %v", err)
	}
}

func TestADamagedSizeIsAsGoodAsNone(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing":      "",
		"no JSON":      "960x640",
		"another kind": `{"width":"960","height":640}`,
		"too small":    `{"width":1,"height":1}`,
		"too large":    `{"width":999999,"height":640}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "window.json")
			if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, want := newFrames(path).get(), (frame{Width: windowWidth, Height: windowHeight}); got != want {
				t.Errorf("it is %+v", got)
			}
		})
	}
}

func TestAWindowFitsItsScreen(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		was           frame
		width, height int
		want          frame
	}{
		"a larger screen changes nothing":    {frame{Width: 960, Height: 640}, 1920, 1080, frame{Width: 960, Height: 640}},
		"a smaller one makes it smaller":     {frame{Width: 2400, Height: 1300}, 1512, 982, frame{Width: 1512, Height: 982}},
		"but never too small to be used":     {frame{Width: 960, Height: 640}, 320, 240, frame{Width: 640, Height: 480}},
		"one that is not known has no bound": {frame{Width: 2400, Height: 1300}, 0, 0, frame{Width: 2400, Height: 1300}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.was.within(tt.width, tt.height); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
