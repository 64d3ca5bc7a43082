package job_test

import (
	"testing"

	"sluice/internal/job"
)

func TestWhereARetryStarts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		retry job.Retry
		last  job.Stage
		want  job.Stage
	}{
		"what failed in its sound starts at the source":          {job.Retry{}, job.Transcribe, job.Extract},
		"what failed in its text has its sound behind it":        {job.Retry{}, job.Summarize, job.Summarize},
		"a translation is made anew from the text":               {job.Retry{From: job.Translate}, job.Deliver, job.Translate},
		"a transcript is made anew from the source":              {job.Retry{From: job.Transcribe}, job.Deliver, job.Extract},
		"another model hears all of it, whatever it came to":     {job.Retry{Options: &job.Options{}}, job.Summarize, job.Extract},
		"another model hears all of it, whatever is asked for":   {job.Retry{Options: &job.Options{}, From: job.Translate}, job.Deliver, job.Extract},
		"a translation may be asked for of a job without a text": {job.Retry{From: job.Translate}, job.Extract, job.Translate},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.retry.Stage(tt.last); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
