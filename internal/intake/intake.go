// Package intake turns what people give - a path, an upload, an address on the
// web, a drop of files and folders, a folder to watch - into sources that jobs
// can rely on, and proves later that they are still the same files. It reads the
// ends of a file and runs nothing: of a drop it says what is evidently no media,
// but whether a file can be heard is not its question. It writes nowhere but to
// the uploads folder, the folder it is told to fetch to, and its own ledger.
package intake

import (
	"io/fs"
	"sync"
	"time"

	"sluice/internal/disk"
	"sluice/internal/netguard"
	"sluice/internal/pipeline"
)

var _ pipeline.Sources = (*Intake)(nil)

// Intake takes sources in.
type Intake struct {
	cfg   Config
	cloud cloud

	claims sync.Mutex // an upload is claimed, or taken away, but not both at once

	mu      sync.Mutex
	active  map[string]int64 // uploads that are arriving: bytes so far, by id
	kept    int64            // bytes of the finished ones
	counted bool             // kept is right

	absent map[string]absence // servers that did not answer, by host
}

// Config of an Intake; the zero value works for paths, uploads need UploadDir.
type Config struct {
	UploadDir string                      // one folder per upload below it
	Limits    func() Limits               // nil = MaxUpload and Web.Max, for good; else it is asked each time
	MaxUpload int64                       // 50 GiB: what one upload, and all that are kept together, may take
	MinFree   int64                       // 2 GiB: what uploads leave free on the disk; negative = nothing
	Web       Web                         // what may be fetched
	Home      string                      // what "~/" stands for; the user's home
	FreeBytes func(string) (int64, error) // free space of the disk a folder is on
	Now       func() time.Time            // time.Now
	Dataless  func(fs.FileInfo) bool      // a file has its content in the cloud only; nil = as the system tells
}

// Limits is how large what comes in may be, in bytes.
type Limits struct {
	Upload int64 // one upload, and all that are kept together
	Fetch  int64 // one file from the web
}

// New makes an Intake. It touches nothing before the first call.
func New(cfg Config) *Intake {
	if cfg.MaxUpload == 0 {
		cfg.MaxUpload = 50 << 30
	}
	switch {
	case cfg.MinFree == 0:
		cfg.MinFree = 2 << 30
	case cfg.MinFree < 0:
		cfg.MinFree = 0
	}
	if cfg.FreeBytes == nil {
		cfg.FreeBytes = disk.Free
	}
	if cfg.Web.Guard == nil {
		cfg.Web.Guard, _ = netguard.New(netguard.Config{}) // nothing to be wrong with
	}
	if cfg.Web.Max == 0 {
		cfg.Web.Max = 20e9
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Limits == nil {
		fixed := Limits{Upload: cfg.MaxUpload, Fetch: cfg.Web.Max}
		cfg.Limits = func() Limits { return fixed }
	}
	return &Intake{cfg: cfg, cloud: asTheSystemTells(cfg.Dataless), active: map[string]int64{}, absent: map[string]absence{}}
}
