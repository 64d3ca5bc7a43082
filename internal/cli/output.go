package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"sluice/internal/fault"
	"sluice/internal/transcript"
)

// outputFlags says what a transcript looks like and where it goes.
type outputFlags struct {
	format string
	file   string
	times  bool
	json   bool

	kind transcript.Format // what format, file and json come to
	cmd  *cobra.Command
}

func newOutputFlags(cmd *cobra.Command, where string) *outputFlags {
	o := &outputFlags{cmd: cmd}
	f := cmd.Flags()
	f.StringVarP(&o.format, "format", "f", "", "`FORMAT` of the text: txt, srt, vtt, json or md (default: what -o ends in, else txt)")
	f.StringVarP(&o.file, "output", "o", "", where)
	f.BoolVar(&o.times, "times", false, "begin each line of txt with its time, like [04:07]")
	f.BoolVar(&o.json, "json", false, "the same as --format json")
	_ = cmd.RegisterFlagCompletionFunc("format", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return []cobra.Completion{"txt", "srt", "vtt", "json", "md"}, cobra.ShellCompDirectiveNoFileComp
	})
	return o
}

// settle decides the format.
func (o *outputFlags) settle() error {
	switch {
	case o.file == "" && o.cmd.Flags().Changed("output"):
		return usagef("-o names no file.")
	case o.json && o.format != "" && o.format != string(transcript.JSON):
		return usagef("--json and --format %s exclude each other.", clean(o.format))
	case o.json:
		o.kind = transcript.JSON
	case o.format != "":
		kind, err := transcript.ParseFormat(o.format)
		if err != nil {
			return usagef("There is no format %q: choose txt, srt, vtt, json or md.", clean(o.format))
		}
		o.kind = kind
	default:
		o.kind = transcript.Text
		if kind, err := transcript.ParseFormat(filepath.Ext(o.file)); err == nil && !isFolder(o.file) {
			o.kind = kind
		}
	}
	if o.times && o.kind != transcript.Text {
		return usagef("--times goes with txt; %s has its times anyway.", o.kind)
	}
	return nil
}

// heed says what is odd about the ending of a single output.
func (o *outputFlags) heed(c *console) {
	ext := filepath.Ext(o.file)
	if o.toStdout() || ext == "" || isFolder(o.file) {
		return
	}
	name := clean(filepath.Base(o.file))
	meant, err := transcript.ParseFormat(ext)
	switch {
	case err != nil && o.format == "" && !o.json:
		c.note("Note: %s is not an ending that says a format; %s will be %s. Others go by --format.", clean(ext), name, o.kind)
	case err == nil && meant != o.kind:
		c.note("Note: %s will be %s, as asked for, though its name ends in %s.", name, o.kind, clean(ext))
	}
}

// place refuses an output whose folder is not there. A folder that outputs go
// into is made by save, but not the folders above it.
func (o *outputFlags) place() error {
	if o.toStdout() {
		return nil
	}
	above := filepath.Dir(filepath.Clean(o.file))
	st, err := os.Stat(above)
	switch {
	case err == nil && st.IsDir():
		return nil
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return &usage{
			say:  fmt.Sprintf("-o %s: %s is no folder.", clean(o.file), clean(above)),
			hint: "Name a file in a folder that is there.",
		}
	}
	return &usage{
		say:  fmt.Sprintf("-o %s: there is no folder %s.", clean(o.file), clean(above)),
		hint: "Make it first, or name a file in a folder that is there.",
	}
}

// readable says that texts of this format can be read one after the other.
func (o *outputFlags) readable() bool {
	return o.kind == transcript.Text || o.kind == transcript.Markdown
}

// toStdout says that text is printed.
func (o *outputFlags) toStdout() bool { return o.file == "" || o.file == "-" }

// plan names the output of each file; "" is stdout. It refuses to write over
// a source, or over the output of another one.
//
// Languages and summary say what is written beside each text.
func (o *outputFlags) plan(files, languages []string, summary bool) ([]string, error) {
	outs := make([]string, len(files))
	switch {
	case o.toStdout() && len(files) > 1 && (o.kind == transcript.SRT || o.kind == transcript.VTT):
		return nil, usagef("Subtitles of several files need a folder: add -o FOLDER.")
	case o.toStdout() && !o.readable() && (len(languages) > 0 || summary):
		return nil, &usage{
			say:  fmt.Sprintf("Several texts cannot be printed one after the other as %s.", o.kind),
			hint: "Add -o FILE: translations and the summary are written beside it.",
		}
	case o.toStdout():
		return outs, nil
	case len(files) == 1 && !isFolder(o.file):
		outs[0] = o.file
	default:
		if len(files) > 1 && o.namesFile() {
			return nil, usagef("-o %s is a file; the texts of several files need a folder.", clean(o.file))
		}
		from := make(map[string]string, len(files))
		for i, f := range files {
			base := baseName(f) + o.kind.Ext()
			for _, name := range o.all(base, languages, summary) {
				if first, ok := from[name]; ok {
					return nil, usagef("%s and %s would both be written to %s: do them one by one.", clean(first), clean(f), clean(name))
				}
				from[name] = f
			}
			outs[i] = filepath.Join(o.file, base)
		}
	}
	if err := o.place(); err != nil {
		return nil, err
	}
	for _, out := range outs {
		names := o.all(out, languages, summary)
		if len(names) > 1 && !plain(out) {
			return nil, usagef("-o %s: translations and the summary cannot be written beside that.", clean(out))
		}
		for _, name := range names {
			if err := spare(name, files); err != nil {
				return nil, err
			}
		}
	}
	return outs, nil
}

// all is an output with what is written beside it.
func (o *outputFlags) all(out string, languages []string, summary bool) []string {
	names := []string{out}
	for _, l := range languages {
		names = append(names, beside(out, l, filepath.Ext(out)))
	}
	if summary {
		names = append(names, o.summaryOf(out))
	}
	return names
}

// summaryOf names the summary that goes with a text: Markdown, but JSON to JSON.
func (o *outputFlags) summaryOf(out string) string {
	ext := transcript.Markdown.Ext()
	if o.kind == transcript.JSON {
		ext = o.kind.Ext()
	}
	return beside(out, "summary", ext)
}

// beside names a file that belongs to another: talk.ko.srt to talk.srt.
func beside(out, what, ext string) string {
	return strings.TrimSuffix(out, filepath.Ext(out)) + "." + what + ext
}

// plain says that an output is an ordinary file, or will be one.
func plain(out string) bool {
	st, err := os.Stat(out)
	return err != nil || st.Mode().IsRegular()
}

// spare refuses an output that is one of the sources.
func spare(out string, files []string) error {
	there, err := os.Stat(out)
	if err != nil {
		return nil
	}
	for _, f := range files {
		if src, err := os.Stat(f); err == nil && os.SameFile(there, src) {
			return usagef("-o would write over %s itself.", clean(f))
		}
	}
	return nil
}

// namesFile says that the output is a file, or would be one by its ending.
func (o *outputFlags) namesFile() bool {
	if isFolder(o.file) {
		return false
	}
	_, err := os.Stat(o.file)
	_, ending := transcript.ParseFormat(filepath.Ext(o.file))
	return err == nil || ending == nil
}

func isFolder(name string) bool {
	if strings.HasSuffix(name, string(filepath.Separator)) {
		return true
	}
	st, err := os.Stat(name)
	return err == nil && st.IsDir()
}

// render writes a result in the wanted format.
func (o *outputFlags) render(r result) ([]byte, error) {
	switch {
	case o.kind == transcript.JSON && r.raw != nil:
		return safeJSON(append(bytes.TrimRight(r.raw, "\n"), '\n')), nil
	case o.times:
		return timedText(r.text), nil
	}
	var b bytes.Buffer
	err := transcript.Write(&b, r.text, o.kind, transcript.Options{Title: r.title, SourceName: r.name})
	return b.Bytes(), err
}

// printTo writes a result to stdout. Several are told apart by a line with
// the name before each, or by being lines of JSON.
func (o *outputFlags) printTo(p *printer, r result, several bool) error {
	body, err := o.render(r)
	if err != nil {
		return err
	}
	switch {
	case o.kind == transcript.JSON && several:
		line, err := json.Marshal(struct {
			File       string          `json:"file"`
			Transcript json.RawMessage `json:"transcript"`
		}{r.file, body})
		if err != nil {
			return fmt.Errorf("write json: %w", err)
		}
		p.line("%s", line)
	case o.kind == transcript.JSON:
		_, _ = p.Write(body)
	default:
		_, _ = p.Write([]byte(cleanText(string(body))))
	}
	return p.err
}

// fetch asks the server for a job's text in the wanted format.
func (o *outputFlags) fetch(ctx context.Context, s *client, id, language string) ([]byte, error) {
	if !o.times {
		body, err := s.export(ctx, id, language, o.kind)
		switch {
		case err != nil:
			return nil, err
		case o.kind == transcript.JSON:
			return safeJSON(append(bytes.TrimRight(body, "\n"), '\n')), nil
		case o.toStdout():
			return []byte(cleanText(string(body))), nil
		}
		return body, nil
	}
	t, _, err := s.transcript(ctx, id, language)
	switch {
	case err != nil:
		return nil, err
	case !t.Complete: // as the server has it for all text
		return nil, fault.New(fault.NotReady, "The transcript is not complete yet.", nil)
	}
	return timedText(t), nil
}

// inside names a job's text in a folder after its file.
func inside(folder string, j jobView, ext string) string {
	base := filepath.Base(clean(j.Source.Name))
	base = strings.TrimLeft(strings.TrimSuffix(base, filepath.Ext(base)), ".")
	if base == "" || base == string(filepath.Separator) {
		base = clean(j.ID)
	}
	return filepath.Join(folder, base+ext)
}

// save writes a file whole or not at all. It makes the file's own folder, but
// not those above it.
func save(name string, body []byte) error {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	st, err := os.Stat(name)
	if err == nil && !st.Mode().IsRegular() { // a device or a pipe is written as it is
		return unwritable(name, os.WriteFile(name, body, 0o666))
	}
	if err := os.Mkdir(filepath.Dir(name), 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return unwritable(name, err)
	}
	part := filepath.Join(filepath.Dir(name), ".sluice-"+rand.Text()[:10])
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return unwritable(name, err)
	}
	_, err = f.Write(body)
	if err == nil && st != nil {
		err = f.Chmod(st.Mode().Perm())
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(part, name)
	}
	if err != nil {
		_ = os.Remove(part)
	}
	return unwritable(name, err)
}

// unwritable says in one line why a file could not be written.
func unwritable(name string, err error) error {
	if err == nil {
		return nil
	}
	var pe *fs.PathError
	var le *os.LinkError
	cause := err
	switch {
	case errors.As(err, &pe):
		cause = pe.Err
	case errors.As(err, &le):
		cause = le.Err
	}
	return fmt.Errorf("%s could not be written: %w", name, cause)
}
