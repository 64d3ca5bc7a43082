package whisper

import (
	"math"
	"slices"
)

// Evening. whisper.cpp takes the loudest moment of a call as the measure of all
// of it, so that somebody far from the microphone is lost behind somebody near
// it: with every other sentence 25 dB down our demo model had 15 of 277 words
// wrong and 14 of 125, instead of 3 and 2; evened, 3 and 3.
const (
	farBelow     = 20 // dB under the loudest: speech is lifted
	liftedBelow  = 12 // dB under the loudest: where it is lifted to
	mostLift     = 25 // dB
	shortestSaid = 15 // frames; what is shorter is no sentence, but a breath or a knock
	loudShare    = 0.9
	liftMargin   = 5 // frames around speech that are lifted with it
)

// Even lifts speech that is much quieter than the loudest in the same sound.
// What the ear of the plan takes for silence stays as it is, and so does sound
// of one loudness.
func Even(samples []float32) {
	runs, frames := speechOf(samples)
	top := math.Inf(-1)
	for _, r := range runs {
		top = max(top, r.level)
	}
	var gains []float32 // by frame; nil while there is nothing to lift
	for i, r := range runs {
		if r.to-r.from < shortestSaid || top-r.level < farBelow {
			continue
		}
		if gains == nil {
			gains = slices.Repeat([]float32{1}, frames)
		}
		from, to := max(r.from-liftMargin, 0), min(r.to+liftMargin, int64(frames))
		if i > 0 {
			from = max(from, (runs[i-1].to+r.from)/2)
		}
		if i+1 < len(runs) {
			to = min(to, (r.to+runs[i+1].from)/2)
		}
		lift := float32(math.Pow(10, min(top-liftedBelow-r.level, mostLift)/20))
		for f := from; f < to; f++ {
			gains[f] = lift
		}
	}
	if gains != nil {
		amplify(samples, gains)
	}
}

// heardRun is speech between two silences and how loud it is.
type heardRun struct {
	island
	level float64 // dBFS of its loud parts
}

// speechOf finds the speech in sound of some minutes, and says how many frames
// there are.
func speechOf(samples []float32) (runs []heardRun, frames int) {
	d := detector{most: math.MaxInt64}
	var meter detector // a filter of its own: d's goes on from frame to frame, too
	var levels []float64
	frame := make([]int16, 0, frameSamples)
	for part := range slices.Chunk(samples, frameSamples) {
		frame = frame[:0]
		for _, s := range part {
			frame = append(frame, int16(min(max(s*32768, -32768), 32767)))
		}
		d.push(frame)
		levels = append(levels, meter.loudness(frame))
	}
	d.flush()
	for _, s := range d.islands {
		loud := slices.Sorted(slices.Values(levels[s.from:s.to]))
		runs = append(runs, heardRun{s, loud[int(loudShare*float64(len(loud)-1))]})
	}
	return runs, len(levels)
}

// amplify goes from one frame's gain to the next within a frame, so that
// nothing clicks.
func amplify(samples []float32, gains []float32) {
	before := gains[0]
	for i, gain := range gains {
		part := samples[i*frameSamples : min((i+1)*frameSamples, len(samples))]
		if before != 1 || gain != 1 {
			step := (gain - before) / frameSamples
			for k := range part {
				part[k] = min(max(part[k]*(before+step*float32(k)), -1), 1)
			}
		}
		before = gain
	}
}
