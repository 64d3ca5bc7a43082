package export_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/export"
	"sluice/internal/transcript"
)

// ledger remembers in memory.
type ledger map[string][2]string

func (l ledger) Exported(_ context.Context, path string) (jobID, sum string, err error) {
	return l[path][0], l[path][1], nil
}

func (l ledger) SetExported(_ context.Context, path, jobID, sum string) error {
	l[path] = [2]string{jobID, sum}
	return nil
}

func text(language, words string) transcript.Transcript {
	return transcript.Transcript{Language: language, Complete: true, Segments: []transcript.Segment{{ID: 1, EndMS: 900, Text: words}}}
}

func result(id, words string) export.Result {
	return export.Result{
		JobID: id, Title: "Talk", Source: "talk.mp4", VideoID: "v42", Finished: time.Date(2026, 3, 4, 12, 0, 0, 0, time.Local),
		Texts: []transcript.Transcript{text("en", words)},
	}
}

// bench is a folder with its ledger.
type bench struct {
	*testing.T
	dir string
	*export.Folder
}

func open(t *testing.T, cfg export.Config) *bench {
	t.Helper()
	cfg.Dir = filepath.Join(t.TempDir(), "out")
	if cfg.Formats == nil {
		cfg.Formats = []transcript.Format{transcript.Text}
	}
	f, err := export.New(ledger{}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t, cfg.Dir, f}
}

func (b *bench) write(r export.Result) {
	b.Helper()
	if _, err := b.Write(b.Context(), r); err != nil {
		b.Fatal(err)
	}
}

// files is what lies in the folder.
func (b *bench) files() map[string]string {
	b.Helper()
	out := map[string]string{}
	err := filepath.Walk(b.dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(b.dir, path)
		out[name] = strings.TrimSpace(string(content))
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

func TestFilesAreNamedByTheTemplate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		name   string
		result func(r *export.Result)
		want   string
	}{
		"the usual one":                {"", nil, "Talk.en.txt"},
		"every word there is":          {"{date} {id} {source} {title} {language} {video_id}", nil, "2026-03-04 j1 talk Talk en v42.txt"},
		"a folder":                     {"{language}/{title}", nil, "en/Talk.txt"},
		"a title with a slash":         {"{title}", func(r *export.Result) { r.Title = "a/b: c?" }, "a-b- c-.txt"},
		"a title that leads out":       {"{title}", func(r *export.Result) { r.Title = "../../etc/passwd" }, "-..-etc-passwd.txt"},
		"a title of dots":              {"{title}/{title}", func(r *export.Result) { r.Title = ".." }, "untitled/untitled.txt"},
		"a hidden title":               {"{title}", func(r *export.Result) { r.Title = ".bashrc" }, "bashrc.txt"},
		"a title of line breaks":       {"{title}", func(r *export.Result) { r.Title = "a\nb\x00c" }, "abc.txt"},
		"no title":                     {"{title}", func(r *export.Result) { r.Title = "" }, "untitled.txt"},
		"no video id":                  {"{video_id} {title}", func(r *export.Result) { r.VideoID = "" }, "Talk.txt"},
		"a title that is far too long": {"{title}", func(r *export.Result) { r.Title = strings.Repeat("가", 300) }, strings.Repeat("가", 66) + ".txt"},
		"a language that is not known": {"{title}.{language}", func(r *export.Result) { r.Texts[0].Language = "" }, "Talk.und.txt"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, export.Config{Name: test.name})
			r := result("j1", "hello")
			if test.result != nil {
				test.result(&r)
			}
			b.write(r)
			if d := cmp.Diff(map[string]string{test.want: "hello"}, b.files()); d != "" {
				t.Error(d)
			}
		})
	}
}

// A template without {language}, or a recording in a language that it is also
// translated to: no text takes the place of another.
func TestTextsOfOneNameDoNotReplaceEachOther(t *testing.T) {
	t.Parallel()
	b := open(t, export.Config{Name: "{title}"})
	r := result("j1", "hello")
	more := r.Texts[0]
	more.Segments = []transcript.Segment{{ID: 1, EndMS: 1000, Text: "안녕"}}
	r.Texts = append(r.Texts, more)
	want := map[string]string{"Talk.txt": "hello", "Talk (2).txt": "안녕"}
	for range 2 { // again to the same places
		b.write(r)
		if d := cmp.Diff(want, b.files()); d != "" {
			t.Error(d)
		}
	}
}

func TestATemplateThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"{titel}", "{title", "../{title}", "/etc/{title}", "a/../../{title}"} {
		if _, err := export.New(ledger{}, export.Config{Dir: "/out", Name: name}); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
	if _, err := export.New(ledger{}, export.Config{Dir: "out"}); err == nil {
		t.Error("a folder that depends on where we were started is taken")
	}
}

func TestEveryTextIsWrittenInEveryFormat(t *testing.T) {
	t.Parallel()
	b := open(t, export.Config{Formats: transcript.Formats()})
	r := result("j1", "hello")
	r.Texts = append(r.Texts, text("ko", "안녕하세요"))
	b.write(r)
	if got := b.files(); len(got) != 10 || !strings.Contains(got["Talk.ko.srt"], "안녕하세요") {
		t.Errorf("got %v", got)
	}
}

func TestASummaryIsWrittenInWhatFormatsItCanHave(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		formats []transcript.Format
		want    []string
	}{
		"every format": {transcript.Formats(), []string{"Talk.ko.summary.json", "Talk.ko.summary.md", "Talk.ko.summary.txt"}},
		"some of them": {[]transcript.Format{transcript.SRT, transcript.Markdown}, []string{"Talk.ko.summary.md"}},
		"subtitles":    {[]transcript.Format{transcript.VTT}, []string{"Talk.ko.summary.txt"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, export.Config{Formats: test.formats})
			r := result("j1", "hello")
			r.Summary = &transcript.Summary{Language: "ko", Title: "수문", Text: "물이 지나갑니다."}
			b.write(r)
			var got []string
			for name, content := range b.files() {
				if !strings.Contains(name, ".summary.") {
					continue
				}
				got = append(got, name)
				if !strings.Contains(content, "물이 지나갑니다.") {
					t.Errorf("%s holds %q", name, content)
				}
			}
			slices.Sort(got)
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestOnlyWhatItWroteIsWrittenOver(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		meanwhile func(b *bench)
		second    export.Result
		want      map[string]string
	}{
		"its own file of the same job":  {nil, result("j1", "anew"), map[string]string{"Talk.en.txt": "anew"}},
		"its own file of another job":   {nil, result("j2", "other"), map[string]string{"Talk.en.txt": "hello", "Talk.en (2).txt": "other"}},
		"a file that somebody changed":  {func(b *bench) { b.put("Talk.en.txt", "mine") }, result("j1", "anew"), map[string]string{"Talk.en.txt": "mine", "Talk.en (2).txt": "anew"}},
		"a file that somebody emptied":  {func(b *bench) { b.put("Talk.en.txt", "") }, result("j1", "anew"), map[string]string{"Talk.en.txt": "anew"}},
		"a file that somebody took out": {func(b *bench) { _ = os.Remove(filepath.Join(b.dir, "Talk.en.txt")) }, result("j1", "anew"), map[string]string{"Talk.en.txt": "anew"}},
		"a link in its place": {func(b *bench) {
			b.put("diary", "mine")
			_ = os.Remove(filepath.Join(b.dir, "Talk.en.txt"))
			if err := os.Symlink(filepath.Join(b.dir, "diary"), filepath.Join(b.dir, "Talk.en.txt")); err != nil {
				b.Fatal(err)
			}
		}, result("j1", "anew"), map[string]string{"diary": "mine", "Talk.en.txt": "mine", "Talk.en (2).txt": "anew"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, export.Config{})
			b.write(result("j1", "hello"))
			if test.meanwhile != nil {
				test.meanwhile(b)
			}
			b.write(test.second)
			if d := cmp.Diff(test.want, b.files()); d != "" {
				t.Error(d)
			}
		})
	}
}

func (b *bench) put(name, content string) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o600); err != nil {
		b.Fatal(err)
	}
}

// dying is a ledger whose program is killed as soon as it has written.
type dying struct{ ledger }

func (d dying) SetExported(ctx context.Context, path, jobID, sum string) error {
	_ = d.ledger.SetExported(ctx, path, jobID, sum)
	panic("killed")
}

func TestAFileIsStillOursWhenWeDiedBeforeWritingItAgain(t *testing.T) {
	t.Parallel()
	dir, known := t.TempDir(), ledger{}
	write := func(l export.Ledger, words string) {
		defer func() { _ = recover() }()
		f, err := export.New(l, export.Config{Dir: dir, Formats: []transcript.Format{transcript.Text}})
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := f.Write(t.Context(), result("job", words)); err != nil {
			t.Error(err)
		}
	}
	write(known, "First.")
	write(dying{known}, "Never written.")
	write(dying{known}, "Neither this.")
	write(known, "Last.")
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("there are %q, %v", files, err)
	}
	body, err := os.ReadFile(files[0])
	if err != nil || !strings.Contains(string(body), "Last.") {
		t.Errorf("it says %q, %v", body, err)
	}
	if err := os.WriteFile(files[0], []byte("mine now"), 0o600); err != nil {
		t.Fatal(err)
	}
	write(known, "Beside it.")
	if files, _ = filepath.Glob(filepath.Join(dir, "*")); len(files) != 2 {
		t.Errorf("what somebody wrote there was not left alone: %q", files)
	}
}

func TestAFolderThatCannotBeWrittenSaysSo(t *testing.T) {
	t.Parallel()
	b := open(t, export.Config{})
	if err := os.WriteFile(b.dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Write(t.Context(), result("j1", "hello")); err == nil {
		t.Error("no error")
	}
}
