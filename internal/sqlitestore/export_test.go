package sqlitestore

import (
	"context"
	"errors"
)

// Hold keeps the writer busy until release, so that ops pile up behind it.
func (s *Store) Hold() (release func()) {
	begun, gate, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = s.write(context.Background(), first, func(*tx) error {
			close(begun)
			<-gate
			return errors.New("only held the writer")
		})
	}()
	<-begun
	return func() {
		close(gate)
		<-done
	}
}

// Waiting is how many ops are piled up.
func (s *Store) Waiting() int {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return len(s.writer.queues[first]) + len(s.writer.queues[later])
}

// Version is the schema's.
const Version = version
