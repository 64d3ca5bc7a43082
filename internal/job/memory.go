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
