package storetest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// Begin says that a stage has started.
func (r *Reference) Begin(_ context.Context, lease job.Lease, stage job.Stage) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.held(lease)
	if err != nil {
		return err
	}
	k.Stages = slices.Clone(k.Stages)
	for i := range k.Stages {
		if run := &k.Stages[i]; run.Stage == stage && run.FinishedAt.IsZero() {
			run.FinishedAt = r.clock.Now()
		}
	}
	k.Stages = append(k.Stages, job.StageRun{Stage: stage, StartedAt: r.clock.Now()})
	k.Stage, k.Progress, k.Need = stage, job.Progress{Stage: stage}, job.Need{}
	r.record(k, job.VerbBegin, job.Running, "")
	return nil
}

// Finish ends a stage.
func (r *Reference) Finish(_ context.Context, lease job.Lease, stage job.Stage, key string, body []byte, reused bool, took time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.held(lease)
	if err != nil {
		return err
	}
	r.deposit(k, stage, key, body, reused).users[k] = true
	if stage == job.Transcribe {
		k.heardAnew(key)
	}
	if !reused {
		r.learn(k, stage, took)
	}
	k.Stages = slices.Clone(k.Stages)
	now, open := r.clock.Now(), false
	for i := range k.Stages {
		if run := &k.Stages[i]; run.Stage == stage && run.FinishedAt.IsZero() {
			run.FinishedAt, run.Reused, open = now, reused, true
		}
	}
	if !open {
		k.Stages = append(k.Stages, job.StageRun{Stage: stage, StartedAt: now, FinishedAt: now, Reused: reused})
	}
	r.record(k, job.VerbFinish, job.Running, "")
	if slices.ContainsFunc(k.Stages, func(run job.StageRun) bool { return run.FinishedAt.IsZero() }) {
		return nil // the next stage has begun already
	}
	k.Progress, k.Stage = job.Progress{}, stage
	own := k.Options.Stages()
	if i := slices.Index(own, stage); i >= 0 && i < len(own)-1 {
		k.Stage = own[i+1]
	}
	return nil
}

// closeRun ends the stage that was running, if there is one.
func (r *Reference) closeRun(k *kept, code string) {
	k.Stages = slices.Clone(k.Stages)
	for i := range k.Stages {
		if run := &k.Stages[i]; run.FinishedAt.IsZero() {
			run.FinishedAt, run.Error = r.clock.Now(), code
		}
	}
}

// cutOff is the code of a stage that was running when its job stopped.
func cutOff(to job.State, failure *job.Failure) string {
	switch {
	case failure != nil:
		return failure.Code
	case to == job.Done:
		return ""
	case to == job.Canceled:
		return string(fault.CanceledByUser)
	}
	return string(fault.Interrupted)
}

// speed is the sums of past runs of one stage.
type speed struct {
	work, media float64
	runs        int
	odd         float64 // ratio of the newest run, when it was not believed at once
}

type speedOf struct {
	stage job.Stage
	model string
}

// learn takes the run that ends now into account, when it says something.
func (r *Reference) learn(k *kept, stage job.Stage, took time.Duration) {
	var runs []job.StageRun
	for _, run := range k.Stages {
		if run.Stage == stage {
			runs = append(runs, run)
		}
	}
	if len(runs) != 1 || !runs[0].FinishedAt.IsZero() || k.resumed[stage] || k.DurationMS == 0 || took <= 0 || stage == job.Deliver {
		return
	}
	of, load := speedOf{stage: stage}, queue.LoadOf(k.Options, k.DurationMS)
	work, media := float64(took)/float64(time.Millisecond), float64(k.DurationMS)
	switch stage {
	case job.Transcribe:
		of.model = load.Model
	case job.Translate:
		of.model, work = load.LLMModel, work/float64(max(load.Languages, 1))
	case job.Summarize:
		of.model = load.LLMModel
	case job.Extract, job.Deliver:
	}
	if of.model == "" && stage != job.Extract {
		return
	}
	was := r.speeds[of]
	now := speed{work: was.work*0.8 + work, media: was.media*0.8 + media, runs: was.runs + 1}
	if was.runs >= 3 && unlike(work/media, was.work/was.media, 8) {
		believed := was.odd != 0 && !unlike(work/media, was.odd, 2)
		if !believed {
			now = was
		}
		now.odd = work / media
	}
	r.speeds[of] = now
}

// unlike says that one is more than so many times the other.
func unlike(a, b, times float64) bool { return a > b*times || b > a*times }

// Paces implements queue.Reader.
func (r *Reference) Paces(context.Context) ([]queue.Pace, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []queue.Pace
	for of, s := range r.speeds {
		out = append(out, queue.Pace{Stage: of.stage, Model: of.model, Ratio: s.work / s.media})
	}
	slices.SortFunc(out, func(a, b queue.Pace) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Model, b.Model))
	})
	return out, nil
}
