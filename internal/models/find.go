package models

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/pipeline"
)

const suffix = ".bin"

// file is a model file as it lies in a folder.
type file struct {
	name string // NFC, however the disk spells it
	path string
	info fs.FileInfo // of the file itself when path is a link
}

// Model gives the file of a model: a catalog name, or the stem of a file in
// the folder, with or without "ggml-" before it. The first call for a
// new file reads all of it to know its digest, a few seconds for the large
// ones. Faults: model_unknown, model_missing, model_damaged.
func (s *Store) Model(ctx context.Context, name string) (pipeline.Model, error) {
	f, err := s.named(name)
	if err != nil {
		return s.absent(name), err
	}
	return s.open(ctx, f)
}

// Look is Model without reading the file: quick enough for a request. A damaged
// file of the right size and header passes. The digest is the published one, or
// that of an earlier reading; "" = there was none. A catalog model that is
// missing comes with its name and need beside the fault.
func (s *Store) Look(name string) (pipeline.Model, error) {
	f, err := s.named(name)
	if err != nil {
		return s.absent(name), err
	}
	m, e, err := s.look(f)
	switch {
	case err != nil:
		return m, err
	case e != nil && e.SHA256 != "":
		m.Digest = e.SHA256
	default:
		m.Digest = s.known(f.path, f.info)
	}
	return m, nil
}

// absent is what the catalog knows of a model without a file.
func (s *Store) absent(name string) pipeline.Model {
	e, _ := s.entry(name)
	return pipeline.Model{Name: e.Name, NeedBytes: e.NeedBytes}
}

// named finds the file of a name.
func (s *Store) named(name string) (file, error) {
	e, inCatalog := s.entry(name)
	f, ok := s.find(name)
	switch {
	case ok:
		return f, nil
	case inCatalog:
		return file{}, fault.New(fault.ModelMissing,
			fmt.Sprintf("The speech model %s is not installed.", e.Name), nil).
			WithHint("Install it with 'sluice models pull %s' (%s).", e.Name, job.FormatBytes(e.Bytes))
	}
	return file{}, unknown(name)
}

// File gives a model by its path: for the command line, where people may name
// any file they can read. Faults: model_missing, model_damaged.
func (s *Store) File(ctx context.Context, path string) (pipeline.Model, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return pipeline.Model{}, fault.New(fault.ModelMissing, "The model file cannot be found.", err)
	}
	info, err := os.Stat(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return pipeline.Model{}, fault.New(fault.ModelMissing,
			fmt.Sprintf("There is no model file %q.", filepath.Base(abs)), err).WithHint("Check the path.")
	case err != nil:
		return pipeline.Model{}, fault.New(fault.ModelMissing,
			fmt.Sprintf("The model file %q cannot be read.", filepath.Base(abs)), err).WithHint("Check the path and its permissions.")
	case !info.Mode().IsRegular():
		return pipeline.Model{}, fault.New(fault.ModelDamaged,
			fmt.Sprintf("%q is not a file.", filepath.Base(abs)), nil).WithHint("Name one model file.")
	}
	m, err := s.open(ctx, file{name: norm.NFC.String(filepath.Base(abs)), path: abs, info: info})
	if fault.Is(err, fault.ModelDamaged) && !s.mine(abs) { // a file of the user's own is not ours to replace
		return m, fault.From(err).WithHint("Name a model file of whisper.cpp, such as ggml-small.bin.")
	}
	return m, err
}

// look says what a file is without reading it whole; e is what is published
// under its name, if anything.
func (s *Store) look(f file) (m pipeline.Model, e *Entry, err error) {
	m = pipeline.Model{Name: stem(f.name), Path: f.path, NeedBytes: NeedBytes(f.info.Size())}
	if known, ok := s.entryOfFile(f.name); ok && s.mine(f.path) { // a file elsewhere may be called as it likes
		m.Name, m.NeedBytes, e = known.Name, known.NeedBytes, &known
	}
	if err := s.inspect(f, e); err != nil {
		return pipeline.Model{}, nil, err
	}
	return m, e, nil
}

func (s *Store) open(ctx context.Context, f file) (pipeline.Model, error) {
	m, e, err := s.look(f)
	if err != nil {
		return pipeline.Model{}, err
	}
	sum, err := s.digest(ctx, f.path)
	if err != nil {
		return pipeline.Model{}, fmt.Errorf("digest of model %s: %w", m.Name, err)
	}
	if e != nil && e.SHA256 != "" && sum != e.SHA256 {
		return pipeline.Model{}, damaged(e.Name, fmt.Errorf("sha256 %s, published %s", sum, e.SHA256)).
			WithHint("Pull it again with 'sluice models pull %s'. If it is a model of your own, give it another name.", e.Name)
	}
	m.Digest = sum
	return m, nil
}

// mine says whether the path lies in the store's folder.
func (s *Store) mine(path string) bool { return filepath.Dir(path) == filepath.Clean(s.cfg.Dir) }

// inspect looks whether a file can be a model at all, without reading it
// whole. e is what is published under its name, if anything.
func (s *Store) inspect(f file, e *Entry) error {
	if e != nil && e.Bytes > 0 && f.info.Size() != e.Bytes {
		return damaged(e.Name, fmt.Errorf("%d bytes, published %d", f.info.Size(), e.Bytes)).
			WithHint("It has %s instead of %s. Pull it again with 'sluice models pull %s'.",
				job.FormatBytes(f.info.Size()), job.FormatBytes(e.Bytes), e.Name)
	}
	if err := s.check(f); err != nil {
		return damaged(stem(f.name), err)
	}
	return nil
}

// opinion is what Check said of a file as it was then.
type opinion struct {
	info fs.FileInfo
	err  error
}

// check asks Check about a file that is new or has changed. A drop of a
// thousand files asks for the same model a thousand times.
func (s *Store) check(f file) error {
	s.checking.Lock()
	defer s.checking.Unlock()
	if o, ok := s.checked[f.path]; ok && unchanged(o.info, f.info) {
		return o.err
	}
	err := s.cfg.Check(f.path)
	s.checked[f.path] = opinion{f.info, err}
	return err
}

func unchanged(a, b fs.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && inode(a) == inode(b)
}

func damaged(name string, cause error) *fault.Fault {
	return fault.New(fault.ModelDamaged, fmt.Sprintf("The file of the speech model %s is damaged or no whisper.cpp model.", name), cause)
}

func unknown(name string) *fault.Fault {
	if !validName(name) {
		return fault.New(fault.ModelUnknown, "This is not the name of a speech model.", fmt.Errorf("name %q", name))
	}
	return fault.New(fault.ModelUnknown, fmt.Sprintf("There is no speech model %q.", name), nil)
}

// find looks for the file of a name. Names are compared with what is in the
// folder and never joined to a path, so that none can lead out of it.
func (s *Store) find(name string) (file, bool) {
	if !validName(name) {
		return file{}, false
	}
	name = norm.NFC.String(strings.TrimSuffix(name, suffix))
	want := []string{name + suffix, "ggml-" + name + suffix}
	if e, ok := s.entry(name); ok {
		want = []string{e.File()} // a catalog name always means the catalog's file
	}
	found := s.scan()
	for _, w := range want {
		if i := slices.IndexFunc(found, func(f file) bool { return f.name == w }); i >= 0 {
			return found[i], true
		}
	}
	return file{}, false
}

func (s *Store) entry(name string) (Entry, bool) {
	return s.entryOfFile("ggml-" + strings.TrimPrefix(strings.TrimSuffix(name, suffix), "ggml-") + suffix)
}

func (s *Store) entryOfFile(name string) (Entry, bool) {
	i := slices.IndexFunc(s.cfg.Catalog, func(e Entry) bool { return e.File() == name })
	if i < 0 {
		return Entry{}, false
	}
	return s.cfg.Catalog[i], true
}

// scan lists the model files of the folder, each name once: a disk may hold
// one in two spellings of Unicode. A folder that cannot be read has none.
func (s *Store) scan() []file {
	entries, err := os.ReadDir(s.cfg.Dir)
	if err != nil {
		return nil
	}
	var out []file
	seen := map[string]bool{}
	for _, de := range entries {
		name := norm.NFC.String(de.Name())
		if !strings.HasSuffix(name, suffix) || !validName(name) || seen[name] {
			continue
		}
		path := filepath.Join(s.cfg.Dir, de.Name())
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		seen[name] = true
		out = append(out, file{name: name, path: path, info: info})
	}
	return out
}

// validName says whether a name could be one of a file in a folder.
func validName(name string) bool {
	if name == "" || len(name) > 200 || strings.HasPrefix(name, ".") || !utf8.ValidString(name) {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r == '/' || r == '\\' || r == ':' || unicode.IsControl(r)
	})
}

func fullStem(name string) string { return strings.TrimSuffix(name, suffix) }

func stem(name string) string { return strings.TrimPrefix(fullStem(name), "ggml-") }

func ownDescription(f file) string {
	if stem(f.name) == "sluice-tiny" {
		return "For tests and demos only: it knows about a hundred English words."
	}
	return "A file of your own."
}
