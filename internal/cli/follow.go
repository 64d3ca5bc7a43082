package cli

import (
	"context"
	"errors"
	"time"

	"sluice/internal/board"
	"sluice/internal/fault"
	"sluice/internal/job"
)

// goodbye is how long the last words to a server may take after Ctrl-C.
const goodbye = 5 * time.Second

// follow shows a job until it ends and returns how it ended. Show gets every
// event of this job; a change of the job itself comes decoded, too.
func (s *client) follow(ctx context.Context, id string, notes func(format string, args ...any), show func(e event, v jobEvent)) (jobView, error) {
	var last jobView
	changed := func(j jobView, e event, v jobEvent) error {
		last = j
		show(e, v)
		if j.State.Final() {
			return errEnough
		}
		return nil
	}
	str := &stream{
		client:   s,
		patience: patience,
		lost:     func() { notes("The connection to Sluice was lost; trying again.") },
		found:    func() { notes("Sluice is back.") },
		sync: func(ctx context.Context) error {
			j, raw, err := s.job(ctx, id)
			if err != nil {
				return err
			}
			return changed(j, event{Kind: board.JobChanged, Data: raw}, jobEvent{JobID: id, Job: &j})
		},
		handle: func(_ context.Context, e event) error {
			v := e.read()
			if v.JobID != id {
				return nil
			}
			switch e.Kind {
			case board.JobChanged:
				if v.Job == nil {
					return nil
				}
				return changed(*v.Job, e, v)
			case board.JobGone:
				return fault.New(fault.JobUnknown, "The job was deleted.", nil)
			case board.Progress, board.Segment:
				show(e, v)
			case board.Memory, board.LineChanged, board.ModelChanged, board.SettingsSet, board.Reset:
			}
			return nil
		},
	}
	return last, str.run(ctx)
}

// verdict is the error that a final job stands for; nil when it is done.
func verdict(j jobView) error {
	switch j.State {
	case job.Done:
		return nil
	case job.Canceled:
		return fault.New(fault.CanceledByUser, "The job was canceled.", nil)
	case job.Failed:
		if j.Error == nil {
			return errors.New("the job did not work out")
		}
		f := fault.New(fault.Code(j.Error.Code), j.Error.Message, nil)
		if j.Error.Hint != "" {
			f.Hint = j.Error.Hint
		}
		return f
	case job.Queued, job.Running:
		return errors.New("the job has not ended")
	}
	return errors.New("the job is in a state that this sluice does not know: " + clean(string(j.State)))
}
