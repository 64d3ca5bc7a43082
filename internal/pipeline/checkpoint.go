package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"sluice/internal/job"
)

// Versions of what a stage makes: raised when its result would differ, so
// that old checkpoints are no longer found.
const (
	extractVersion    = "extract/1"
	transcribeVersion = "transcribe/2"
)

// finished reads what a stage left under a key.
func finished[T any](ctx context.Context, w *work, stage job.Stage, key string) (v T, ok bool, err error) {
	body, ok, err := w.deps.Checkpoints.Finished(ctx, stage, key)
	if err != nil || !ok {
		return v, false, err
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return v, false, fmt.Errorf("read checkpoint of %s: %w", stage, err)
	}
	return v, true, nil
}

// finish stores what a stage made or, reused, was found to have made.
func (w *work) finish(ctx context.Context, stage job.Stage, key string, v any, reused bool, took time.Duration) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write checkpoint of %s: %w", stage, err)
	}
	if err := w.deps.Checkpoints.Finish(ctx, w.lease, stage, key, body, reused, took); err != nil {
		return fmt.Errorf("store checkpoint of %s: %w", stage, err)
	}
	w.deps.Listener.Changed(w.job.ID)
	return nil
}

// extractKey names the sound of this source and track.
func (w *work) extractKey() string {
	track := "default"
	if t := w.job.Options.AudioTrack; t != nil {
		track = strconv.Itoa(*t)
	}
	return w.key(job.Extract, extractVersion, w.job.Source.Fingerprint, track)
}

// transcribeKey names the transcript of this sound by this model. Threads are
// not part of it: they change the speed, not the words.
func (w *work) transcribeKey(m Model) string {
	o := w.job.Options
	return w.key(job.Transcribe, transcribeVersion, w.extractKey(), m.Digest, o.Language, strconv.Itoa(o.BeamSize),
		strconv.FormatBool(o.Words), o.Prompt, strconv.FormatBool(o.ToEnglish))
}

// key hashes inputs. A job that must not reuse others' work adds itself, and one
// that does a stage anew how often it has been asked to: what it left before is
// not found any more, nor what is made of that.
func (w *work) key(stage job.Stage, parts ...string) string {
	if n := w.job.Fresh[stage]; n > 0 || !w.job.Options.Reuse {
		parts = append(parts, w.job.ID)
		if n > 0 {
			parts = append(parts, strconv.Itoa(n))
		}
	}
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p) // lengths keep "a","bc" apart from "ab","c"
	}
	return hex.EncodeToString(h.Sum(nil))
}
