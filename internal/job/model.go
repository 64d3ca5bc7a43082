package job

// Model is a speech model as people see it: one that is installed, or that can
// be.
type Model struct {
	Name      string    `json:"name"`
	Installed bool      `json:"installed"`
	Default   bool      `json:"default"` // what jobs use that name none
	Suits     bool      `json:"suits"`   // the one of the settings if it fits, or else for this machine, installed or not
	Fits      bool      `json:"fits"`    // this machine can run it at all
	Languages Languages `json:"languages,omitempty"`
	SizeBytes int64     `json:"size_bytes,omitempty"` // of the file
	NeedBytes int64     `json:"need_bytes,omitempty"` // memory it is expected to take
	Note      string    `json:"note,omitempty"`       // one sentence for people
	Path      string    `json:"-"`                    // of the installed file; not for clients, who may be elsewhere
}

// Languages says what a model understands; "" = that is not known.
type Languages string

// The kinds of model.
const (
	Multilingual Languages = "multilingual"
	English      Languages = "english"
)
