package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sluice/internal/disk"
	"sluice/internal/job"
)

// A damaged file is replaced in steps, each of which a crash may cut off:
//
//  1. Beside it another one is built from the newest sound backup and from what
//     can be read of the damaged one (".restoring").
//  2. It is complete and on the disk (".restored-TIME").
//  3. The damaged one and its log are moved aside (".corrupt-TIME"), the log
//     first: it must never come to lie beside a file that it is not about.
//  4. The new one takes its place.
//
// What is found at step 2 or 3 is brought to its end at the next start.
const (
	buildingSuffix = ".restoring"
	restoredInfix  = ".restored-"
	corruptInfix   = ".corrupt-"
)

// rescue is what became of the data.
type rescue struct {
	wrong  string
	backup time.Time // when the backup is from; zero = there was none
	saved  salvaged
	again  int       // jobs that ran
	at     time.Time // of no other restore whose damaged file is still kept
	aside  string    // where the damaged file is going to lie
}

// restore replaces the damaged file while others use the store. Writes wait
// until it is done; a run whose lease is from before finds it lost. The file is
// looked at once more before that: what was wrong may have been the disk's
// fault, and somebody else, who has gone since, may have had it replaced.
func (s *Store) restore(ctx context.Context, how string) error {
	return s.writer.exclusive(ctx, func() error {
		wrong, err := examine(ctx, s.cfg.Path, how)
		switch {
		case err != nil:
			return err
		case wrong == "":
			s.log.Info("database is not damaged any more")
			return nil
		case onlyWords(wrong):
			s.raise() // for another look
			return nil
		}
		if err := s.rebuild(ctx, wrong); err != nil {
			return err
		}
		s.writer.release()
		return errors.Join(s.db.Close(), s.change(ctx))
	})
}

// find opens the file again after that has failed. It may have been damaged in
// the meantime.
func (s *Store) find(ctx context.Context) error {
	return s.writer.exclusive(ctx, func() error {
		if !s.lost.Load() {
			return nil // somebody else has found it
		}
		err := s.change(ctx)
		if !damaged(err) {
			return err
		}
		if err := s.rebuild(ctx, err.Error()); err != nil {
			return err
		}
		return s.change(ctx)
	})
}

// change does the last two steps and opens what there is then, in the writer's
// goroutine, which has no connection yet. While that fails, writes are refused.
func (s *Store) change(ctx context.Context) error {
	s.lost.Store(true)
	if err := s.finishReplacing(); err != nil {
		return err
	}
	if err := prepareFile(s.cfg.Path); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	found, err := s.inspect(ctx)
	if err == nil && found == 0 {
		err = errGone
	}
	if err != nil {
		return err
	}
	conn, err := s.connect(ctx, found)
	if err != nil {
		return err
	}
	s.writer.conn = conn
	s.writes.Add(1) // nothing is as it was
	s.lost.Store(false)
	s.replaced.Store(true)
	return nil
}

// rebuild does the first two steps.
func (s *Store) rebuild(ctx context.Context, wrong string) error {
	s.log.Error("database is damaged", "err", wrong)
	building := s.cfg.Path + buildingSuffix
	if err := removeDatabase(building); err != nil {
		return err
	}
	at := s.cfg.Now().UTC()
	for taken(s.cfg.Path + corruptInfix + at.Format(fileTime)) {
		at = at.Add(time.Second)
	}
	if err := s.readable(); err != nil {
		return err
	}
	if err := s.roomForRestore(); err != nil {
		return err
	}
	r := rescue{wrong: wrong, at: at, aside: s.cfg.Path + corruptInfix + at.Format(fileTime)}
	if err := s.build(ctx, building, &r); err != nil {
		return errors.Join(s.orFull(err), removeDatabase(building))
	}
	if err := complete(ctx, building); err != nil {
		return errors.Join(s.orFull(err), removeDatabase(building))
	}
	if err := os.Rename(building, s.cfg.Path+restoredInfix+at.Format(fileTime)); err != nil {
		return err
	}
	disk.SyncDir(filepath.Dir(s.cfg.Path))
	s.log.Warn("database restored", "backup", r.backup, "saved", r.saved.jobs, "renewed", r.saved.renewed, "unreadable", r.saved.unreadable, "damaged_file", r.aside)
	return nil
}

// readable makes sure that the disk gives all that is in the file: SQLite takes
// what it does not give for damage, and the salvage would pass over it.
func (s *Store) readable() error {
	for _, side := range []string{"", "-wal"} {
		f, err := os.Open(s.cfg.Path + side)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("read damaged database: %w", err)
		}
	}
	return nil
}

func taken(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// finishReplacing does the last two steps, if the first two were done.
func (s *Store) finishReplacing() error {
	dir := filepath.Dir(s.cfg.Path)
	found, err := filepath.Glob(escapeGlob(s.cfg.Path) + restoredInfix + "*Z")
	if err != nil || len(found) == 0 {
		return err
	}
	restored := found[len(found)-1]
	aside := s.cfg.Path + corruptInfix + strings.TrimPrefix(restored, s.cfg.Path+restoredInfix)
	for _, side := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(s.cfg.Path+side, aside+side); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	disk.SyncDir(dir)
	if err := os.Rename(restored, s.cfg.Path); err != nil {
		return err
	}
	disk.SyncDir(dir)
	return nil
}

// build fills the new file.
func (s *Store) build(ctx context.Context, path string, r *rescue) error {
	found, err := s.copyBackup(ctx, path, r)
	if err != nil {
		return err
	}
	if err := prepareFile(path); err != nil {
		return err
	}
	db, err := connect(ctx, path, "_txlock=immediate", writerPragmas(), 1)
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	w := newWriter(ctx, conn)
	err = s.prepare(ctx, conn, found)
	if err == nil {
		err = s.fill(ctx, &tx{w}, r)
	}
	if err == nil {
		err = emptyLog(ctx, conn)
	}
	w.release()
	return errors.Join(err, db.Close())
}

// emptyLog brings the log into the file. Closing would do so, too, but says
// nothing when there is no space for it.
func emptyLog(ctx context.Context, conn *sql.Conn) error {
	var busy, frames, moved int
	if err := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved); err != nil {
		return err
	}
	if busy != 0 || frames != moved {
		return fmt.Errorf("%d of %d pages moved out of the log", moved, frames)
	}
	return nil
}

// complete makes sure that a file is sound and on the disk without its log,
// which nobody is going to move together with it.
func complete(ctx context.Context, path string) error {
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return fmt.Errorf("log of %d bytes is left", info.Size())
	}
	wrong, err := examine(ctx, path, quickly)
	if err == nil && wrong != "" {
		err = fmt.Errorf("restored file: %s", wrong)
	}
	if err == nil {
		err = syncFile(path)
	}
	for _, side := range []string{"-wal", "-shm"} { // of those who have only looked
		if gone := os.Remove(path + side); err == nil && !errors.Is(gone, os.ErrNotExist) {
			err = gone
		}
	}
	return err
}

// copyBackup copies the newest backup that is sound, and returns the version of
// its schema; 0 = there is none.
func (s *Store) copyBackup(ctx context.Context, path string, r *rescue) (found int, err error) {
	for _, b := range s.backups() {
		wrong, err := examine(ctx, b.path, quickly)
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err == nil && wrong != "" {
			err = errors.New(wrong)
		}
		if err == nil {
			found, err = versionOf(ctx, b.path)
		}
		if err != nil || found == 0 {
			s.log.Warn("backup is not usable", "backup", filepath.Base(b.path), "err", err)
			continue
		}
		r.backup = b.at
		return found, copyFile(b.path, path)
	}
	return 0, nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from) //nolint:gosec // the app's own data folder
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the app's own data folder
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// fill adds what can be read of the damaged file to the backup, ends all leases
// and leaves a notice, all in one transaction.
func (s *Store) fill(ctx context.Context, t *tx, r *rescue) error {
	if err := t.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	var err error
	if r.saved, err = s.salvage(ctx, t); err != nil {
		return err
	}
	if r.again, err = s.disarm(t, r.at); err != nil {
		return err
	}
	n := r.notice()
	err = t.exec(`INSERT INTO notices (at, code, text, hint) VALUES (?, ?, ?, ?)`, s.now(), n.Code, n.Text, n.Hint)
	if err != nil {
		return err
	}
	return t.exec("COMMIT")
}

// disarm puts the running jobs back in the line, uncounted, and makes every
// lease there was an old one, whatever has been given out since the backup: a
// token counts takes, so none of them has come near to the time of day.
func (s *Store) disarm(t *tx, at time.Time) (again int, err error) {
	if err := t.exec(`UPDATE jobs SET token = max(token + 1, ?)`, at.UnixMilli()); err != nil {
		return 0, err
	}
	var running []holding
	err = t.rows(`SELECT seq, cancel_requested FROM jobs INDEXED BY jobs_running WHERE state = 'running' ORDER BY seq`, nil, func(row scanner) error {
		var h holding
		err := row.Scan(&h.seq, &h.cancelRequested)
		running = append(running, h)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, h := range running {
		to := job.Queued
		if h.cancelRequested {
			to = job.Canceled
		}
		if err := s.leave(t, h.seq, to, job.Wait{Reason: job.Turn}, nil); err != nil {
			return 0, err
		}
		if err := s.closeRun(t, h.seq, cutOff(to, "")); err != nil {
			return 0, err
		}
		if err := s.record(t, h.seq, job.VerbRestore, job.Running, ""); err != nil {
			return 0, err
		}
	}
	return len(running), nil
}

// notice tells people what has happened.
func (r *rescue) notice() job.Notice {
	n := job.Notice{Code: job.BackupRestored, Hint: "See whether jobs are missing and submit those again. The damaged file is kept until you delete it."}
	var b strings.Builder
	b.WriteString("The database was damaged. ")
	if r.backup.IsZero() {
		n.Code = job.StartedEmpty
		b.WriteString("There was no backup, so a new one was started. ")
	} else {
		fmt.Fprintf(&b, "The backup of %s took its place. ", r.backup.Local().Format("2 January 2006, 15:04"))
	}
	newer := ""
	if !r.backup.IsZero() {
		newer = "newer "
	}
	switch {
	case r.saved.jobs > 0:
		fmt.Fprintf(&b, "%s saved from the damaged file. ", were(r.saved.jobs, newer+"job"))
	case r.backup.IsZero():
		b.WriteString("No jobs could be saved from the damaged file. ")
	default:
		b.WriteString("There were no newer jobs in the damaged file, or none that could be read. ")
	}
	if r.saved.renewed > 0 {
		fmt.Fprintf(&b, "%s brought up to date. ", were(r.saved.renewed, "job of the backup"))
	}
	if r.saved.unreadable > 0 {
		fmt.Fprintf(&b, "%s seen but could not be read. ", were(r.saved.unreadable, "other job"))
	}
	if r.saved.lost > 0 {
		fmt.Fprintf(&b, "%s done, but the result could not be read, or not all of it: retry. ", were(r.saved.lost, "job"))
	}
	if r.again > 0 {
		fmt.Fprintf(&b, "%s at work and went back to the line. ", were(r.again, "job"))
	}
	fmt.Fprintf(&b, "The damaged file is %s.", r.aside)
	n.Text = b.String()
	return n
}

// were counts things: "1 job was", "3 jobs were".
func were(n int, what string) string {
	if n == 1 {
		return "1 " + what + " was"
	}
	if head, tail, ok := strings.Cut(what, " of "); ok {
		return fmt.Sprintf("%d %ss of %s were", n, head, tail)
	}
	return fmt.Sprintf("%d %ss were", n, what)
}
