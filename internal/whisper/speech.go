package whisper

import "math"

// The detector works on frames of 20 ms.
const (
	frameSamples = SampleRate / 50
	frameMS      = 20

	floorFrames  = 1500 // 30 s around a frame decide what is quiet there
	primeFrames  = floorFrames/2 + 10
	floorShare   = 0.10 // the quietest tenth is the noise
	aboveFloor   = 8    // dB over the noise is speech
	quietest     = -62  // dBFS: below is silence however still the rest is
	loudest      = -35  // dBFS: above is speech however loud the noise is
	shortestBump = 3    // frames; shorter is a click
	shortestGap  = 10   // frames; shorter belongs to the speech around it
)

// island is a stretch of speech between silences, in frames.
type island struct{ from, to int64 }

// detector finds speech by its loudness over the noise around it. It would
// rather take noise for speech than the other way: what it calls silence may
// never be heard. It holds 30 s of loudness, however long the sound is.
type detector struct {
	previous, filtered float64 // the high-pass filter's memory

	ring    [floorFrames + 1]uint8 // loudness of the frames around the one to judge
	counts  [128]int               // how often each loudness is in the ring
	pushed  int64
	judged  int64
	dropped int64

	run     island // speech that may still go on
	active  bool
	bump    int64 // speech frames in run
	most    int64 // frames; a longer run is split
	islands []island
}

// loudness gives the level of a frame in dBFS, without hum below 80 Hz.
func (d *detector) loudness(frame []int16) float64 {
	if d.settled() && len(frame) == frameSamples && [frameSamples]int16(frame) == [frameSamples]int16{} {
		return -120 // hours of it are no work
	}
	var sum float64
	for _, s := range frame {
		x := float64(s) / 32768
		d.filtered = x - d.previous + 0.97*d.filtered
		d.previous = x
		sum += d.filtered * d.filtered
	}
	return 10 * math.Log10(sum/float64(max(len(frame), 1))+1e-12)
}

// settled says that the filter has nothing left to give.
func (d *detector) settled() bool { return d.previous == 0 && math.Abs(d.filtered) < 1e-12 }

// push takes the next frame and judges the one that is 15 s back.
func (d *detector) push(frame []int16) {
	db := uint8(min(max(-d.loudness(frame), 0), 127))
	if d.pushed-d.dropped > floorFrames {
		d.counts[d.at(d.dropped)]--
		d.dropped++
	}
	d.ring[d.pushed%int64(len(d.ring))] = db
	d.counts[db]++
	d.pushed++
	if d.pushed-d.judged > floorFrames/2 {
		d.judge()
	}
}

// flush judges what is left at the end of the sound.
func (d *detector) flush() {
	for d.judged < d.pushed {
		d.judge()
	}
	if d.active {
		d.close()
	}
}

func (d *detector) at(frame int64) uint8 { return d.ring[frame%int64(len(d.ring))] }

// threshold is the level from which a frame is speech.
func (d *detector) threshold() float64 {
	left := int(floorShare * float64(d.pushed-d.dropped))
	level := len(d.counts) - 1
	for ; level > 0; level-- {
		if left -= d.counts[level]; left < 0 {
			break
		}
	}
	return min(max(-float64(level)+aboveFloor, quietest), loudest)
}

func (d *detector) judge() {
	n := d.judged
	d.judged++
	if -float64(d.at(n)) > d.threshold() {
		if !d.active {
			d.active, d.run, d.bump = true, island{from: n}, 0
		}
		d.run.to = n + 1
		d.bump++
		if d.run.to-d.run.from >= d.most {
			d.split()
		}
		return
	}
	if d.active && n+1-d.run.to >= shortestGap {
		d.close()
	}
}

func (d *detector) close() {
	if d.bump >= shortestBump {
		d.islands = append(d.islands, d.run)
	}
	d.active = false
}

// splitFrames is how far back a run without a pause may be split: 10 s.
const splitFrames = 500

// split ends a run of speech that has no pause, where it is quietest of late.
func (d *detector) split() {
	at := d.run.to
	for n := at; n > max(d.run.to-splitFrames, d.run.from+d.most/2, d.dropped); n-- {
		if d.at(n-1) > d.at(at-1) {
			at = n
		}
	}
	d.islands = append(d.islands, island{d.run.from, at})
	d.run.from = at
}
