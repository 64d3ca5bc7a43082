// Package export writes finished results as files into a folder that the user
// has chosen. It never writes over a file that it did not write, or that
// somebody has changed since.
package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"sluice/internal/transcript"
)

// Ledger remembers what was written.
type Ledger interface {
	// Exported tells which job's file was written at a path, and what SetExported
	// was told of it; "" = none was.
	Exported(ctx context.Context, path string) (jobID, sums string, err error)
	// SetExported remembers a file before it is written, by the SHA-256 of what it
	// is to hold and, behind a space, of what it holds until then.
	SetExported(ctx context.Context, path, jobID, sums string) error
}

// Folder is where files are written. It is for one writer at a time.
type Folder struct {
	ledger Ledger
	cfg    Config
	name   []piece
}

// Config of a Folder.
type Config struct {
	Dir     string              // required; made when missing
	Name    string              // "{title}.{language}": of the files, without their ending, made by these words and {date}, {id}, {source}, {video_id}; a / makes a folder
	Formats []transcript.Format // srt and txt
}

// Result is what is written of one job.
type Result struct {
	JobID    string
	Title    string
	Source   string // the file's name
	VideoID  string // of the metadata; "" = none
	Finished time.Time
	Texts    []transcript.Transcript // the transcript and its translations
	Summary  *transcript.Summary     // nil = there is none
}

const usualName = "{title}.{language}"

// New checks the template. The error names the word that is none.
func New(ledger Ledger, cfg Config) (*Folder, error) {
	if !filepath.IsAbs(cfg.Dir) {
		return nil, errors.New("export: the folder is no absolute path")
	}
	if cfg.Name == "" {
		cfg.Name = usualName
	}
	if len(cfg.Formats) == 0 {
		cfg.Formats = []transcript.Format{transcript.SRT, transcript.Text}
	}
	name, err := parse(cfg.Name)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return &Folder{ledger: ledger, cfg: cfg, name: name}, nil
}

// Write writes all files of a result and gives their paths. A summary's name
// ends with .summary before its format. Those that a run
// before it wrote for the same job are replaced; in the way of any other file,
// a new one gets a number. Each appears whole or not at all.
func (f *Folder) Write(ctx context.Context, r Result) ([]string, error) {
	var written []string
	taken := map[string]bool{}
	file := func(language, ext string, format transcript.Format, write func(b *bytes.Buffer, o transcript.Options) error) error {
		var b bytes.Buffer
		if err := write(&b, transcript.Options{Title: r.Title, SourceName: r.Source}); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		path, err := f.put(ctx, taken, r.JobID, filepath.Join(f.cfg.Dir, fill(f.name, r, language)), ext+format.Ext(), b.Bytes())
		if err != nil {
			return fmt.Errorf("export %s: %w", format, err)
		}
		written = append(written, path)
		return nil
	}
	for _, text := range r.Texts {
		for _, format := range f.cfg.Formats {
			err := file(text.Language, "", format, func(b *bytes.Buffer, o transcript.Options) error { return transcript.Write(b, text, format, o) })
			if err != nil {
				return written, err
			}
		}
	}
	if r.Summary == nil {
		return written, nil
	}
	for _, format := range f.summaryFormats() {
		err := file(r.Summary.Language, summaryExt, format, func(b *bytes.Buffer, o transcript.Options) error {
			return transcript.WriteSummary(b, *r.Summary, format, o)
		})
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// summaryExt goes between the name of a summary and its format's ending.
const summaryExt = ".summary"

// summaryFormats are those of the folder that a summary can have: it is no
// subtitle. One it gets in any case.
func (f *Folder) summaryFormats() []transcript.Format {
	subtitles := func(format transcript.Format) bool { return format == transcript.SRT || format == transcript.VTT }
	formats := slices.DeleteFunc(slices.Clone(f.cfg.Formats), subtitles)
	if len(formats) == 0 {
		return []transcript.Format{transcript.Text}
	}
	return formats
}

// mostOfOneName bounds how many files of one name there may be.
const mostOfOneName = 1000

// put finds a name that is free, or ours, and writes there; taken are those of
// the same result.
func (f *Folder) put(ctx context.Context, taken map[string]bool, jobID, stem, ext string, content []byte) (string, error) {
	if err := os.MkdirAll(filepath.Dir(stem), 0o755); err != nil { //nolint:gosec // files for people, not for us
		return "", err
	}
	for n := 1; n <= mostOfOneName; n++ {
		path := stem + ext
		if n > 1 {
			path = fmt.Sprintf("%s (%d)%s", stem, n, ext)
		}
		if taken[path] {
			continue
		}
		c, err := f.claim(ctx, jobID, path)
		if err != nil {
			return "", err
		}
		if !c.mine {
			continue
		}
		taken[path] = true
		return path, f.write(ctx, c, jobID, path, content)
	}
	return "", errors.New("too many files have this name")
}

// write writes a file that is ours. The ledger knows of it before it is there: a
// file that nobody knows of would never be written again. It knows what was there
// before, too, since we may die in between. When it comes to nothing all is as it
// was.
func (f *Folder) write(ctx context.Context, c claimed, jobID, path string, content []byte) error {
	sums := sumOf(content)
	if c.now != "" {
		sums += " " + c.now
	}
	err := f.ledger.SetExported(ctx, path, jobID, sums)
	if err == nil {
		if err = replace(path, content); err == nil {
			return nil
		}
		if !c.made {
			_ = f.ledger.SetExported(context.WithoutCancel(ctx), path, jobID, c.sums)
		}
	}
	if c.made {
		_ = os.Remove(path)
	}
	return err
}

// claimed says whether a path is ours to write to.
type claimed struct {
	mine bool
	made bool   // it is new, and empty
	sums string // of what we wrote there before
	now  string // the one of what is there; "" = nothing is
}

// claim makes a path ours when nothing is there, and says whether it is. The
// empty file keeps everybody else from taking the name.
func (f *Folder) claim(ctx context.Context, jobID, path string) (claimed, error) {
	owner, sums, err := f.ledger.Exported(ctx, path)
	if err != nil {
		return claimed{}, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // files for people, not for us
	if err == nil {
		return claimed{mine: true, made: true}, file.Close()
	}
	if !errors.Is(err, fs.ErrExist) {
		return claimed{}, err
	}
	if owner != jobID {
		return claimed{}, nil
	}
	now, mine := unchanged(path, sums)
	return claimed{mine: mine, sums: sums, now: now}, nil
}

// unchanged says that a file is as we wrote it, or as we left it when we died
// before that, and gives its sum. What is no plain file, or cannot be read, is
// not ours.
func unchanged(path, sums string) (now string, mine bool) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return "", false
	}
	content, err := os.ReadFile(path) //nolint:gosec // a name of our own making
	if err != nil || len(content) == 0 {
		return "", err == nil
	}
	now = sumOf(content)
	return now, slices.Contains(strings.Fields(sums), now)
}

func sumOf(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}

// replace puts the content in place of a file in one step.
func replace(path string, content []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".sluice-*.part")
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil { // it was made with what the user lets others read
		mode = info.Mode().Perm()
	}
	_, err = temp.Write(content)
	err = errors.Join(err, temp.Chmod(mode), temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}

// piece is a part of a template: text, or a word that stands for something.
type piece struct{ text, word string }

func parse(template string) ([]piece, error) {
	var pieces []piece
	rest := template
	for rest != "" {
		before, after, found := strings.Cut(rest, "{")
		if before != "" {
			pieces = append(pieces, piece{text: before})
		}
		if !found {
			break
		}
		word, behind, closed := strings.Cut(after, "}")
		switch {
		case !closed:
			return nil, fmt.Errorf("the name %q has a { without a }", template)
		case word != "title" && word != "language" && word != "date" && word != "id" && word != "source" && word != "video_id":
			return nil, fmt.Errorf("the name %q has {%s}, which stands for nothing", template, word)
		}
		pieces, rest = append(pieces, piece{word: word}), behind
	}
	if filepath.IsAbs(template) || strings.Contains("/"+template+"/", "/../") {
		return nil, fmt.Errorf("the name %q leads out of the folder", template)
	}
	return pieces, nil
}

// fill makes a path of a template. What comes from outside never makes a folder.
func fill(pieces []piece, r Result, language string) string {
	if language == "" {
		language = "und"
	}
	values := map[string]string{
		"title": r.Title, "language": language, "id": r.JobID, "video_id": r.VideoID,
		"date": r.Finished.Local().Format(time.DateOnly), "source": strings.TrimSuffix(r.Source, filepath.Ext(r.Source)),
	}
	var b strings.Builder
	for _, p := range pieces {
		if p.word == "" {
			b.WriteString(p.text)
			continue
		}
		b.WriteString(plain(values[p.word]))
	}
	parts := strings.FieldsFunc(b.String(), func(r rune) bool { return r == '/' })
	for i, part := range parts {
		parts[i] = whole(part)
	}
	if len(parts) == 0 {
		return whole("")
	}
	return filepath.Join(parts...)
}

// plain makes text fit for the name of a file on any system.
func plain(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(`/\:*?"<>|`, r):
			return '-'
		case unicode.IsControl(r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "")))
}

// whole makes a name of it that is none of . and .., not hidden and not too
// long for a number and an ending.
func whole(name string) string {
	const longest = 200 // bytes; file systems take 255
	name = strings.TrimLeft(strings.TrimSpace(name), ".")
	for len(name) > longest {
		runes := []rune(name)
		name = string(runes[:len(runes)-1])
	}
	if name = strings.TrimRight(name, ". "); name == "" {
		return "untitled"
	}
	return name
}
