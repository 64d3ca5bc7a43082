package job

// Model is a speech model as people see it: one that is installed, or that can
// be.
type Model struct {
	Name      string    `json:"name"`
	Installed bool      `json:"installed"`
	Damaged   bool      `json:"damaged,omitempty"` // there is a file of it that is no good
	Catalog   bool      `json:"catalog"`           // it can be downloaded; otherwise it is a file of the user's own
	Default   bool      `json:"default"`           // what jobs use that name none
	Suits     bool      `json:"suits"`             // the one of the settings if it fits, or else for this machine, installed or not
	Fits      bool      `json:"fits"`              // this machine can run it at all
	Languages Languages `json:"languages,omitempty"`
	SizeBytes int64     `json:"size_bytes,omitempty"` // of the file
	NeedBytes int64     `json:"need_bytes,omitempty"` // memory it is expected to take
	Note      string    `json:"note,omitempty"`       // one sentence for people
	Jobs      int       `json:"jobs,omitempty"`       // live jobs that need it
	Download  *Download `json:"download,omitempty"`   // nil = none was begun, or it is done
	Path      string    `json:"-"`                    // of the installed file; not for clients, who may be elsewhere
}

// Languages says what a model understands; "" = that is not known.
type Languages string

// The kinds of model.
const (
	Multilingual Languages = "multilingual"
	English      Languages = "english"
)

// Download is how far a model is that is not installed yet.
type Download struct {
	State      DownloadState  `json:"state"`
	DoneBytes  int64          `json:"done_bytes"`
	TotalBytes int64          `json:"total_bytes,omitempty"`
	ETASeconds int            `json:"eta_seconds,omitempty"` // until all has arrived, when known
	Error      *DownloadError `json:"error,omitempty"`       // why it stopped, unless somebody wanted it to
}

// DownloadState is what happens with a download.
type DownloadState string

// The states of a download.
const (
	DownloadWaiting DownloadState = "waiting" // for those before it
	DownloadRunning DownloadState = "running" // with all bytes there, it is being checked
	DownloadStalled DownloadState = "stalled" // nothing arrives; it is tried again by itself
	DownloadStopped DownloadState = "stopped" // it goes on where it was when somebody wants it to
)

// DownloadError is why a download failed.
type DownloadError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}
