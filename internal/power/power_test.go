package power_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/power"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// mac is a Mac whose pmset prints this.
func mac(out string, err error) *power.Source {
	return power.NewOn("darwin", "", func(context.Context, string, ...string) ([]byte, error) {
		return []byte(out), err
	}, quiet())
}

func TestOnBatteryOfAMac(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		out     string
		battery bool
		wrong   bool
	}{
		"a laptop on its battery": {
			"Now drawing from 'Battery Power'\n -InternalBattery-0 (id=7340131)\t83%; discharging; 6:41 remaining present: true\n", true, false,
		},
		"the plug was pulled a moment ago": {
			"Now drawing from 'Battery Power'\n -InternalBattery-0 (id=7340131)\t100%; discharging; (no estimate) present: true\n", true, false,
		},
		"a laptop that is charging": {
			"Now drawing from 'AC Power'\n -InternalBattery-0 (id=7340131)\t41%; charging; 1:12 remaining present: true\n", false, false,
		},
		"a full laptop at the mains": {
			"Now drawing from 'AC Power'\n -InternalBattery-0 (id=7340131)\t100%; charged; 0:00 remaining present: true\n", false, false,
		},
		"a charger too weak to charge": {
			"Now drawing from 'AC Power'\n -InternalBattery-0 (id=7340131)\t77%; AC attached; not charging present: true\n", false, false,
		},
		"a Mac without a battery": {"Now drawing from 'AC Power'\n", false, false},
		"a Mac mini on its UPS": {
			"Now drawing from 'UPS Power'\n -Back-UPS ES 700\t88%; discharging; 0:23 remaining present: true\n", true, false,
		},
		"a Mac mini with a UPS at the mains": {
			"Now drawing from 'AC Power'\n -Back-UPS ES 700\t100%; charging present: true\n", false, false,
		},
		"words of older systems": {
			"Currently drawing from 'Battery Power'\n -InternalBattery-0\t55%; discharging; 2:10 remaining\n", true, false,
		},
		"a warning before it": {
			"Battery Warning: Early\nNow drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t9%; discharging; 0:19 remaining present: true\n", true, false,
		},
		"nothing":                  {"", false, true},
		"no line about the source": {" -InternalBattery-0 (id=7340131)\t83%; discharging\n", false, true},
		"a line that is cut off":   {"Now drawing from 'Battery Power", false, true},
		"a source of the future":   {"Now drawing from 'Solar Power'\n", false, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := mac(tt.out, nil).OnBattery(t.Context())
			if got != tt.battery || (err != nil) != tt.wrong {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestAMacIsAskedWithItsOwnTool(t *testing.T) {
	t.Parallel()
	var asked []string
	s := power.NewOn("darwin", "", func(_ context.Context, name string, args ...string) ([]byte, error) {
		asked = append([]string{name}, args...)
		return nil, errors.New("exit status 1")
	}, quiet())
	if _, err := s.OnBattery(t.Context()); err == nil || !strings.Contains(err.Error(), "pmset") {
		t.Errorf("a tool that fails gives %v", err)
	}
	if diff := cmp.Diff([]string{"/usr/bin/pmset", "-g", "batt"}, asked); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestARealProgramIsHeard(t *testing.T) {
	t.Parallel()
	s := power.NewOn("darwin", "", func(ctx context.Context, _ string, _ ...string) ([]byte, error) {
		return power.Run(ctx, "/bin/echo", "Now drawing from 'Battery Power'")
	}, quiet())
	if battery, err := s.OnBattery(t.Context()); !battery || err != nil {
		t.Errorf("got %v, %v", battery, err)
	}
}

func TestAnAnswerIsGoodForFiveSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			runs int
			out  = "Now drawing from 'AC Power'\n"
			log  bytes.Buffer
		)
		s := power.NewOn("darwin", "", func(context.Context, string, ...string) ([]byte, error) {
			runs++
			return []byte(out), nil
		}, slog.New(slog.NewTextHandler(&log, nil)))
		ask := func(want bool) {
			t.Helper()
			if got, err := s.OnBattery(t.Context()); got != want || err != nil {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		}
		ask(false)
		out = "Now drawing from 'Battery Power'\n"
		time.Sleep(4900 * time.Millisecond)
		ask(false)
		if runs != 1 {
			t.Errorf("asked %d times within five seconds", runs)
		}
		time.Sleep(200 * time.Millisecond)
		ask(true)
		ask(true)
		out = "nonsense"
		time.Sleep(5 * time.Second)
		for range 3 {
			if _, err := s.OnBattery(t.Context()); err == nil {
				t.Error("an answer without a source")
			}
		}
		if runs != 3 {
			t.Errorf("asked %d times, want 3: a tool that fails is not asked without end", runs)
		}
		if n := strings.Count(log.String(), "power source changed"); n != 1 {
			t.Errorf("%d changes in the log:\n%s", n, log.String())
		}
	})
}

func TestAToolThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := power.NewOn("darwin", "", func(ctx context.Context, _ string, _ ...string) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, quiet())
		start := time.Now()
		if _, err := s.OnBattery(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// A caller that goes away leaves no wrong answer for the next one.
func TestACallerThatGoesAwayProvesNothing(t *testing.T) {
	t.Parallel()
	s := power.NewOn("darwin", "", func(ctx context.Context, _ string, _ ...string) ([]byte, error) {
		return []byte("Now drawing from 'Battery Power'\n"), ctx.Err()
	}, quiet())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.OnBattery(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if battery, err := s.OnBattery(t.Context()); !battery || err != nil {
		t.Errorf("the next one hears %v, %v", battery, err)
	}
}

// supplies are files below /sys/class/power_supply.
type supplies map[string]string

func TestOnBatteryOfLinux(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files   supplies
		battery bool
	}{
		"a server": {nil, false},
		"a laptop at the mains": {supplies{
			"AC/type": "Mains\n", "AC/online": "1\n", "BAT0/type": "Battery\n", "BAT0/present": "1\n", "BAT0/status": "Full\n",
		}, false},
		"a laptop on its battery": {supplies{
			"AC/type": "Mains\n", "AC/online": "0\n", "BAT0/type": "Battery\n", "BAT0/present": "1\n", "BAT0/status": "Discharging\n",
		}, true},
		"the battery has not noticed yet": {supplies{
			"AC/type": "Mains\n", "AC/online": "0\n", "BAT0/type": "Battery\n", "BAT0/status": "Unknown\n",
		}, true},
		"charged over USB": {supplies{
			"AC/type": "Mains\n", "AC/online": "0\n", "ucsi-0/type": "USB\n", "ucsi-0/online": "1\n",
			"BAT0/type": "Battery\n", "BAT0/status": "Charging\n",
		}, false},
		"charged over USB with a voltage that was asked for": {supplies{
			"usb/type": "USB\n", "usb/online": "2\n", "BAT0/type": "Battery\n", "BAT0/status": "Charging\n",
		}, false},
		"a charger so weak that the battery helps out": {supplies{
			"AC/type": "Mains\n", "AC/online": "1\n", "BAT0/type": "Battery\n", "BAT0/status": "Discharging\n",
		}, false},
		"charged by a dock that does not show": {supplies{
			"AC/type": "Mains\n", "AC/online": "0\n", "BAT0/type": "Battery\n", "BAT0/status": "Charging\n",
		}, false},
		"no charger shows, and the battery empties": {supplies{
			"axp20x/type": "Battery\n", "axp20x/status": "Discharging\n",
		}, true},
		"no charger shows, and the battery is full": {supplies{
			"axp20x/type": "Battery\n", "axp20x/status": "Full\n",
		}, false},
		"one of two batteries empties": {supplies{
			"AC/type": "Mains\n", "AC/online": "0\n", "BAT0/type": "Battery\n", "BAT0/status": "Not charging\n",
			"BAT1/type": "Battery\n", "BAT1/status": "Discharging\n",
		}, true},
		"a desktop with a mouse": {supplies{
			"hidpp/type": "Battery\n", "hidpp/scope": "Device\n", "hidpp/status": "Discharging\n",
		}, false},
		"an empty bay for a battery": {supplies{
			"AC/type": "Mains\n", "AC/online": "0\n", "BAT1/type": "Battery\n", "BAT1/present": "0\n", "BAT1/status": "Unknown\n",
		}, false},
		"a UPS while the mains are away": {supplies{
			"ups/type": "UPS\n", "ups/status": "Discharging\n",
		}, true},
		"a supply that says nothing": {supplies{"odd/uevent": "x\n"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			for name, body := range tt.files {
				path := filepath.Join(root, "sys/class/power_supply", name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := power.NewOn("linux", root, nil, quiet()).OnBattery(t.Context())
			if got != tt.battery || err != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestSuppliesThatCannotBeListedAreAnError(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "sys/class"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "sys/class/power_supply"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := power.NewOn("linux", root, nil, quiet()).OnBattery(t.Context()); err == nil {
		t.Error("a file was listed")
	}
}

func TestOtherSystemsAreNeverOnBattery(t *testing.T) {
	t.Parallel()
	if battery, err := power.NewOn("freebsd", "/nowhere", nil, quiet()).OnBattery(t.Context()); battery || err != nil {
		t.Errorf("got %v, %v", battery, err)
	}
}

func TestThisMachineAnswers(t *testing.T) {
	t.Parallel()
	if _, err := power.New(quiet()).OnBattery(t.Context()); err != nil {
		t.Error(err)
	}
}
