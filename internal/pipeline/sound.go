package pipeline

import (
	"context"
	"sync"
	"time"
)

// PartSuffix is behind the name of a sound's file while the sound still grows.
// Whoever opens the sound by its name looks for both.
const PartSuffix = ".part"

// Sound is sound on its way into its file: one goroutine writes, others hear
// what is there already. What has been told of never changes any more.
type Sound struct {
	mu       sync.Mutex
	changed  chan struct{} // closed, and made anew, with every change
	begun    bool
	expected int64 // ms
	bytes    int64
	whole    bool
	err      error
	waited   time.Duration
}

// NewSound makes sound of which nothing is there yet.
func NewSound() *Sound { return &Sound{changed: make(chan struct{})} }

// Begin says that the file is there, and how long the sound is likely to get;
// 0 = nobody knows.
func (s *Sound) Begin(expectedMS int64) {
	s.change(func() { s.begun, s.expected = true, expectedMS })
}

// Grow says that so many bytes are in the file, for good.
func (s *Sound) Grow(bytes int64) { s.change(func() { s.bytes = bytes }) }

// Finish says that these are all.
func (s *Sound) Finish(bytes int64) {
	s.change(func() { s.begun, s.bytes, s.whole = true, bytes, true })
}

// Fail says that there will be no whole sound, and why.
func (s *Sound) Fail(err error) { s.change(func() { s.err = err }) }

func (s *Sound) change(write func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.whole || s.err != nil {
		return // that was the last word
	}
	write()
	close(s.changed)
	s.changed = make(chan struct{})
}

// Begun waits until there is a file to open. An error is that of the one who
// writes, or the cause of ctx.
func (s *Sound) Begun(ctx context.Context) error {
	return s.until(ctx, func() bool { return s.begun })
}

// Expected is how long the sound is likely to get; 0 = not known.
func (s *Sound) Expected() (ms int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.expected
}

// Await waits until there are so many bytes, or there will be no more. Whole
// says that the bytes which are there are all.
func (s *Sound) Await(ctx context.Context, bytes int64) (there int64, whole bool, err error) {
	began := time.Now()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waited += time.Since(began)
	}()
	err = s.until(ctx, func() bool {
		there, whole = s.bytes, s.whole
		return whole || there >= bytes
	})
	return there, whole, err
}

// Waited is how long those who listen have waited for more of the sound in all.
// That of the wait for its beginning is not a part: nobody listens yet.
func (s *Sound) Waited() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waited
}

// until waits for a condition; it is asked under the lock.
func (s *Sound) until(ctx context.Context, there func() bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.err != nil:
			return s.err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case there():
			return nil
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		s.mu.Lock()
	}
}

// Growing gives the sound at a path while it is being written; nil when there
// is none, or it is whole.
func (p *Pipeline) Growing(path string) *Sound { return p.growing.at(path) }

// sounds are those that are being written, by path.
type sounds struct {
	mu   sync.Mutex
	live map[string]*Sound
}

func (s *sounds) at(path string) *Sound {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live[path]
}

// add makes a sound known until forget is called.
func (s *sounds) add(path string, sound *Sound) (forget func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil {
		s.live = map[string]*Sound{}
	}
	s.live[path] = sound
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.live, path)
	}
}
