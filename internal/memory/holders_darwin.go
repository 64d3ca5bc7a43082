package memory

import "context"

// processes asks ps.
func (p *Probe) processes(ctx context.Context) ([]process, error) {
	out, err := ps(ctx)
	if err != nil {
		return nil, err
	}
	return parsePS(string(out))
}
