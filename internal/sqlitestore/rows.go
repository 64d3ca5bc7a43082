package sqlitestore

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"sluice/internal/job"
)

// jobColumns reads a whole job in one statement, its stages too, so that what
// is returned is one moment's truth.
const jobColumns = `seq, id, state, reason, reason_text, until, ready_at, priority, rank, title, source, options, metadata,
	stage, progress_stage, progress, eta_seconds, need, attempts, crashes, deaths, error, warnings,
	cancel_requested, token, owner, created_at, started_at, finished_at, duration_ms, fresh, quality,
	(SELECT json_group_array(json_array(stage, started_at, finished_at, reused, error) ORDER BY seq)
	   FROM stage_runs INDEXED BY stage_runs_job WHERE stage_runs.job = jobs.seq),
	iif(state = 'queued' AND stage = 'transcribe', (SELECT to_ms FROM spans WHERE key = transcribe_key ORDER BY from_ms DESC LIMIT 1), 0)`

// scanJob reads jobColumns as they look at the given moment.
func scanJob(row scanner, now int64) (job.Job, error) {
	var j job.Job
	var until, readyAt, created, started, finished int64
	var source, options, runs string
	var metadata, need, failure, warnings, fresh, quality sql.NullString
	var heard sql.NullInt64 // milliseconds
	err := row.Scan(&j.Seq, &j.ID, &j.State, &j.Reason, &j.ReasonText, &until, &readyAt, &j.Priority, &j.Rank, &j.Title, &source, &options, &metadata,
		&j.Stage, &j.Progress.Stage, &j.Progress.Fraction, &j.Progress.ETASeconds, &need, &j.Attempts, &j.Crashes, &j.Deaths, &failure, &warnings,
		&j.CancelRequested, &j.Token, &j.Owner, &created, &started, &finished, &j.DurationMS, &fresh, &quality, &runs, &heard)
	if err != nil {
		return job.Job{}, err
	}
	if heard.Int64 > 0 && j.DurationMS > 0 {
		j.Progress = job.Progress{Stage: j.Stage, Fraction: min(float64(heard.Int64)/float64(j.DurationMS), 1)}
	}
	j.Until, j.CreatedAt, j.StartedAt, j.FinishedAt = moment(until), moment(created), moment(started), moment(finished)
	if j.State == job.Queued && readyAt > 0 && readyAt <= now {
		// What it waited for is over, though no write has said so.
		j.Reason, j.ReasonText, j.Until = job.Turn, "", time.Time{}
	}
	for _, c := range []struct {
		text string
		into any
	}{
		{source, &j.Source},
		{options, &j.Options},
		{metadata.String, &j.Metadata},
		{need.String, &j.Need},
		{failure.String, &j.Error},
		{warnings.String, &j.Warnings},
		{fresh.String, &j.Fresh},
		{quality.String, &j.Quality},
	} {
		if err := fromJSON(c.text, c.into); err != nil {
			return job.Job{}, fmt.Errorf("job %s: %w", j.ID, err)
		}
	}
	j.Stages, err = stageRuns(runs)
	return j, err
}

// stageRun is a row of stage_runs as jobColumns packs it.
type stageRun struct {
	stage             job.Stage
	started, finished int64
	reused            int64
	code              string
}

// UnmarshalJSON reads the array that SQLite made of the row.
func (r *stageRun) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&r.stage, &r.started, &r.finished, &r.reused, &r.code})
}

func stageRuns(text string) ([]job.StageRun, error) {
	var rows []stageRun
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		return nil, fmt.Errorf("read stages: %w", err)
	}
	var runs []job.StageRun
	for _, r := range rows {
		runs = append(runs, job.StageRun{
			Stage:      r.stage,
			StartedAt:  moment(r.started),
			FinishedAt: moment(r.finished),
			Reused:     r.reused != 0,
			Error:      r.code,
		})
	}
	return runs, nil
}

// toJSON gives the text of a column.
func toJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// orNull is toJSON for what need not be there.
func orNull(v any, there bool) (sql.NullString, error) {
	if !there {
		return sql.NullString{}, nil
	}
	text, err := toJSON(v)
	return sql.NullString{String: text, Valid: true}, err
}

func fromJSON(text string, into any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

// moment and millis turn the store's times into Go's and back; 0 is no time.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// millis rounds up, so that nothing is ready before its time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}
