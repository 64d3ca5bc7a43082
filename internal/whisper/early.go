package whisper

import "context"

// Warm starts an engine with a model, or finds it idle. It waits its turn like
// a request; the engine stays for the next one unless it is released.
func (t *Transcriber) Warm(ctx context.Context, model string) error {
	select {
	case <-t.turn:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer t.giveBack()
	_, err := t.warm(ctx, model)
	return err
}
