package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/settings"
)

// desk takes orders from every door - HTTP, CLI, a drop - and
// turns them into drafts: sources found, defaults filled in, all checked.
type desk struct {
	*queue.Queue
	sources  sources
	gather   func(ctx context.Context, paths []string) ([]string, []job.Refused)
	defaults func() defaults        // as they are now
	language func(code string) bool // whether the recogniser knows it
	notices  notices
	changed  func()              // tells the views that the line reads differently
	accepted func(o job.Options) // hears of what jobs want as soon as they are in the line
	pausedAt pauses
}

// sources finds what an order names.
type sources interface {
	FromPath(ctx context.Context, path string) (job.Source, error)
	Upload(ctx context.Context, id string) (job.Source, error)
	FromURL(ctx context.Context, address string) (job.Source, error)
}

// defaults is what an order means by leaving something out.
type defaults struct {
	model         func(ctx context.Context) string
	language      string
	beam, threads int
	words         bool
	prompt        string
	wishes        wishes
}

func newDefaults(s *settings.Settings, model func(ctx context.Context) string, w wishes) defaults {
	return defaults{
		model:    model,
		language: s.Speech.Language,
		beam:     s.Speech.BeamSize,
		threads:  s.Speech.Threads,
		words:    s.Speech.Words,
		prompt:   s.Speech.Prompt,
		wishes:   w,
	}
}

// Submit makes jobs of orders, all or none.
func (d *desk) Submit(ctx context.Context, orders []job.Order) ([]queue.Accepted, error) {
	drafts := make([]job.Draft, 0, len(orders))
	for i, o := range orders {
		draft, err := d.draft(ctx, o)
		if err != nil {
			if len(orders) > 1 {
				err = fmt.Errorf("job %d of %d: %w", i+1, len(orders), err)
			}
			return nil, err
		}
		drafts = append(drafts, draft)
	}
	return d.put(ctx, drafts)
}

// put puts drafts into the line, all or none.
func (d *desk) put(ctx context.Context, drafts []job.Draft) ([]queue.Accepted, error) {
	accepted, err := d.Queue.Submit(ctx, drafts)
	for _, a := range accepted {
		d.accepted(a.Job.Options)
	}
	return accepted, err
}

// dropPiece is how many files of a drop are put into the line together: the
// first of a thousand should run while the others are still looked at.
const dropPiece = 100

// Drop takes files and folders as people drop them, with the default options.
// See DropAs.
func (d *desk) Drop(ctx context.Context, paths []string) (accepted []queue.Accepted, refused []job.Refused, err error) {
	return d.DropAs(ctx, paths, job.Order{})
}

// DropAs takes files and folders, each as an order like this one. What makes a
// job is enqueued, all else is named. The error is for what keeps all of it out.
func (d *desk) DropAs(ctx context.Context, paths []string, like job.Order) (accepted []queue.Accepted, refused []job.Refused, err error) {
	found, refused := d.gather(ctx, paths)
	for len(found) > 0 {
		piece := found[:min(dropPiece, len(found))]
		more, not, err := d.dropPiece(ctx, piece, like)
		accepted, refused = append(accepted, more...), append(refused, not...)
		if err != nil && len(accepted) == 0 {
			return nil, refused, err
		}
		if err != nil { // some are in the line: the rest is named
			for _, path := range found {
				refused = append(refused, refusal(path, err))
			}
			return accepted, refused, nil
		}
		found = found[len(piece):]
	}
	return accepted, refused, context.Cause(ctx)
}

func (d *desk) dropPiece(ctx context.Context, paths []string, like job.Order) ([]queue.Accepted, []job.Refused, error) {
	var drafts []job.Draft
	var refused []job.Refused
	for _, path := range paths {
		like.Source = path
		draft, err := d.draft(ctx, like)
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if err != nil {
			refused = append(refused, refusal(path, err))
			continue
		}
		drafts = append(drafts, draft)
	}
	if len(drafts) == 0 {
		return nil, refused, nil
	}
	accepted, err := d.put(ctx, drafts)
	if err != nil {
		return nil, nil, err
	}
	return accepted, refused, nil
}

func refusal(path string, err error) job.Refused {
	f := fault.From(err)
	return job.Refused{Path: path, Name: filepath.Base(path), Code: string(f.Code), Message: f.Say, Hint: f.Hint}
}

func (d *desk) draft(ctx context.Context, o job.Order) (job.Draft, error) {
	options, err := d.options(ctx, o)
	if err != nil {
		return job.Draft{}, err
	}
	if err := checkWords(o); err != nil {
		return job.Draft{}, err
	}
	source, err := d.source(ctx, o.Source)
	if err != nil {
		return job.Draft{}, err
	}
	draft := job.Draft{
		Source:   source,
		Title:    o.Title,
		Options:  options,
		Metadata: o.Metadata,
		Priority: o.Priority,
		Key:      o.Key,
		KeyBody:  o.KeyBody,
	}
	if draft.Title == "" {
		draft.Title = source.Name
	}
	draft.Wait = scheduled(o.NotBefore)
	what := identified{Fingerprint: draft.Source.Fingerprint, Path: draft.Source.Path, Title: draft.Title, Options: draft.Options, Metadata: draft.Metadata}
	if o.Content != "" { // the same sound under another name, of another minute
		what.Content, what.Fingerprint, what.Path, what.Title = o.Content, "", "", ""
	}
	draft.Identity, err = what.hash()
	return draft, err
}

func (d *desk) source(ctx context.Context, s string) (job.Source, error) {
	if id, ok := strings.CutPrefix(s, "upload:"); ok {
		return d.sources.Upload(ctx, id)
	}
	if scheme, _, ok := strings.Cut(s, "://"); ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) {
		return d.sources.FromURL(ctx, s)
	}
	return d.sources.FromPath(ctx, s)
}

func (d *desk) options(ctx context.Context, o job.Order) (job.Options, error) {
	def := d.defaults()
	out := job.Options{
		Language:   strings.ToLower(or(o.Language, def.language)),
		Model:      o.Model,
		ModelPath:  o.ModelPath,
		AudioTrack: o.AudioTrack,
		BeamSize:   or(o.BeamSize, def.beam),
		Threads:    or(o.Threads, def.threads),
		Words:      def.words,
		Prompt:     def.prompt,
		Reuse:      true,
	}
	if out.Model == "" && out.ModelPath == "" {
		out.Model = def.model(ctx)
	}
	if o.Words != nil {
		out.Words = *o.Words
	}
	if o.Prompt != nil {
		out.Prompt = strings.TrimSpace(*o.Prompt)
	}
	out.ToEnglish = o.ToEnglish && out.Language != "en" // which is English already
	if o.Reuse != nil {
		out.Reuse = *o.Reuse
	}
	switch {
	case !d.language(out.Language):
		return out, fault.New(fault.LanguageUnknown, fmt.Sprintf("The recogniser knows no language %q.", out.Language), nil)
	case out.BeamSize < 1 || out.BeamSize > job.MaxBeamSize:
		return out, invalid(fmt.Sprintf("beam_size lies between 1 and %d.", job.MaxBeamSize))
	case out.Threads < 0 || out.Threads > job.MaxThreads:
		return out, invalid(fmt.Sprintf("threads lies between 0 and %d.", job.MaxThreads))
	case len(out.Prompt) > job.MaxPrompt || strings.ContainsRune(out.Prompt, 0):
		return out, invalid(fmt.Sprintf("The prompt is text of at most %d bytes.", job.MaxPrompt))
	case out.AudioTrack != nil && *out.AudioTrack < 0:
		return out, invalid("audio_track counts from 0.")
	case o.Priority < job.MinPriority || o.Priority > job.MaxPriority:
		return out, invalid(fmt.Sprintf("priority lies between %d and %d.", job.MinPriority, job.MaxPriority))
	}
	return out, def.wishes.fill(ctx, o, &out)
}

func checkWords(o job.Order) error {
	if utf8.RuneCountInString(o.Title) > job.MaxTitle {
		return invalid(fmt.Sprintf("The title is longer than %d characters.", job.MaxTitle))
	}
	size := 0
	for k, v := range o.Metadata {
		size += len(k) + len(v)
	}
	if size > job.MaxMetadataBytes {
		return invalid(fmt.Sprintf("The metadata is larger than %s.", job.FormatBytes(job.MaxMetadataBytes)))
	}
	return nil
}

// scheduled is the wait for a time; one that has passed is none.
func scheduled(notBefore time.Time) job.Wait {
	if !notBefore.After(time.Now()) {
		return job.Wait{}
	}
	return job.Wait{Reason: job.Scheduled, Until: notBefore}
}

// identified is by what an identical live job is found: the source, what to do
// with it, and what it is called. How urgent it is does not matter.
type identified struct {
	Fingerprint, Path, Title string
	Options                  job.Options
	Metadata                 map[string]string
	Content                  string `json:",omitempty"` // in place of the first three
}

func (i identified) hash() (string, error) {
	body, err := json.Marshal(i)
	if err != nil {
		return "", fmt.Errorf("hash draft: %w", err)
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]), nil
}

func invalid(say string) *fault.Fault { return fault.New(fault.RequestInvalid, say, nil) }

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
