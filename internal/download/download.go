// Package download brings one file over HTTP to its place on the disk, however
// often the connection is lost: what has arrived stays, also across a restart,
// and the next try goes on from there when the server still has the same file.
// It knows neither what the file is for nor where it may come from: the caller
// brings the client and looks at the bytes.
package download

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Request is one file to bring.
type Request struct {
	Client *http.Client
	URL    string
	Part   string // grows from try to try; what it is a part of lies beside it, see Discard

	Size int64 // bytes that the file is known to have; 0 = the server says
	Most int64 // bytes that it may have; 0 = any number

	Tries   int           // 5: how often in a row a try may bring nothing
	Knocks  int           // 2: the same while the server has not answered at all; never more than Tries
	Backoff time.Duration // 1s: pause after the first of those, twice as long each time
	Stall   time.Duration // 30s: how long next to nothing may arrive

	// All of these may be nil. An error of theirs ends the download, as it is.
	Room   func(more int64) error           // is asked before so many bytes are written, and on the way for what is missing
	Head   func(head []byte, a About) error // looks at the first bytes of the file, before older ones are given up for it
	Began  func() error                     // the server has the file, and its bytes come now; once at most
	Report func(done, total int64)          // after each piece; total 0 = not known
	Hard   func(err error) (forever bool)   // an error of the client that no second try changes
}

// About is what a server says of the file. It is not to be trusted.
type About struct {
	Name string // "" = it does not say
	Type string // media type, without parameters; "" = it does not say
}

// Done is a file that has arrived: all of it is in the part, and durable.
type Done struct {
	Bytes   int64
	About   About
	Resumed bool // pieces of several connections are in it
}

// Lost is a server that is not there, or a connection that was lost too often.
type Lost struct {
	Err  error
	Grew bool // more of the file is here than ever, and the next Get goes on from there
	Met  bool // at the last try the server was there
}

// Error says what happened last.
func (l *Lost) Error() string { return "connection lost: " + l.Err.Error() }

// Unwrap gives what happened last.
func (l *Lost) Unwrap() error { return l.Err }

// Answer is a server that answers, but does not give the file.
type Answer struct {
	Status int
	After  time.Duration // how long it wants to be left alone; 0 = it does not say
	Err    error         // what is wrong when the status is not; may be nil
}

// Error says what was answered.
func (a *Answer) Error() string {
	if a.Err != nil {
		return "answered: " + a.Err.Error()
	}
	return fmt.Sprintf("answered %d", a.Status)
}

// Unwrap gives what is wrong with the answer.
func (a *Answer) Unwrap() error { return a.Err }

// ErrTooLarge says that the file has more bytes than it may have.
var ErrTooLarge = errors.New("file too large")

// Local is a failure of the disk that the part is on.
type Local struct{ Err error }

// Error is that of the disk.
func (l *Local) Error() string { return l.Err.Error() }

// Unwrap gives the error of the disk.
func (l *Local) Unwrap() error { return l.Err }

const (
	maxDrops   = 200 // connections that did bring something
	maxPause   = 30 * time.Second
	copyBytes  = 256 << 10
	headBytes  = 4 << 10
	spaceEvery = 64 << 20 // bytes between two looks at the room
	trickle    = 16 << 10 // bytes: fewer in the time of a stall is a stall
)

var (
	errStalled = stalled{}
	errShort   = errors.New("the connection ended early")
)

// stalled is a server that is silent, which is a timeout to whoever asks.
type stalled struct{}

func (stalled) Error() string { return "next to nothing arrived for a while" }
func (stalled) Timeout() bool { return true }

// Get brings the file. It blocks until all of it has arrived, ctx ends or there
// is no hope. Errors: the cause of ctx, *Lost, *Answer, *Local, ErrTooLarge, and
// those of the request's own functions.
func Get(ctx context.Context, r Request) (Done, error) {
	if r.Tries == 0 {
		r.Tries = 5
	}
	if r.Knocks == 0 {
		r.Knocks = 2
	}
	if r.Backoff == 0 {
		r.Backoff = time.Second
	}
	if r.Stall == 0 {
		r.Stall = 30 * time.Second
	}
	d := &download{Request: r}
	if err := d.run(ctx); err != nil {
		if ctx.Err() != nil {
			return Done{}, context.Cause(ctx)
		}
		return Done{}, err
	}
	if err := syncFile(r.Part); err != nil {
		return Done{}, &Local{err}
	}
	return Done{Bytes: d.have(), About: d.origin().About, Resumed: d.resumed}, nil
}

// download is one Get.
type download struct {
	Request
	began   bool
	met     bool // the server has answered the last request
	resumed bool // bytes of an earlier connection are in the part
	renewed bool // what was there had to be forgotten
}

// drop is a try that is worth another one.
type drop struct {
	err    error
	status int           // of an answer; 0 = there was none
	after  time.Duration // the server's own wish
}

func (d *drop) Error() string { return d.err.Error() }
func (d *drop) Unwrap() error { return d.err }

func (d *download) run(ctx context.Context) error {
	grew, idle := false, 0 // tries in a row that brought nothing
	furthest, tries := d.have(), min(d.Tries, d.Knocks)
	for drops := 1; ; drops++ {
		err := d.once(ctx)
		var lost *drop
		if err == nil || ctx.Err() != nil || !errors.As(err, &lost) {
			return err
		}
		if d.met {
			tries = d.Tries
		}
		if have := d.have(); have > furthest {
			furthest, grew, idle = have, true, 0
		} else {
			idle++
		}
		switch {
		case d.Hard != nil && d.Hard(lost.err):
			return lost.err
		case idle < tries && drops < maxDrops && lost.after <= maxPause:
		case lost.status != 0:
			return &Answer{Status: lost.status, After: lost.after, Err: lost.err}
		default:
			return &Lost{Err: lost.err, Grew: grew && !d.renewed, Met: d.met}
		}
		if !pause(ctx, max(lost.after, d.wait(idle))) {
			return context.Cause(ctx)
		}
	}
}

func (d *download) wait(idle int) time.Duration {
	wait := min(d.Backoff<<min(max(idle-1, 0), 10), maxPause)
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

// have is how much of the file is there.
func (d *download) have() int64 {
	info, err := os.Stat(d.Part)
	if err != nil {
		return 0
	}
	return info.Size()
}

// once makes one request and writes what it brings behind what is there. It
// returns nil when all of the file is there.
func (d *download) once(ctx context.Context) error {
	part, err := os.OpenFile(d.Part, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return &Local{err}
	}
	defer func() { _ = part.Close() }()
	have, err := d.keep(part)
	if err != nil {
		return &Local{err}
	}
	d.resumed = have > 0
	if total := d.total(); total > 0 {
		if have == total {
			return nil
		}
		if err := d.room(total - have); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(d.Stall, func() { cancel(errStalled) })
	defer watchdog.Stop()
	res, err := d.ask(ctx, have)
	watchdog.Stop()
	d.met = err == nil
	if err != nil {
		var outer *url.Error // it repeats the whole address, which may hold secrets
		if errors.As(err, &outer) {
			err = outer.Err
		}
		if strings.Contains(err.Error(), "Location header") { // and this one the next
			err = errors.New("sent on to what is no address")
		}
		return &drop{err: because(ctx, err)}
	}
	defer func() { _ = res.Body.Close() }()
	body := bufio.NewReaderSize(&watched{body: res.Body, watchdog: watchdog, stall: d.Stall, left: d.Stall}, headBytes)
	have, total, err := d.answer(ctx, res, body, part, have)
	if err != nil {
		return err
	}
	s := &stream{download: d, part: part, have: have, total: total, looked: have}
	return s.copy(ctx, body)
}

func (d *download) room(more int64) error {
	if d.Room == nil {
		return nil
	}
	return d.Room(more)
}

// because is why a context has ended, or else the error itself.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// watched is a body that must not be silent. Only the time of waiting for it
// counts: a slow disk is not a silent server.
type watched struct {
	body     io.Reader
	watchdog *time.Timer
	stall    time.Duration
	left     time.Duration // of the stall, for the bytes that are still missing
	came     int           // bytes since all of it was given
}

func (w *watched) Read(buf []byte) (int, error) {
	since := time.Now()
	w.watchdog.Reset(w.left)
	n, err := w.body.Read(buf)
	w.watchdog.Stop()
	w.left -= time.Since(since)
	w.came += n
	if w.came >= trickle {
		w.left, w.came = w.stall, 0
	}
	return n, err
}

// stream is the body of one answer on its way to the disk.
type stream struct {
	*download
	part        *os.File
	have, total int64
	looked      int64 // how much was there at the last look at the room
}

func (s *stream) copy(ctx context.Context, body io.Reader) error {
	if err := s.begin(); err != nil {
		return err
	}
	buf := make([]byte, copyBytes)
	for {
		n, readErr := body.Read(buf)
		if err := s.write(buf[:n]); err != nil {
			return err
		}
		switch {
		case readErr == nil:
		case s.total > 0 && s.have == s.total, s.total <= 0 && errors.Is(readErr, io.EOF):
			return nil
		case errors.Is(readErr, io.EOF):
			return s.dropped(errShort)
		default:
			return s.dropped(because(ctx, readErr))
		}
	}
}

func (s *stream) dropped(err error) error {
	return &drop{err: fmt.Errorf("after %d bytes: %w", s.have, err)}
}

// begin tells that the bytes come now.
func (s *stream) begin() error {
	if s.Began == nil || s.began {
		return nil
	}
	s.began = true
	return s.Began()
}

func (s *stream) write(piece []byte) error {
	if len(piece) == 0 {
		return nil
	}
	after := s.have + int64(len(piece))
	switch {
	case s.Most > 0 && after > s.Most:
		Discard(s.Part)
		return ErrTooLarge
	case s.total > 0 && after > s.total:
		Discard(s.Part)
		return &Answer{Status: http.StatusOK, Err: fmt.Errorf("more than %d bytes", s.total)}
	}
	if after-s.looked >= spaceEvery {
		s.looked = after
		if err := s.room(max(s.total, after) - s.have); err != nil {
			return err
		}
	}
	if _, err := s.part.Write(piece); err != nil {
		return &Local{err}
	}
	s.have = after
	if s.Report != nil {
		s.Report(s.have, s.total)
	}
	return nil
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
