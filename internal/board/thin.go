package board

import (
	"time"

	"sluice/internal/job"
)

// thin puts neighbours together until there are at most so many points. Time is
// cut into equal pieces, and at the same places from call to call, so that a
// chart that moves on does not flicker. A piece without a point stays without.
// The span is the time that was asked for, and not that from the first point to
// the last: what is there must not change how the time is cut.
func thin(points []job.Sample, most int, span time.Duration) []job.Sample {
	if most <= 0 || len(points) <= most {
		return points
	}
	piece := pieces(span, most)
	out := points[:0:0]
	for _, p := range points {
		last := len(out) - 1
		if last >= 0 && (most == 1 || out[last].At.Truncate(piece).Equal(p.At.Truncate(piece))) {
			out[last] = worst(out[last], p)
			continue
		}
		out = append(out, p)
	}
	return out
}

// pieces is how long a piece is when so much time is cut into at most so many:
// whole samples, and one piece less than there may be, since the first and the
// last are cut short.
func pieces(span time.Duration, most int) time.Duration {
	const sample = looksPerSample * lookEvery
	least := span / time.Duration(max(1, most-1))
	return least.Truncate(sample) + sample
}

// worst is the worst of two samples, at the time of the later. It is never an
// average: a critical moment must not drown in an hour of calm.
func worst(a, b job.Sample) job.Sample {
	out := job.Sample{
		At:          a.At,
		Level:       a.Level,
		FreePercent: min(a.FreePercent, b.FreePercent),
		Available:   min(a.Available, b.Available),
		Depth:       max(a.Depth, b.Depth),
		Running:     max(a.Running, b.Running),
		Engine:      max(a.Engine, b.Engine),
	}
	if b.At.After(a.At) {
		out.At = b.At
	}
	if severity(b.Level) > severity(a.Level) {
		out.Level = b.Level
	}
	return out
}

func severity(p job.Pressure) int {
	switch p {
	case job.Critical:
		return 2
	case job.Warn:
		return 1
	case job.Normal:
		return 0
	}
	return 0
}
