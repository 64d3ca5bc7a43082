package intake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// Discard removes an upload that no job was made of. One that is not there is
// no error.
func (in *Intake) Discard(ctx context.Context, id string) error {
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("discard upload: %w", err)
	}
	if !validID(id) {
		return nil
	}
	hidden, err := in.hide(id, nil)
	if err == nil && hidden != "" {
		err = os.RemoveAll(hidden)
	}
	if err != nil {
		return fmt.Errorf("discard upload: %w", err)
	}
	return nil
}

// Sweep removes what nobody needs: uploads made and claimed before olderThan
// that keep, which may be nil, does not want, and what broken uploads of an
// earlier run left. Keep is asked right before an upload goes and must know of
// every job that there is by then: what it does not know yet, Upload has
// claimed. Keep must not call the Intake. Sweep gives the number of folders
// removed, and goes on after an error. One process may sweep a folder at a
// time.
func (in *Intake) Sweep(ctx context.Context, keep func(id string) bool, olderThan time.Time) (int, error) {
	entries, err := os.ReadDir(in.cfg.UploadDir)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("sweep uploads: %w", err)
	}
	var (
		removed int
		failed  []error
	)
	for _, e := range entries {
		if ctx.Err() != nil {
			return removed, context.Cause(ctx)
		}
		path := filepath.Join(in.cfg.UploadDir, e.Name())
		id, partial := strings.CutPrefix(e.Name(), partPrefix)
		switch {
		case !validID(id): // not ours
			continue
		case partial:
			if in.arriving(id) {
				continue
			}
		default:
			path, err = in.hide(id, func() bool { return !in.wantedAt(id).Before(olderThan) || keep != nil && keep(id) })
			if err != nil {
				failed = append(failed, err)
				continue
			}
			if path == "" {
				continue
			}
		}
		if err := os.RemoveAll(path); err != nil {
			failed = append(failed, err)
			continue
		}
		removed++
	}
	if len(failed) > 0 {
		return removed, fmt.Errorf("sweep uploads: %w", errors.Join(failed...))
	}
	return removed, nil
}

// hide gives an upload that is not wanted the name of a broken one: it is gone
// in one step, even if we die before its bytes are. The path is empty when
// there is nothing to remove.
func (in *Intake) hide(id string, wanted func() bool) (path string, err error) {
	in.claims.Lock()
	defer in.claims.Unlock()
	if wanted != nil && wanted() {
		return "", nil
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.counted = false
	path = filepath.Join(in.cfg.UploadDir, partPrefix+id)
	err = os.Rename(filepath.Join(in.cfg.UploadDir, id), path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return path, err
}

// wantedAt is when an upload was made, or claimed last.
func (in *Intake) wantedAt(id string) time.Time {
	made := ulid.Time(ulid.MustParseStrict(id).Time())
	if info, err := os.Stat(in.notePath(id)); err == nil && info.ModTime().After(made) {
		return info.ModTime()
	}
	return made
}
