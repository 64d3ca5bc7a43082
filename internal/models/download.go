package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sluice/internal/disk"
	"sluice/internal/fault"
)

// download carries one file from the network into its place. The lock of the
// model is held while it lives.
type download struct {
	s      *Store
	e      Entry
	url    string
	part   string
	report func(done, total int64)

	resumed bool // bytes of an earlier connection are in the part
	wiped   bool // the one fresh start after a failed proof was taken
}

const (
	maxDrops  = 200 // connections that did bring something
	maxPause  = 30 * time.Second
	copyBytes = 256 << 10
)

// drop is a connection that ended early: worth another try.
type drop struct {
	err   error
	after time.Duration // the server's own wish
}

func (d *drop) Error() string { return d.err.Error() }
func (d *drop) Unwrap() error { return d.err }

var (
	errStalled = errors.New("nothing arrived for a while")
	errShort   = errors.New("the connection ended early")
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

func (d *download) run(ctx context.Context) error {
	idle := 0 // drops in a row that brought nothing
	for drops := 0; ; drops++ {
		before := d.s.partBytes(d.e)
		err := d.once(ctx)
		var lost *drop
		switch {
		case err == nil:
			err = d.install(ctx)
			if err == nil || d.wiped || !d.resumed || !fault.Is(err, fault.ModelDamaged) {
				return err
			}
			d.wiped = true // the pieces may be of two versions: once more, from the start
			continue
		case ctx.Err() != nil:
			return err
		case !errors.As(err, &lost):
			return err
		}
		if d.s.partBytes(d.e) > before {
			idle = 0
		} else {
			idle++
		}
		if idle >= d.s.cfg.Tries || drops >= maxDrops {
			return fault.New(fault.DownloadFailed, fmt.Sprintf("The speech model %s could not be downloaded: the connection was lost.", d.e.Name), err)
		}
		if !pause(ctx, max(lost.after, d.backoff(idle))) {
			return context.Cause(ctx)
		}
	}
}

func (d *download) backoff(idle int) time.Duration {
	wait := d.s.cfg.Backoff << min(max(idle-1, 0), 10)
	wait = min(wait, maxPause)
	return wait + rand.N(wait/5+1) //nolint:gosec // spreads retries, guards nothing
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// once makes one request and writes what it brings behind what is there. It
// returns nil when the part has the size it should have.
func (d *download) once(ctx context.Context) error {
	part, err := os.OpenFile(d.part, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return folderFault(err)
	}
	defer func() { _ = part.Close() }()
	have, err := d.resumable(part)
	if err != nil {
		return folderFault(err)
	}
	d.resumed = have > 0
	if d.e.Bytes > 0 && have == d.e.Bytes {
		return nil
	}
	if err := d.room(have); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(d.s.cfg.Stall, func() { cancel(errStalled) })
	defer watchdog.Stop()

	res, err := d.ask(ctx, have)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return &drop{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	have, total, err := d.answer(res, part, have)
	if err != nil {
		return err
	}
	d.report(have, total)

	buf := make([]byte, copyBytes)
	for {
		watchdog.Reset(d.s.cfg.Stall)
		n, readErr := res.Body.Read(buf)
		watchdog.Stop() // a slow disk or listener is not a silent server
		if n > 0 {
			if have == 0 && n >= 4 {
				if err := checkMagic(buf[:n]); err != nil {
					return d.garbage(err)
				}
			}
			if total > 0 && have+int64(n) > total {
				return d.garbage(fmt.Errorf("more than %d bytes", total))
			}
			if _, err := part.Write(buf[:n]); err != nil {
				return folderFault(err)
			}
			have += int64(n)
			d.report(have, total)
		}
		switch {
		case readErr == nil:
			continue
		case errors.Is(readErr, io.EOF) && (total <= 0 || have == total):
			return nil
		case errors.Is(readErr, io.EOF):
			readErr = errShort
		case context.Cause(ctx) != nil:
			readErr = context.Cause(ctx)
		}
		return &drop{err: fmt.Errorf("after %d bytes: %w", have, readErr)}
	}
}

// resumable gives how much of the part can be kept: all of it when it is
// known what it is a part of, else nothing.
func (d *download) resumable(part *os.File) (int64, error) {
	size, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	fits := d.e.Bytes == 0 || size <= d.e.Bytes
	strong := strings.HasPrefix(d.loadOrigin().ETag, `"`)
	if size == 0 || fits && strong {
		return size, nil
	}
	return 0, empty(part)
}

func empty(part *os.File) error {
	if err := part.Truncate(0); err != nil {
		return err
	}
	_, err := part.Seek(0, io.SeekStart)
	return err
}

func (d *download) room(have int64) error {
	free, err := d.s.cfg.FreeBytes(d.s.cfg.Dir)
	if err != nil {
		return nil // a disk that does not say: the write will
	}
	if missing := d.e.Bytes - have + max(d.s.cfg.MinFree, 0) - free; missing > 0 {
		return spaceFault(d.e, missing)
	}
	return nil
}

func (d *download) ask(ctx context.Context, have int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "sluice")
	req.Header.Set("Accept-Encoding", "identity") // ranges count bytes of the file itself
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		req.Header.Set("If-Range", d.loadOrigin().ETag)
	}
	return d.s.cfg.HTTPClient.Do(req)
}

// answer reads the head of a response: where its bytes belong and how many
// there will be in all. It leaves the part ready to be written to.
func (d *download) answer(res *http.Response, part *os.File, have int64) (at, total int64, err error) {
	switch {
	case res.StatusCode == http.StatusPartialContent && have > 0:
		from, all, ok := contentRange(res.Header.Get("Content-Range"))
		if !ok || from != have || d.e.Bytes > 0 && all > 0 && all != d.e.Bytes {
			return 0, 0, d.restart(part, fmt.Errorf("asked from %d, got %q", have, res.Header.Get("Content-Range")))
		}
		at, total = have, max(all, d.e.Bytes)
	case res.StatusCode == http.StatusOK: // from the start, whatever was asked
		if err := empty(part); err != nil {
			return 0, 0, folderFault(err)
		}
		d.resumed = false
		total = max(res.ContentLength, 0)
		if d.e.Bytes > 0 && total > 0 && total != d.e.Bytes {
			return 0, 0, d.garbage(fmt.Errorf("%d bytes offered, %d published", total, d.e.Bytes))
		}
		total = max(total, d.e.Bytes)
		if err := d.saveOrigin(res); err != nil {
			return 0, 0, folderFault(err)
		}
	case res.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return 0, 0, d.restart(part, errors.New("the server has no such range"))
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode == http.StatusRequestTimeout, res.StatusCode >= 500:
		after, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return 0, 0, &drop{err: errors.New(res.Status), after: min(time.Duration(max(after, 0))*time.Second, maxPause)}
	default:
		return 0, 0, fault.New(fault.DownloadFailed, fmt.Sprintf("The speech model %s could not be downloaded: the server answered %d.", d.e.Name, res.StatusCode), errors.New(res.Status)).
			WithHint("Check the connection and any proxy, or put the file %s into the models folder yourself.", d.e.File())
	}
	return at, total, nil
}

// restart forgets the part, as a drop that brought nothing.
func (d *download) restart(part *os.File, cause error) error {
	if err := empty(part); err != nil {
		return folderFault(err)
	}
	_ = os.Remove(d.part + metaSuffix)
	return &drop{err: cause}
}

// garbage ends the download: what arrives is not the file.
func (d *download) garbage(cause error) error {
	d.discard()
	f := fault.New(fault.DownloadFailed, fmt.Sprintf("What arrived is not the speech model %s.", d.e.Name), cause)
	if errors.Is(cause, errWebPage) {
		return f.WithHint("A web page came instead: a network that asks you to log in, or a proxy, may be in the way.")
	}
	return f.WithHint("Check any proxy and pull again, or put the file %s into the models folder yourself.", d.e.File())
}

func (d *download) discard() {
	_ = os.Remove(d.part)
	_ = os.Remove(d.part + metaSuffix)
}

// install proves the part and moves it into its place.
func (d *download) install(ctx context.Context) error {
	sum, info, err := d.prove(ctx)
	if err != nil {
		if fault.Is(err, fault.ModelDamaged) {
			d.discard()
		}
		return err
	}
	path := filepath.Join(d.s.cfg.Dir, d.e.File())
	if err := os.Rename(d.part, path); err != nil {
		return folderFault(err)
	}
	disk.SyncDir(d.s.cfg.Dir)
	_ = os.Remove(d.part + metaSuffix)
	d.s.mu.Lock()
	d.s.remember(path, proof{info.Size(), info.ModTime(), inode(info), sum})
	d.s.mu.Unlock()
	d.report(info.Size(), info.Size())
	return nil
}

func (d *download) prove(ctx context.Context) (string, os.FileInfo, error) {
	if err := syncFile(d.part); err != nil {
		return "", nil, folderFault(err)
	}
	sum, info, err := hashFile(ctx, d.part)
	if err != nil {
		return "", nil, fmt.Errorf("read back model %s: %w", d.e.Name, err)
	}
	switch {
	case d.e.Bytes > 0 && info.Size() != d.e.Bytes:
		err = fmt.Errorf("%d bytes, published %d", info.Size(), d.e.Bytes)
	case d.e.SHA256 != "" && sum != d.e.SHA256:
		err = fmt.Errorf("sha256 %s, published %s", sum, d.e.SHA256)
	default:
		err = d.s.cfg.Check(d.part)
	}
	if err != nil {
		return "", nil, fault.New(fault.ModelDamaged, fmt.Sprintf("The speech model %s arrived damaged and was removed.", d.e.Name), err).
			WithHint("Pull it again. If it stays, a proxy may be changing it.")
	}
	return sum, info, nil
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = f.Sync()
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// contentRange reads "bytes 10-99/100"; all is 0 when the server says "*".
func contentRange(h string) (from, all int64, ok bool) {
	span, size, ok := strings.Cut(strings.TrimPrefix(h, "bytes "), "/")
	if !ok || !strings.HasPrefix(h, "bytes ") {
		return 0, 0, false
	}
	first, _, ok := strings.Cut(span, "-")
	if !ok {
		return 0, 0, false
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	if size != "*" {
		if all, err = strconv.ParseInt(size, 10, 64); err != nil {
			return 0, 0, false
		}
	}
	return from, all, true
}
