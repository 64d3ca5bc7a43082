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

// LanguageModel is a model of Ollama as people see it.
type LanguageModel struct {
	Name       string    `json:"name"` // with its tag
	Installed  bool      `json:"installed"`
	Default    bool      `json:"default"`              // jobs that name none use it
	Suits      bool      `json:"suits"`                // the one to install
	Fits       bool      `json:"fits"`                 // this machine can run it at all
	Remote     bool      `json:"remote,omitempty"`     // only a name here: another machine runs it
	Parameters string    `json:"parameters,omitempty"` // such as 4.3B
	SizeBytes  int64     `json:"size_bytes,omitempty"` // on the disk of the server
	NeedBytes  int64     `json:"need_bytes,omitempty"` // memory with Context
	Context    int       `json:"context,omitempty"`    // tokens that it sees at once
	HeldBytes  int64     `json:"held_bytes,omitempty"` // memory that it has now
	Jobs       int       `json:"jobs,omitempty"`       // live ones that need it
	Download   *Download `json:"download,omitempty"`   // how far it is, when it is not installed
}

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
