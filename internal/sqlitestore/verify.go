package sqlitestore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// How the whole file is looked at: quickly, or also whether every index has what
// its table has.
const (
	quickly    = "quick_check"
	thoroughly = "integrity_check"
)

// Verify looks at the whole file, which takes a second for some hundred
// megabytes, and restores it when it is damaged. Nil: the file is sound now. It
// may run while others use the store.
func (s *Store) Verify(ctx context.Context) error {
	if err := s.verify(ctx, quickly); err != nil {
		return fmt.Errorf("verify database: %w", s.explain(err))
	}
	return nil
}

func (s *Store) verify(ctx context.Context, how string) error {
	s.watch.Lock()
	defer s.watch.Unlock()
	met := s.hurt.Swap(false)
	if err := s.look(ctx, how); err != nil {
		if met {
			s.hurt.Store(true)
		}
		return err
	}
	s.verified.Store(true)
	return nil
}

// look has whatever is wrong put right.
func (s *Store) look(ctx context.Context, how string) error {
	if s.lost.Load() {
		if err := s.find(ctx); err != nil {
			return err
		}
	}
	wrong, err := examine(ctx, s.cfg.Path, how)
	switch {
	case err != nil || wrong == "":
		return err
	case onlyWords(wrong):
		s.log.Warn("search index is damaged, made anew", "err", wrong)
		return s.forgetWords(ctx)
	}
	err = s.restore(ctx, how)
	if err != nil {
		s.hurt.Store(true)
	}
	return err
}

// examine looks at a whole file with one of SQLite's own checks and says what is
// wrong first; "" = nothing. It changes nothing. A disk that cannot be read is
// an error: nobody knows what is in the file then.
func examine(ctx context.Context, path, how string) (wrong string, err error) {
	db, err := connect(ctx, path, "mode=ro", readerPragmas(), 1)
	if err == nil {
		defer func() { _ = db.Close() }()
		err = db.QueryRowContext(ctx, "PRAGMA "+how+"(1)").Scan(&wrong)
	}
	switch {
	case damaged(err):
		return err.Error(), nil
	case err != nil:
		return "", err
	case wrong == "ok":
		return "", nil
	case notRead(wrong):
		return "", fmt.Errorf("file cannot be read: %s", wrong)
	}
	return wrong, nil
}

// notRead says whether a finding of SQLite's is about a page that it could not
// get at, and not about what is in it.
func notRead(wrong string) bool {
	if strings.Contains(wrong, "failed to get page ") {
		return true
	}
	_, after, there := strings.Cut(wrong, "error code")
	if !there {
		return false
	}
	after = strings.TrimLeft(after, "= ")
	code, err := strconv.Atoi(after[:len(after)-len(strings.TrimLeft(after, "0123456789"))])
	return err == nil && unread(code)
}

// onlyWords says whether all that is wrong is the search's index, which can be
// made anew from what it was made of. SQLite looks at it last, so there is
// nothing else.
func onlyWords(wrong string) bool {
	return strings.HasPrefix(wrong, "fts5:") || strings.Contains(wrong, "FTS5 table")
}

// forgetWords empties the search's index; Index fills it again.
func (s *Store) forgetWords(ctx context.Context) error {
	return s.write(ctx, later, func(t *tx) error {
		for _, statement := range []string{
			`INSERT INTO words (words) VALUES ('delete-all')`,
			`UPDATE indexing SET titles = 0`,
			`UPDATE transcripts SET indexed = 0`,
		} {
			if err := t.exec(statement); err != nil {
				return err
			}
		}
		return nil
	})
}
