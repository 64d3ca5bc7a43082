package board_test

import (
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/board"
	"sluice/internal/job"
)

// noon is not on a line of every cut, and it has yet to come when a test begins.
var noon = time.Date(2000, 3, 1, 12, 0, 10, 0, time.UTC)

// row is a sample every ten seconds.
func row(n int) []job.Sample {
	out := make([]job.Sample, n)
	for i := range out {
		out[i] = job.Sample{
			At: noon.Add(time.Duration(i) * 10 * time.Second), Level: job.Normal,
			FreePercent: 50, Available: 5 << 30, Depth: 1, Running: 1, Engine: 1 << 20,
		}
	}
	return out
}

// thinned is what is told of samples when the last of them has just been made.
func thinned(t *testing.T, samples []job.Sample, most int) []job.Sample {
	t.Helper()
	return thinnedAt(t, samples, samples[0].At, samples[len(samples)-1].At, most)
}

func thinnedAt(t *testing.T, samples []job.Sample, since, now time.Time, most int) (points []job.Sample) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now))
		r := board.NewRecorder(board.RecorderDeps{History: &shelf{samples: samples}, Log: slog.New(slog.DiscardHandler)})
		var err error
		if points, err = r.Points(t.Context(), since, most); err != nil {
			t.Fatal(err)
		}
	})
	return points
}

// A clock that was wrong when the machine started leaves samples of a time to
// come: they must be seen neither as points nor by what they do to the others.
func TestWhatIsStillToComeIsNotShown(t *testing.T) {
	t.Parallel()
	samples := row(1000)
	now := samples[999].At
	ahead := samples[0]
	ahead.At, ahead.Level = now.AddDate(1, 0, 0), job.Critical
	soon := ahead
	soon.At = now.Add(time.Second)
	for _, most := range []int{0, 100} {
		want := thinned(t, samples, most)
		got := thinnedAt(t, append(slices.Clone(samples), soon, ahead), samples[0].At, now, most)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("at most %d (-without +with):\n%s", most, diff)
		}
	}
}

// The same time is cut at the same places, whatever of it is there.
func TestThePiecesAreThoseOfTheTimeAskedFor(t *testing.T) {
	t.Parallel()
	samples := row(8640)
	all := thinned(t, samples, 301)
	part := thinnedAt(t, samples[7000:], samples[0].At, samples[8639].At, 301)
	if n := len(part); n < 50 || !cmp.Equal(all[len(all)-n+1:], part[1:]) { // the first piece may be cut short
		t.Errorf("%d points of the last %d samples are not the last of %d", n, 1640, len(all))
	}
}

func TestAllThereIsIsCutByWhatIsThere(t *testing.T) {
	t.Parallel()
	samples := row(1000)
	if n := len(thinnedAt(t, samples, time.Time{}, samples[999].At, 100)); n < 50 || n > 100 {
		t.Errorf("%d points", n)
	}
}

func TestFewPointsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, most := range []int{0, 100, 101} {
		if diff := cmp.Diff(row(100), thinned(t, row(100), most)); diff != "" {
			t.Errorf("at most %d (-want +got):\n%s", most, diff)
		}
	}
}

func TestTheWorstMomentOutlivesThinning(t *testing.T) {
	t.Parallel()
	samples := row(1000)
	samples[517].Level, samples[517].FreePercent, samples[517].Available = job.Critical, 3, 1<<20
	samples[700].Level = job.Warn
	samples[30].Depth, samples[30].Running, samples[30].Engine = 80, 2, 4<<30
	for _, most := range []int{1, 2, 3, 10, 300, 999} {
		got := thinned(t, samples, most)
		worst := job.Sample{FreePercent: 100, Available: 1 << 60}
		levels := map[job.Pressure]bool{}
		for _, p := range got {
			levels[p.Level] = true
			worst.FreePercent, worst.Available = min(worst.FreePercent, p.FreePercent), min(worst.Available, p.Available)
			worst.Depth, worst.Running, worst.Engine = max(worst.Depth, p.Depth), max(worst.Running, p.Running), max(worst.Engine, p.Engine)
		}
		if want := (job.Sample{FreePercent: 3, Available: 1 << 20, Depth: 80, Running: 2, Engine: 4 << 30}); worst != want {
			t.Errorf("at most %d: the worst is %+v", most, worst)
		}
		if !levels[job.Critical] || most >= 10 && !levels[job.Warn] {
			t.Errorf("at most %d: levels %v", most, levels)
		}
		if last := got[len(got)-1]; !last.At.Equal(samples[999].At) {
			t.Errorf("at most %d: it ends at %s", most, last.At)
		}
		if len(got) > most || len(got) < most/3 {
			t.Errorf("at most %d: got %d", most, len(got))
		}
	}
}

func TestAGapStaysAGap(t *testing.T) {
	t.Parallel()
	samples := append(row(400), row(900)[600:]...) // half an hour is missing
	got := thinned(t, samples, 100)
	gaps, longest := 0, time.Duration(0)
	for i := 1; i < len(got); i++ {
		d := got[i].At.Sub(got[i-1].At)
		longest = max(longest, d)
		if d > 5*time.Minute {
			gaps++
		}
	}
	if gaps != 1 || longest < 30*time.Minute {
		t.Errorf("%d gaps, the longest of %s, in %d points", gaps, longest, len(got))
	}
}

func TestAChartThatMovesOnDoesNotFlicker(t *testing.T) {
	t.Parallel()
	samples := row(1100)
	for i := range samples {
		samples[i].FreePercent = i % 97
	}
	now, later := thinned(t, samples[:1000], 100), thinned(t, samples[60:1060], 100)
	known := map[time.Time]job.Sample{}
	for _, p := range now {
		known[p.At] = p
	}
	same := 0
	for _, p := range later {
		if known[p.At] == p {
			same++
		}
	}
	// All but those at the two ends.
	if same < len(now)-8 {
		t.Errorf("%d of %d points are the same ten minutes later", same, len(now))
	}
}

func TestThereAreNeverMorePointsThanAskedFor(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		at := noon
		samples := make([]job.Sample, 2+random.IntN(400))
		for i := range samples {
			samples[i] = job.Sample{At: at, Level: job.Normal}
			at = at.Add(time.Duration(10+random.IntN(20)*random.IntN(200)) * time.Second)
		}
		most := 1 + random.IntN(len(samples))
		got := thinned(t, samples, most)
		if len(got) > most || len(got) == 0 {
			t.Fatalf("seed %d: %d points of %d, at most %d", seed, len(got), len(samples), most)
		}
		for i := 1; i < len(got); i++ {
			if !got[i].At.After(got[i-1].At) {
				t.Fatalf("seed %d: not in order", seed)
			}
		}
	}
}
