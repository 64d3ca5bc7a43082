package job

import "time"

// Order is what a client asks for, before defaults are filled in and anything
// is checked. Nil and zero values mean the default of the settings.
type Order struct {
	Source     string // an absolute path, or "upload:ID"
	Title      string
	Language   string
	Model      string // catalog name or file stem
	ModelPath  string // a file outside models.dir; only from the CLI on this machine
	AudioTrack *int
	BeamSize   int
	Threads    int
	Words      *bool
	Prompt     *string // "" = none
	ToEnglish  bool
	Reuse      *bool

	TranslateTo *[]string // empty = none
	Summarize   *bool
	Summary     Summary // members that are not set are those of the settings
	LLMModel    string
	Register    *string // "" = the model's choice
	Glossary    *[]Term // in place of that of the settings
	Webhook     *string // "" = none

	Priority  int
	NotBefore time.Time // zero = as soon as its turn comes
	Metadata  map[string]string
	Content   string // hash of all that an upload holds, when the door knows it: an identical live job is then one of the same content, whatever its upload is called
	Key       string // Idempotency-Key
	KeyBody   string // hash of the request that came with Key
}

// Refused is one path of a drop that made no job, and why.
type Refused struct {
	Path    string // as it was dropped, or as it was found in a dropped folder
	Name    string // for people
	Code    string
	Message string
	Hint    string
}

// Bounds of what an order may carry.
const (
	MaxPriority      = 511
	MinPriority      = -512
	MaxBeamSize      = 8 // whisper.cpp's own limit of decoders
	MaxThreads       = 64
	MaxTitle         = 500      // characters
	MaxPrompt        = 2000     // bytes; the recogniser takes the last 224 of its tokens
	MaxMetadataBytes = 16 << 10 // keys and values together
	MaxLanguages     = 16       // of translations of one job
	MaxTerms         = 500      // of a glossary
	MaxTermBytes     = 200      // of one of them
	MaxOrders        = 1000     // in one request
	MaxDropped       = 10_000   // files that one drop may bring, folders opened
)

// Finding is one line of the doctor: something looked at, and how it is.
type Finding struct {
	Name  string       `json:"name"`
	Level FindingLevel `json:"level"`
	Text  string       `json:"text"`
	Hint  string       `json:"hint,omitempty"`
}

// FindingLevel says how bad a finding is.
type FindingLevel string

// The levels.
const (
	FindingOK   FindingLevel = "ok"
	FindingWarn FindingLevel = "warn"
	FindingFail FindingLevel = "fail"
)

// Diagnosis is what the doctor found: what runs, and what fits.
type Diagnosis struct {
	Findings []Finding `json:"findings"`
	Budget   []Budget  `json:"budget"`
}

// Budget is what one stage with one model takes of this machine.
type Budget struct {
	Stage   Stage  `json:"stage"`
	Model   string `json:"model"`
	Context int    `json:"context,omitempty"` // tokens that a language model sees at once
	Need    int64  `json:"need_bytes"`
	From    Known  `json:"from"`
	Fits    bool   `json:"fits"`                // this machine can give it at all
	Chosen  bool   `json:"chosen"`              // by the settings, or for this machine
	Here    *bool  `json:"installed,omitempty"` // nil = not known
	Text    string `json:"text,omitempty"`      // what to know of it
}

// Known says where a need comes from, the surest last.
type Known string

// The sources of a need.
const (
	FromCatalog  Known = "catalog"
	FromFile     Known = "file"     // guessed from the size and the shape of the model
	FromMeasured Known = "measured" // an earlier run
)
