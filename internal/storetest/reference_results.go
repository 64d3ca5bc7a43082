package storetest

import (
	"context"
	"maps"
	"slices"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

// inputs is what a checkpoint is found by.
type inputs struct {
	stage job.Stage
	key   string
}

// checkpoint is what a stage has left.
type checkpoint struct {
	body  []byte
	owner *kept          // who left it
	users map[*kept]bool // whose stage left it or found it
}

// part is a piece of work that is not finished.
type part struct {
	body  []byte
	owner *kept // who worked on it last
}

// deposit stores a checkpoint, unless it was only found, and forgives when there
// was none. The parts it was made of go.
func (r *Reference) deposit(k *kept, stage job.Stage, key string, body []byte, reused bool) *checkpoint {
	left, there := r.left[inputs{stage, key}]
	if !there {
		left = &checkpoint{users: map[*kept]bool{}}
		r.left[inputs{stage, key}] = left
		k.forgive()
	}
	if !there || !reused {
		left.body, left.owner = slices.Clone(body), k
	}
	delete(r.parts, key)
	return left
}

func (k *kept) forgive() { k.Attempts, k.Crashes, k.Deaths, k.Error = 0, 0, 0, nil }

// disown takes away what a job has left, unless another one relies on it.
func (r *Reference) disown(k *kept) {
	maps.DeleteFunc(r.left, func(_ inputs, c *checkpoint) bool {
		delete(c.users, k)
		if c.owner == k {
			c.owner = nil
		}
		return c.owner == nil && len(c.users) == 0
	})
	for key, parts := range r.parts {
		r.parts[key] = slices.DeleteFunc(parts, func(p part) bool { return p.owner == k })
	}
}

// Finished finds what a stage left.
func (r *Reference) Finished(_ context.Context, stage job.Stage, key string) (body []byte, ok bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	left, ok := r.left[inputs{stage, key}]
	if !ok {
		return nil, false, nil
	}
	return slices.Clone(left.body), true, nil
}

// Parts lists what there is of a piece of work that is not finished.
func (r *Reference) Parts(_ context.Context, lease job.Lease, stage job.Stage, key string) ([][]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.held(lease)
	if err != nil {
		return nil, err
	}
	var bodies [][]byte
	for i := range r.parts[key] {
		r.parts[key][i].owner = k
		bodies = append(bodies, slices.Clone(r.parts[key][i].body))
	}
	open := slices.ContainsFunc(k.Stages, func(run job.StageRun) bool { return run.Stage == stage && run.FinishedAt.IsZero() })
	if len(bodies) > 0 && open {
		k.resumed[stage] = true
	}
	return bodies, nil
}

// AddPart stores one more.
func (r *Reference) AddPart(_ context.Context, lease job.Lease, key string, body []byte) error {
	return r.change(lease, func(k *kept) {
		r.parts[key] = append(r.parts[key], part{slices.Clone(body), k})
		k.forgive()
	})
}

// Keep stores a finished piece of a stage that goes on.
func (r *Reference) Keep(_ context.Context, lease job.Lease, stage job.Stage, key string, body []byte) error {
	return r.change(lease, func(k *kept) { r.deposit(k, stage, key, body, false) })
}

// SaveTranscript stores a job's whole transcript, of which nobody asks for more
// than what was made of it.
func (r *Reference) SaveTranscript(_ context.Context, lease job.Lease, _ transcript.Transcript, warnings []job.Warning) error {
	return r.change(lease, func(k *kept) { k.Warnings = slices.Clone(warnings) })
}

// SaveTranslation stores a translation.
func (r *Reference) SaveTranslation(_ context.Context, lease job.Lease, t transcript.Transcript, lines job.Lines, warnings []job.Warning) error {
	return r.change(lease, func(k *kept) {
		k.translations[t.Language] = t
		all := maps.Clone(k.Quality.Lines) // what was given out stays as it was
		if all == nil {
			all = map[string]job.Lines{}
		}
		all[t.Language] = lines
		k.Quality.Lines = all
		k.warn(warnings)
	})
}

// SaveSummary stores the summary, or that there is none.
func (r *Reference) SaveSummary(_ context.Context, lease job.Lease, s *transcript.Summary, coveragePercent int, warnings []job.Warning) error {
	return r.change(lease, func(k *kept) {
		k.summary, k.Quality.Coverage = s, nil
		if s != nil || coveragePercent > 0 {
			k.Quality.Coverage = &coveragePercent
		}
		k.warn(warnings)
	})
}

// Warn adds warnings to those of the job.
func (r *Reference) Warn(_ context.Context, lease job.Lease, warnings []job.Warning) error {
	return r.change(lease, func(k *kept) { k.warn(warnings) })
}

// warn says nothing twice.
func (k *kept) warn(more []job.Warning) {
	for _, w := range more {
		if !slices.Contains(k.Warnings, w) {
			k.Warnings = append(slices.Clip(k.Warnings), w)
		}
	}
}

// heardAnew forgets what was made from a transcript of other inputs.
func (k *kept) heardAnew(key string) {
	if k.heard != "" && k.heard != key {
		k.translations, k.summary, k.Quality = map[string]transcript.Transcript{}, nil, job.Quality{}
	}
	k.heard = key
}

// Translation gives what is there of a translation.
func (r *Reference) Translation(_ context.Context, jobID, language string) (transcript.Transcript, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find(jobID)
	if err != nil {
		return transcript.Transcript{}, err
	}
	if t, ok := k.translations[language]; ok {
		return t, nil
	}
	return transcript.Transcript{Language: language, Segments: []transcript.Segment{}}, nil
}

// Summary gives a job's summary.
func (r *Reference) Summary(_ context.Context, jobID string) (*transcript.Summary, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find(jobID)
	if err != nil {
		return nil, err
	}
	return k.summary, nil
}

// change does something to a job whose lease is live.
func (r *Reference) change(lease job.Lease, do func(*kept)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.held(lease)
	if err == nil {
		do(k)
	}
	return err
}
