// Package models knows the speech models: what there is to download, what is
// installed, what memory each takes. It downloads with resume and proof, and
// finds a model for a job. It refuses to load one: weights are opened by the
// engine alone.
package models

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"sluice/internal/disk"
	"sluice/internal/job"
)

// Store finds, downloads and removes speech models in one folder. Several
// stores, also of several processes, may work on the same folder.
type Store struct {
	cfg Config

	hashing sync.Mutex // held while a digest is computed: one disk, one reader
	mu      sync.Mutex
	digests map[string]proof

	checking sync.Mutex
	checked  map[string]opinion // what Check said of files that have not changed since
}

// Config of a Store; the zero value works but for Dir.
type Config struct {
	Dir        string                      // where models are installed, and their digests kept; required
	BaseURL    string                      // https://huggingface.co/ggerganov/whisper.cpp/resolve/main
	HTTPClient *http.Client                // one that honours the proxy of the environment and has no overall time limit
	Catalog    []Entry                     // Catalog()
	Check      func(path string) error     // looks whether a file is a speech model; CheckHeader
	FreeBytes  func(string) (int64, error) // free space of the disk a folder is on
	MinFree    int64                       // 1 GiB: bytes of the disk that a download leaves free; negative = none
	Stall      time.Duration               // 30s: silence after which a connection counts as dropped
	Backoff    time.Duration               // 1s: the first pause after a drop, doubled while nothing arrives
	Tries      int                         // 5: drops in a row without a byte before giving up
	Poll       time.Duration               // 250ms: how often to look whether another download has finished
}

// New makes a Store. It touches nothing before the first call.
func New(cfg Config) *Store {
	if cfg.BaseURL == "" {
		cfg.BaseURL = "https://huggingface.co/ggerganov/whisper.cpp/resolve/main"
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = newClient()
	}
	if cfg.Catalog == nil {
		cfg.Catalog = Catalog()
	}
	if cfg.Check == nil {
		cfg.Check = CheckHeader
	}
	if cfg.FreeBytes == nil {
		cfg.FreeBytes = disk.Free
	}
	if cfg.MinFree == 0 {
		cfg.MinFree = 1 << 30
	}
	if cfg.Stall == 0 {
		cfg.Stall = 30 * time.Second
	}
	if cfg.Backoff == 0 {
		cfg.Backoff = time.Second
	}
	if cfg.Tries == 0 {
		cfg.Tries = 5
	}
	if cfg.Poll == 0 {
		cfg.Poll = 250 * time.Millisecond
	}
	return &Store{cfg: cfg, digests: map[string]proof{}, checked: map[string]opinion{}}
}

// Info is one model as people see it.
type Info struct {
	Name        string        `json:"name"`
	Description string        `json:"description"`
	Languages   job.Languages `json:"languages"`
	Bytes       int64         `json:"bytes"`      // of the file
	NeedBytes   int64         `json:"need_bytes"` // memory
	Catalog     bool          `json:"catalog"`    // can be downloaded; false: a file of the user's own
	Installed   bool          `json:"installed"`
	Damaged     bool          `json:"damaged,omitempty"`    // there, but no usable model: it is replaced when it is pulled
	PartBytes   int64         `json:"part_bytes,omitempty"` // of a download that has not finished
	SHA256      string        `json:"sha256,omitempty"`     // published; "" = none known
	Path        string        `json:"-"`                    // of the file when Installed or Damaged
}

// Catalog lists what can be downloaded.
func (s *Store) Catalog() []Entry { return slices.Clone(s.cfg.Catalog) }

// List gives the catalog in its order and then every other model file found,
// by name. It reads folders and headers, and no network.
func (s *Store) List(ctx context.Context) ([]Info, error) {
	found := s.scan()
	out := make([]Info, 0, len(s.cfg.Catalog)+len(found))
	for _, e := range s.cfg.Catalog {
		info := Info{
			Name: e.Name, Description: e.Description, Languages: e.Languages, Bytes: e.Bytes,
			NeedBytes: e.NeedBytes, Catalog: true, SHA256: e.SHA256, PartBytes: s.partBytes(e),
		}
		if i := slices.IndexFunc(found, func(f file) bool { return f.name == e.File() }); i >= 0 {
			info.Path = found[i].path
			info.Damaged = s.inspect(found[i], &e) != nil || s.disproved(found[i], e)
			info.Installed = !info.Damaged
			found = slices.Delete(found, i, i+1)
		}
		out = append(out, info)
	}
	var own []Info
	for _, f := range found {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if _, known := s.entryOfFile(f.name); known {
			continue // the same name again, in another spelling of Unicode
		}
		info := Info{
			Name: stem(f.name), Description: ownDescription(f), Languages: languagesOf(f.path),
			Bytes: f.info.Size(), NeedBytes: NeedBytes(f.info.Size()), Path: f.path,
		}
		if clash(out, own, info.Name) {
			info.Name = fullStem(f.name)
		}
		if clash(out, own, info.Name) {
			continue // hidden by one that is found first
		}
		info.Damaged = s.inspect(f, nil) != nil
		info.Installed = !info.Damaged
		own = append(own, info)
	}
	slices.SortFunc(own, func(a, b Info) int { return strings.Compare(a.Name, b.Name) })
	return append(out, own...), nil
}

// disproved says that the digest of a file is known and not the published one.
// None is computed for it.
func (s *Store) disproved(f file, e Entry) bool {
	if e.SHA256 == "" {
		return false
	}
	sum := s.known(f.path, f.info)
	return sum != "" && sum != e.SHA256
}

func clash(out, own []Info, name string) bool {
	same := func(i Info) bool { return i.Name == name }
	return slices.ContainsFunc(out, same) || slices.ContainsFunc(own, same)
}
