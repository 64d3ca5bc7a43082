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
	r.closeRun(k, "")
	k.Stages = append(slices.Clone(k.Stages), job.StageRun{Stage: stage, StartedAt: r.clock.Now()})
	k.Stage, k.Progress, k.Need = stage, job.Progress{Stage: stage}, job.Need{}
	return nil
}

// Finish ends a stage. What it left is forgotten, but not that it was there.
func (r *Reference) Finish(_ context.Context, lease job.Lease, stage job.Stage, key string, _ []byte, reused bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.held(lease)
	if err != nil {
		return err
	}
	if left := string(stage) + "/" + key; !r.left[left] {
		r.left[left] = true
		k.Attempts, k.Crashes, k.Deaths, k.Error = 0, 0, 0, nil
	}
	if !reused {
		r.learn(k, stage)
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
	all := job.Stages()
	k.Progress, k.Stage = job.Progress{}, all[min(slices.Index(all, stage)+1, len(all)-1)]
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
type speed struct{ work, media float64 }

type speedOf struct {
	stage job.Stage
	model string
}

// learn takes the run that ends now into account, when it says something.
func (r *Reference) learn(k *kept, stage job.Stage) {
	var runs []job.StageRun
	for _, run := range k.Stages {
		if run.Stage == stage {
			runs = append(runs, run)
		}
	}
	if len(runs) != 1 || !runs[0].FinishedAt.IsZero() || k.DurationMS == 0 {
		return
	}
	of := speedOf{stage: stage}
	if stage != job.Extract {
		if of.model = k.Options.Model; of.model == "" {
			return
		}
	}
	was := r.speeds[of]
	r.speeds[of] = speed{
		work:  was.work*0.8 + float64(r.clock.Now().Sub(runs[0].StartedAt))/float64(time.Millisecond),
		media: was.media*0.8 + float64(k.DurationMS),
	}
}

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
