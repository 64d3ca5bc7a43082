package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// folder is an export folder that remembers what was written.
type folder struct {
	written []string
	err     error
	stop    func()
}

func (f *folder) Export(ctx context.Context, j job.Job, texts []transcript.Transcript, s *transcript.Summary) (int, error) {
	what := j.Title
	for _, t := range texts {
		what += fmt.Sprintf(" %s:%d:%v", t.Language, len(t.Segments), t.Complete)
	}
	if s != nil {
		what += " and " + s.Text
	}
	f.written = append(f.written, what)
	if f.stop != nil {
		f.stop()
		return 0, context.Cause(ctx)
	}
	return len(texts), f.err
}

func TestWhatWasMadeIsExported(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		job  job.Job
		want string
	}{
		"the words alone":          {aJob("a"), "Talk ko:3:true"},
		"in the order of the wish": {summed(aJobInto("a", "ja", "ko", "en")), "Talk ko:3:true ja:3:true ko:3:true en:3:true and 3 lines"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, f := newBench(t), &folder{}
			b.exporter = f
			tt.job.Title = "Talk"
			for range 2 { // the second run finds all, and writes it again
				if err := b.run(tt.job); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff([]string{tt.want, tt.want}, f.written); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			if n := len(b.history); b.history[n-2] != "begin deliver" || b.history[n-1] != "finish deliver" {
				t.Errorf("%q", b.history)
			}
			if len(b.llm.released) > 0 && slices.Index(b.order, "unload gemma3:4b") > slices.Index(b.order, "begin deliver") {
				t.Errorf("the model is held meanwhile: %q", b.order)
			}
		})
	}
}

func TestWithoutAFolderNothingIsDelivered(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.run(summed(aJobInto("a", "en"))); err != nil || slices.Contains(b.history, "begin deliver") {
		t.Errorf("err = %v, %q", err, b.history)
	}
}

func TestAFolderThatCannotBeWrittenToIsAWarning(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want string
	}{
		"a path":  {fmt.Errorf("export srt: %w", &fs.PathError{Op: "open", Path: "/x/y", Err: fs.ErrPermission}), fs.ErrPermission.Error() + "."},
		"a fault": {fault.New(fault.DiskFull, "The disk is full.", nil), "The disk is full."},
		"another": {errors.New("1000 files of one name"), "1000 files of one name."},
	}
	const before = "not_exported: The files were not written to the export folder: "
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, f := newBench(t), &folder{err: tt.err}
			b.exporter = f
			if err := b.run(aJob("a")); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]string{before + tt.want}, b.said()); d != "" || b.history[len(b.history)-1] != "finish deliver" {
				t.Errorf("%q, -want +got\n%s", b.history, d)
			}
			f.err = nil
			if err := b.run(aJob("a")); err != nil || len(b.said()) != 0 || len(f.written) != 2 {
				t.Errorf("a retry: %v, written %d times, %q", err, len(f.written), b.said())
			}
		})
	}
}

func TestAnExportThatIsStoppedIsNotOver(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, stop := context.WithCancelCause(t.Context())
	b.exporter = &folder{stop: func() { stop(&job.Wait{Reason: job.Power}) }}
	var w *job.Wait
	err := b.pipeline().Run(ctx, job.Lease{ID: "a", Token: 1}, aJob("a"), func(job.Progress) {})
	if !errors.As(err, &w) || w.Reason != job.Power || len(b.said()) != 0 || b.history[len(b.history)-1] != "begin deliver" {
		t.Errorf("err = %v, %q", err, b.history)
	}
}
