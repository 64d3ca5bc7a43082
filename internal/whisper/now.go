package whisper

// Now is what there is of the engine at this moment.
type Now struct {
	PID   int
	Model string
	Bytes int64 // as it told last; 0 before it has
	Warm  bool  // its model is loaded
}

// Now shows the engine that lives; false = none does. It waits for nothing.
func (t *Transcriber) Now() (Now, bool) {
	c := t.living.Load()
	if c == nil {
		return Now{}, false
	}
	select {
	case <-c.gone:
		return Now{}, false
	default:
		return Now{PID: c.pid, Model: modelName(c.model), Bytes: c.footprint.Load(), Warm: c.loaded.Load()}, true
	}
}
