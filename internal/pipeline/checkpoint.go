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
	translateVersion  = "translate/1"
	summarizeVersion  = "summarize/1"
	deliverVersion    = "deliver/1"
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

// parts reads what is stored of an unfinished piece of a stage's work.
func parts[T any](ctx context.Context, w *work, stage job.Stage, key string) ([]T, error) {
	bodies, err := w.deps.Checkpoints.Parts(ctx, w.lease, stage, key)
	if err != nil {
		return nil, fmt.Errorf("read parts of %s: %w", stage, err)
	}
	all := make([]T, len(bodies))
	for i, body := range bodies {
		if err := json.Unmarshal(body, &all[i]); err != nil {
			return nil, fmt.Errorf("read part of %s: %w", stage, err)
		}
	}
	return all, nil
}

// addPart stores one more.
func (w *work) addPart(ctx context.Context, stage job.Stage, key string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write part of %s: %w", stage, err)
	}
	if err := w.deps.Checkpoints.AddPart(ctx, w.lease, key, body); err != nil {
		return fmt.Errorf("store part of %s: %w", stage, err)
	}
	return nil
}

// keepPiece stores a piece that is finished, in place of its parts.
func (w *work) keepPiece(ctx context.Context, stage job.Stage, key string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write piece of %s: %w", stage, err)
	}
	if err := w.deps.Checkpoints.Keep(ctx, w.lease, stage, key, body); err != nil {
		return fmt.Errorf("store piece of %s: %w", stage, err)
	}
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
	if n := w.anew(stage); n > 0 || !w.job.Options.Reuse {
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

// anew is how often the job was asked to do a stage anew. For what a language
// model makes, and for what is delivered, that includes the stages before it,
// which may come to the same words again; the key of the words has that of their
// sound in it.
func (w *work) anew(stage job.Stage) int {
	fresh := w.job.Fresh
	switch stage {
	case job.Extract, job.Transcribe:
		return fresh[stage]
	case job.Translate, job.Summarize, job.Deliver:
	}
	n := 0
	for _, s := range job.Stages() {
		n += fresh[s]
		if s == stage {
			break
		}
	}
	return n
}
