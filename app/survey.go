package app

import (
	"context"
	"time"

	"sluice/internal/job"
)

// The survey's pace. Nothing waits for it but the forecast.
const (
	surveyEvery = 3 * time.Second
	surveyBatch = 50
	surveyShare = 5                // it works at most a fifth of the time
	surveyAgain = time.Minute      // until what told no length is asked again; twice as long each time
	surveyLast  = 64 * time.Minute // the longest of these pauses
	surveyKnown = 1000             // lengths that are remembered: the same file often comes again, for another language
)

// survey finds out how long the media of queued jobs are, so that the line can
// tell when a job will be done. Submitting never does: it must answer at once,
// also for a thousand files on a slow disk.
func (c *core) survey(ctx context.Context) error {
	tick := time.NewTicker(surveyEvery)
	defer tick.Stop()
	silent, known := map[string]silence{}, map[string]int64{}
	for {
		if err := c.surveyOnce(ctx, silent, known); err != nil && ctx.Err() == nil {
			c.log.Warn("durations not stored", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// silence is that of a job whose media told no length: its disk was away, or
// it has none to tell.
type silence struct {
	pause time.Duration
	until time.Time
}

// surveyOnce goes through the line once. Known is lengths by fingerprint.
func (c *core) surveyOnce(ctx context.Context, silent map[string]silence, known map[string]int64) error {
	jobs, err := c.store.Unmeasured(ctx, surveyBatch+len(silent))
	if err != nil {
		return err
	}
	waiting := map[string]bool{}
	found := false
	for _, j := range jobs {
		waiting[j.ID] = true
		if ctx.Err() != nil || c.gate.Critical() || time.Now().Before(silent[j.ID].until) {
			continue
		}
		began := time.Now()
		ms, ok := known[j.Source.Fingerprint]
		if !ok {
			ms, ok = c.measure(ctx, j)
		}
		if ok {
			if len(known) == surveyKnown {
				clear(known)
			}
			known[j.Source.Fingerprint] = ms
			err := c.store.SetDuration(ctx, j.ID, ms)
			if err != nil {
				return err
			}
			found = true
			delete(silent, j.ID)
		} else {
			pause := min(max(2*silent[j.ID].pause, surveyAgain), surveyLast)
			silent[j.ID] = silence{pause, time.Now().Add(pause)}
		}
		if !pause(ctx, (surveyShare-1)*time.Since(began)) {
			return nil
		}
	}
	for id := range silent {
		if !waiting[id] {
			delete(silent, id)
		}
	}
	if found {
		c.relay.LineChanged()
	}
	return nil
}

// measure asks how long a job's media is. What cannot be read is left to the
// job itself, which will say what is wrong.
func (c *core) measure(ctx context.Context, j job.Job) (ms int64, ok bool) {
	path, err := c.intake.Open(ctx, j.Source)
	if err != nil {
		return 0, false
	}
	m, err := c.media.Probe(ctx, path)
	return m.DurationMS, err == nil && m.DurationMS > 0
}
