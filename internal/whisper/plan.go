package whisper

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"sluice/internal/pipeline"
)

// Planning says how sound is cut into spans; the zero value works.
//
// The model hears 30 s at a time. A span is therefore filled up to that, ends
// in a pause, and grows beyond it only where nobody pauses. Silence the model
// would only wait in, or invent something in, is left out.
type Planning struct {
	WholeMS int64 // 30000: sound that is no longer, and has no long pause, is one span as it is
	FillMS  int64 // 28000: a span takes more speech while it stays below this
	MostMS  int64 // 300000: no span is longer; at most ten minutes
	LeadMS  int64 // 200: silence kept before speech where a span is cut
	TailMS  int64 // 600: silence kept after it
	EdgeMS  int64 // 1000: silence this short before the first word is not cut off; twice as much after the last
	PauseMS int64 // 3000: longer pauses inside a span are shortened to 2 s
	BreakMS int64 // 10000: a pause this long ends the span

	// Growing gives the sound at a path that is still being written; nil = it is
	// whole. Leaving it out is the same as always nil.
	Growing func(path string) *pipeline.Sound
}

func (p Planning) withDefaults() Planning {
	set := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&p.WholeMS, 30_000)
	set(&p.FillMS, 28_000)
	set(&p.MostMS, 300_000)
	p.MostMS = min(p.MostMS, 600_000)
	p.FillMS = min(p.FillMS, p.MostMS)
	set(&p.LeadMS, 200)
	set(&p.TailMS, 600)
	set(&p.EdgeMS, 1000)
	set(&p.PauseMS, 3000)
	set(&p.BreakMS, 10_000)
	return p
}

// PlannedSpan is a stretch of the sound and what of it is to be heard. Spans
// follow one another without holes; one without pieces is silent throughout.
type PlannedSpan struct {
	From, To int64 // samples
	Pieces   []Piece
	Speech   []Piece // where in From..To somebody seems to speak
}

// Plan reads sound from a sample on and cuts it into spans as it goes. Sound
// that still grows is waited for: what the spans are depends on the sound
// alone, never on how fast it came.
type Plan struct {
	cfg     Planning
	file    io.Closer
	sound   *bufio.Reader
	growing *pipeline.Sound // nil = all of it was there from the start
	origin  int64           // the sample that frame 0 starts at
	next    int64           // the sample that is read next
	there   int64           // samples that can be read by now
	whole   bool            // and they are all
	read    bool            // the sound has been read to its end
	short   bool            // all of it fits into one look of the model
	sized   bool            // short is known
	speech  detector
	from    int64 // where the next span starts
	waiting []island

	raw   [2 * frameSamples]byte // what is being read
	frame [frameSamples]int16
}

// OpenPlan starts at sample from. Close the plan afterwards.
func OpenPlan(path string, from int64, cfg Planning) (*Plan, error) {
	var growing *pipeline.Sound
	if cfg.Growing != nil {
		growing = cfg.Growing(path)
	}
	f, err := OpenSound(path, growing != nil)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noSound(err)
	}
	if err != nil {
		return nil, fmt.Errorf("open sound: %w", err)
	}
	cfg = cfg.withDefaults()
	// The sound before the start is what tells noise from speech there, so that
	// a resumed plan judges every frame as one that began at 0.
	primed := min(from/frameSamples, primeFrames)
	p := &Plan{
		cfg: cfg, file: f, growing: growing,
		origin: from - primed*frameSamples, from: from,
		speech: detector{most: cfg.MostMS / frameMS, judged: primed},
	}
	p.next = p.origin
	if growing == nil {
		var info fs.FileInfo
		if info, err = f.Stat(); err == nil {
			p.there, p.whole = info.Size()/2, true
		}
	}
	if err == nil {
		_, err = f.Seek(2*p.origin, io.SeekStart)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open sound: %w", err)
	}
	p.sound = bufio.NewReaderSize(f, 64<<10)
	return p, nil
}

// OpenSound opens the sound at a path. Of sound that grows, or did a moment
// ago, there is a part until it gets its name: what already has the name while
// there is a part is older.
func OpenSound(path string, growing bool) (*os.File, error) {
	if growing {
		if f, err := os.Open(path + pipeline.PartSuffix); !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return os.Open(path)
}

// Close closes the sound.
func (p *Plan) Close() error { return p.file.Close() }

// Total gives the length of the whole sound in samples; of sound that grows
// what it is expected to get, and 0 when nobody knows.
func (p *Plan) Total() int64 {
	if p.whole {
		return p.there
	}
	if ms := p.growing.Expected(); ms > 0 {
		return max(ms*samplesPerMS, p.there)
	}
	return 0
}

// Next gives the next span, and io.EOF after the last. It reads on for as long
// as the sound is silent, and waits while it grows; when ctx ends it returns
// with the cause.
func (p *Plan) Next(ctx context.Context) (PlannedSpan, error) {
	if err := p.size(ctx); err != nil {
		return PlannedSpan{}, err
	}
	for !p.over() {
		if ctx.Err() != nil {
			return PlannedSpan{}, context.Cause(ctx)
		}
		if n := p.ripe(); n > 0 {
			return p.cut(n), nil
		}
		if p.read {
			return p.rest(), nil
		}
		if err := p.listen(ctx); err != nil {
			return PlannedSpan{}, err
		}
	}
	return PlannedSpan{}, io.EOF
}

// over says that the last span ended with the sound.
func (p *Plan) over() bool { return p.whole && p.from >= p.there }

// rest is the last span.
func (p *Plan) rest() PlannedSpan {
	if n := len(p.waiting); n > 0 {
		return p.cut(n)
	}
	silent := PlannedSpan{From: p.from, To: p.there}
	p.from = p.there
	return silent
}

// size finds out whether all of the sound fits into one look of the model.
func (p *Plan) size(ctx context.Context) error {
	if p.sized || p.from > 0 {
		return nil
	}
	longest := p.cfg.WholeMS * samplesPerMS
	if err := p.await(ctx, longest+1); err != nil {
		return err
	}
	p.sized, p.short = true, p.there <= longest
	return nil
}

// await waits until there are so many samples, or there will be no more.
func (p *Plan) await(ctx context.Context, samples int64) error {
	if p.whole || p.there >= samples {
		return nil
	}
	bytes, whole, err := p.growing.Await(ctx, 2*samples)
	if err != nil {
		return err
	}
	p.there, p.whole = bytes/2, whole
	return nil
}

// listen reads on for a second, or to the next island: whether a span is ripe
// is asked after each, so that it does not matter where the reading began.
func (p *Plan) listen(ctx context.Context) error {
	if err := p.await(ctx, p.next+SampleRate); err != nil {
		return err
	}
	for i := 0; i < 1000/frameMS && len(p.speech.islands) == 0; i++ {
		n, err := io.ReadFull(p.sound, p.raw[:])
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("read sound: %w", err)
		}
		for i := range n / 2 {
			p.frame[i] = int16(binary.LittleEndian.Uint16(p.raw[2*i:]))
		}
		p.next += int64(n / 2)
		if n > 1 {
			p.speech.push(p.frame[:n/2])
		}
		if err != nil {
			if !p.whole || p.next < p.there {
				return noSound(fmt.Errorf("it ends at sample %d of %d", p.next, p.there))
			}
			p.speech.flush()
			p.read = true
			break
		}
	}
	for _, s := range p.speech.islands {
		p.waiting = append(p.waiting, island{
			from: min(p.origin+s.from*frameSamples, p.there), to: min(p.origin+s.to*frameSamples, p.there),
		})
	}
	p.speech.islands = p.speech.islands[:0]
	return nil
}

// ripe says how many of the waiting islands make the next span; 0 = that
// depends on what is still to come.
func (p *Plan) ripe() int {
	if p.short && p.from == 0 {
		return p.atOnce()
	}
	for n := 1; n < len(p.waiting); n++ {
		if p.gap(n) >= p.cfg.BreakMS*samplesPerMS {
			return n
		}
		if p.length(n+1) > p.cfg.FillMS*samplesPerMS {
			return p.best(n)
		}
	}
	return 0
}

// atOnce takes sound that fits into one look of the model as it is.
func (p *Plan) atOnce() int {
	if !p.read {
		return 0
	}
	for n := 1; n < len(p.waiting); n++ {
		if p.gap(n) >= p.cfg.BreakMS*samplesPerMS {
			return n
		}
	}
	return len(p.waiting)
}

// gap is the silence before waiting island n.
func (p *Plan) gap(n int) int64 { return p.waiting[n].from - p.waiting[n-1].to }

// length is what the model would hear of the first n islands.
func (p *Plan) length(n int) int64 {
	var sum int64
	for _, s := range p.pieces(n) {
		sum += s.To - s.From
	}
	return sum
}

// best chooses the pause to cut in when n islands fit: the longest one in the
// last part of the span, since that is where a sentence ends.
func (p *Plan) best(n int) int {
	choice, longest := n, int64(0)
	for k := n; k >= 1; k-- {
		if k < n && 3*p.length(k) < 2*p.cfg.FillMS*samplesPerMS {
			break
		}
		if g := p.gap(k); g > longest+longest/4 {
			choice, longest = k, g
		}
	}
	return choice
}

// pieces says what is heard of the first n islands.
func (p *Plan) pieces(n int) []Piece {
	keep := p.cfg.PauseMS * samplesPerMS
	first, last := p.waiting[0], p.waiting[n-1]
	pieces := []Piece{{From: p.startBefore(first), To: last.to}}
	for k := 1; k < n; k++ {
		if p.gap(k) <= keep {
			continue
		}
		pieces[len(pieces)-1].To = p.waiting[k-1].to + SampleRate
		pieces = append(pieces, Piece{From: p.waiting[k].from - SampleRate, To: last.to})
	}
	pieces[len(pieces)-1].To = p.endAfter(n)
	return pieces
}

func (p *Plan) startBefore(first island) int64 {
	silence := first.from - p.from
	if p.from == 0 && silence <= p.cfg.EdgeMS*samplesPerMS {
		return p.from
	}
	return first.from - min(silence, p.cfg.LeadMS*samplesPerMS)
}

func (p *Plan) endAfter(n int) int64 {
	last := p.waiting[n-1]
	if n == len(p.waiting) {
		if p.read && p.there-last.to <= 2*p.cfg.EdgeMS*samplesPerMS {
			return p.there
		}
		return min(last.to+p.cfg.TailMS*samplesPerMS, p.there)
	}
	gap := p.gap(n)
	lead := min(gap/2, p.cfg.LeadMS*samplesPerMS)
	border := (p.waiting[n].from - lead) / frameSamples * frameSamples
	return min(last.to+p.cfg.TailMS*samplesPerMS, border)
}

// cut makes a span of the first n islands. It reaches to where the next span's
// sound begins, so that nothing is looked at twice after a resume.
func (p *Plan) cut(n int) PlannedSpan {
	s := PlannedSpan{From: p.from, Pieces: p.pieces(n), To: p.there}
	if n < len(p.waiting) {
		lead := min(p.gap(n)/2, p.cfg.LeadMS*samplesPerMS)
		// On the frames' grid, so that a resumed plan sees the same frames.
		s.To = (p.waiting[n].from - lead) / frameSamples * frameSamples
	}
	for _, i := range p.waiting[:n] {
		s.Speech = append(s.Speech, Piece{From: i.from, To: i.to})
	}
	p.waiting = append(p.waiting[:0], p.waiting[n:]...)
	p.from = s.To
	return s
}
