package memory

import (
	"context"

	"sluice/internal/job"
)

// MacReading is the arithmetic of the darwin probe for tests on any system.
func MacReading(ram uint64, level, freePercent uint32, free, fileBacked, purgeable uint64, wiredMB uint32) job.Reading {
	return macSample{
		ram: ram, level: level, freePercent: freePercent, wiredMB: wiredMB,
		free: free, fileBacked: fileBacked, purgeable: purgeable, page: 16 << 10,
		compressed: 3 << 30, swapUsed: 2 << 30,
	}.reading()
}

// Holders lists the processes below the probe's own root.
func (p *Probe) Holders(ctx context.Context, own Own) ([]job.Holder, error) {
	return p.holders(ctx, own)
}

// MacHolders is what Holders makes of the words of ps, for tests on any system.
func MacHolders(out string, own Own) ([]job.Holder, error) {
	all, err := parsePS(out)
	if err != nil {
		return nil, err
	}
	return hold(all, own), nil
}

// PSHolders is the same with the ps of this system.
func PSHolders(ctx context.Context, own Own) ([]job.Holder, error) {
	out, err := ps(ctx)
	if err != nil {
		return nil, err
	}
	return MacHolders(string(out), own)
}
