package job

import "time"

// Pressure is how short memory is.
type Pressure string

// The levels.
const (
	Normal   Pressure = "normal"
	Warn     Pressure = "warn"
	Critical Pressure = "critical"
)

// Reading is one look at the machine's memory. All sizes are bytes.
type Reading struct {
	At          time.Time `json:"at"`
	Level       Pressure  `json:"level"`
	Total       int64     `json:"total_bytes"`     // RAM, or the cgroup's limit when lower
	Available   int64     `json:"available_bytes"` // what a new process could take without swapping
	FreePercent int       `json:"free_percent"`    // Available of Total; on a Mac the kernel's own figure
	SwapUsed    int64     `json:"swap_used_bytes"`
	Compressed  int64     `json:"compressed_bytes,omitempty"`
	WiredLimit  int64     `json:"wired_limit_bytes,omitempty"` // a Mac's iogpu.wired_limit_mb when set
	Confined    bool      `json:"confined"`                    // a cgroup limit is below the machine's RAM
}

// Gate is how the gate stands, for people.
type Gate struct {
	State GateState `json:"state"`
	Text  string    `json:"text,omitempty"` // why it is not open; "" = it is
}

// GateState is what the picture of a gate can show.
type GateState string

// The states of the gate.
const (
	GateOpen    GateState = "open"    // whatever fits may start
	GateWaiting GateState = "waiting" // the first of the line does not fit now
	GateShut    GateState = "shut"    // memory is critically short: nothing starts
)

// Sample is one point of the machine's history: the worst of a short while.
type Sample struct {
	At          time.Time `json:"at"` // its end
	Level       Pressure  `json:"level"`
	FreePercent int       `json:"free_percent"`
	Available   int64     `json:"available_bytes"`
	Depth       int       `json:"depth"`   // length of the line
	Running     int       `json:"running"` // jobs at work
	Engine      int64     `json:"engine_bytes"`
}

// Holder is something that holds memory now: programs of one name together.
type Holder struct {
	Kind  HolderKind `json:"kind"`
	Name  string     `json:"name"`
	Bytes int64      `json:"bytes"`
	Count int        `json:"count"` // processes
}

// HolderKind says whose a holder is.
type HolderKind string

// The kinds of holders.
const (
	HolderEngine HolderKind = "engine" // our speech engine
	HolderSluice HolderKind = "sluice" // this app and its other children
	HolderOllama HolderKind = "ollama" // an Ollama server and its models
	HolderOther  HolderKind = "other"  // another program
)
