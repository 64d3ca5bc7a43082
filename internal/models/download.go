package models

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"

	"sluice/internal/disk"
	"sluice/internal/download"
	"sluice/internal/fault"
	"sluice/internal/job"
)

func newClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone() // keeps ProxyFromEnvironment
	t.DisableCompression = true
	return &http.Client{Transport: t, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		switch {
		case len(via) >= 10:
			return errors.New("too many redirects")
		case via[0].URL.Scheme == "https" && req.URL.Scheme != "https":
			return errors.New("redirected to an address without encryption")
		}
		return nil
	}}
}

// bring carries the file of a model from the network into its place. The lock
// of the model is held meanwhile.
func (s *Store) bring(ctx context.Context, e Entry, report func(done, total int64)) error {
	for again := false; ; again = true {
		done, err := download.Get(ctx, s.request(e, report))
		if err != nil {
			return downloadFault(e, err)
		}
		err = s.install(ctx, e, report)
		if again || !done.Resumed || !fault.Is(err, fault.ModelDamaged) {
			return err
		}
		// The pieces may be of two versions: once more, from the start.
	}
}

func (s *Store) request(e Entry, report func(done, total int64)) download.Request {
	return download.Request{
		Client: s.cfg.HTTPClient, URL: s.address(e), Part: s.partPath(e), Size: e.Bytes,
		Tries: s.cfg.Tries, Knocks: s.cfg.Tries, Backoff: s.cfg.Backoff, Stall: s.cfg.Stall,
		Room:   func(more int64) error { return s.room(e, more) },
		Head:   func(head []byte, _ download.About) error { return checkMagic(head) },
		Report: report,
	}
}

func (s *Store) room(e Entry, more int64) error {
	free, err := s.cfg.FreeBytes(s.cfg.Dir)
	if err != nil {
		return nil // a disk that does not say: the write will
	}
	if missing := more + max(s.cfg.MinFree, 0) - free; missing > 0 {
		return fault.New(fault.DiskFull, fmt.Sprintf("There is not enough room on the disk for the speech model %s.", e.Name), nil).
			WithHint("Free %s and try again: it goes on where it stopped.", job.FormatBytes(missing))
	}
	return nil
}

// downloadFault says why a model did not come.
func downloadFault(e Entry, err error) error {
	var (
		known  *fault.Fault
		local  *download.Local
		answer *download.Answer
		lost   *download.Lost
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &local):
		return folderFault(local.Err)
	case errors.As(err, &answer) && answer.Status != http.StatusOK:
		return refusal(e, answer)
	case errors.As(err, &lost):
		return fault.New(fault.DownloadFailed, fmt.Sprintf("The speech model %s could not be downloaded: the connection was lost.", e.Name), lost)
	}
	f := fault.New(fault.DownloadFailed, fmt.Sprintf("What arrived is not the speech model %s.", e.Name), err)
	if errors.Is(err, errWebPage) {
		return f.WithHint("A web page came instead: a network that asks you to log in, or a proxy, may be in the way.")
	}
	return f.WithHint("Check any proxy and download it again, or put the file %s into the models folder yourself.", e.File())
}

// passes says whether what kept a model away ends by itself: it is no fault of
// the model, and the server has not refused it.
func passes(err error) bool {
	var (
		answer *download.Answer
		lost   *download.Lost
	)
	busy := errors.As(err, &answer) && answer.Status != http.StatusOK && answer.Err != nil
	return busy || errors.As(err, &lost) || fault.Is(err, fault.DiskFull)
}

func refusal(e Entry, a *download.Answer) error {
	f := fault.New(fault.DownloadFailed, fmt.Sprintf("The speech model %s could not be downloaded: the server answered %d.", e.Name, a.Status), a)
	switch {
	case a.After > 0:
		f.RetryAfterSeconds = int(a.After.Seconds())
		return f.WithHint("The server is busy. Pull again in %d min: it goes on where it stopped.", int(math.Ceil(a.After.Minutes())))
	case a.Err != nil: // it may be better in a while
		return f
	}
	return f.WithHint("Check the connection and any proxy, or put the file %s into the models folder yourself.", e.File())
}

// install proves what has arrived and moves it into its place.
func (s *Store) install(ctx context.Context, e Entry, report func(done, total int64)) error {
	part, path := s.partPath(e), filepath.Join(s.cfg.Dir, e.File())
	sum, info, err := s.prove(ctx, e, part)
	if err != nil {
		if fault.Is(err, fault.ModelDamaged) {
			download.Discard(part)
		}
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return folderFault(err)
	}
	disk.SyncDir(s.cfg.Dir)
	download.Discard(part) // what was known of it
	s.remember(path, proof{info.Size(), info.ModTime(), inode(info), sum})
	report(info.Size(), info.Size())
	return nil
}

func (s *Store) prove(ctx context.Context, e Entry, part string) (string, os.FileInfo, error) {
	sum, info, err := hashFile(ctx, part)
	if err != nil {
		return "", nil, fmt.Errorf("read back model %s: %w", e.Name, err)
	}
	switch {
	case e.Bytes > 0 && info.Size() != e.Bytes:
		err = fmt.Errorf("%d bytes, published %d", info.Size(), e.Bytes)
	case e.SHA256 != "" && sum != e.SHA256:
		err = fmt.Errorf("sha256 %s, published %s", sum, e.SHA256)
	default:
		err = s.cfg.Check(part)
	}
	if err != nil {
		return "", nil, fault.New(fault.ModelDamaged, fmt.Sprintf("The speech model %s arrived damaged and was removed.", e.Name), err).
			WithHint("Download it again. If it stays, a proxy may be changing it.")
	}
	return sum, info, nil
}

func folderFault(err error) error {
	if disk.Full(err) {
		return fault.New(fault.DiskFull, "The disk is full.", err)
	}
	return fault.New(fault.DownloadFailed, "The models folder cannot be written to.", err).
		WithHint("Check that the folder of models.dir exists and belongs to you.")
}
