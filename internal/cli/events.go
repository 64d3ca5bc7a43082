package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sluice/internal/board"
	"sluice/internal/fault"
)

const (
	firstPause = 250 * time.Millisecond // before the first new try; the server may say another
	longPause  = 5 * time.Second
	patience   = 2 * time.Minute // how long a server may be away while a job is awaited
	silence    = 90 * time.Second
	maxLine    = 4 << 20 // bytes of one line of an event
)

// event is one message of the server.
type event struct {
	ID   string
	Kind board.Kind
	Data []byte
}

// errEnough is returned by a handler that needs no more events.
var errEnough = errors.New("enough")

// stream follows the server's events through lost connections and restarts.
type stream struct {
	client *client
	// sync is called at the start and whenever events may have been missed:
	// it asks for the state of things. Events that follow are newer.
	sync func(ctx context.Context) error
	// handle gets every event but resets. errEnough ends the stream.
	handle func(ctx context.Context, e event) error
	// lost and found are told when the connection breaks and when it is back.
	lost, found func()
	// patience ends the stream with server_away; 0 = never.
	patience time.Duration

	last   string // id of the last event
	synced bool   // nothing was missed up to last
	pause  time.Duration
	away   time.Time // since when; zero = connected
	begun  bool      // there was a connection
}

// run follows until a handler has enough (nil), ctx ends or the server
// refuses.
func (s *stream) run(ctx context.Context) error {
	s.pause = firstPause
	wait := s.pause
	for {
		err := s.connection(ctx, func() { wait = s.pause })
		switch {
		case errors.Is(err, errEnough):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !fault.Is(err, fault.ServerAway):
			return err
		case !s.begun:
			return err
		}
		if s.away.IsZero() {
			s.away = time.Now()
			s.lost()
		}
		if s.patience > 0 && time.Since(s.away) > s.patience {
			return err
		}
		if !sleep(ctx, wait) {
			return ctx.Err()
		}
		wait = min(wait*2, longPause)
		s.client.find()
	}
}

// connection reads one connection to its end. The error is never nil.
func (s *stream) connection(ctx context.Context, connected func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := s.client.request(ctx, http.MethodGet, "/api/v1/events", nil, http.Header{"Accept": {"text/event-stream"}})
	if err != nil {
		return err
	}
	if s.last != "" {
		req.Header.Set("Last-Event-ID", s.last)
	}
	res, err := s.client.send(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return s.client.stranger("it sends no events")
	}
	// A server that lives says something now and then; a connection that lost
	// its other end says nothing for ever.
	dead := time.AfterFunc(silence, cancel)
	defer dead.Stop()

	s.begun = true
	if !s.away.IsZero() {
		s.away = time.Time{}
		s.found()
	}
	connected()
	if s.last == "" {
		s.synced = false
	}
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	r := &eventReader{r: bufio.NewReaderSize(res.Body, 64<<10), alive: func() { dead.Reset(silence) }}
	for {
		e, err := r.next()
		if r.retry > 0 {
			s.pause = r.retry
			connected()
		}
		if r.id != "" {
			s.last = r.id
		}
		if err != nil {
			return fault.New(fault.ServerAway, "no Sluice answers at "+s.client.base, err)
		}
		if e.Kind == board.Reset {
			s.synced = false
			if err := s.catchUp(ctx); err != nil {
				return err
			}
			continue
		}
		if err := s.handle(ctx, e); err != nil {
			return err
		}
	}
}

func (s *stream) catchUp(ctx context.Context) error {
	if s.synced {
		return nil
	}
	if err := s.sync(ctx); err != nil {
		return err
	}
	s.synced = true
	return nil
}

// eventReader reads the text/event-stream format.
type eventReader struct {
	r     *bufio.Reader
	id    string // of the last message that came whole
	retry time.Duration
	alive func() // called with every line
}

// next reads to the end of the next event that has data.
func (r *eventReader) next() (event, error) {
	var (
		kind = "message"
		data []byte
		some bool
		id   = r.id
	)
	for {
		line, err := r.line()
		if err != nil {
			return event{}, err
		}
		r.alive()
		if line == "" {
			r.id = id
			if some {
				return event{ID: r.id, Kind: board.Kind(kind), Data: data}, nil
			}
			kind = "message"
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			kind = value
		case "data":
			if some {
				data = append(data, '\n')
			}
			data, some = append(data, value...), true
		case "id":
			if !strings.ContainsRune(value, 0) {
				id = value
			}
		case "retry":
			if ms, err := strconv.ParseUint(value, 10, 31); err == nil {
				r.retry = max(time.Duration(ms)*time.Millisecond, time.Millisecond)
			}
		}
	}
}

func (r *eventReader) line() (string, error) {
	var b []byte
	for {
		part, err := r.r.ReadSlice('\n')
		b = append(b, part...)
		switch {
		case err == nil:
			return strings.TrimRight(string(b), "\r\n"), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		case len(b) > maxLine:
			return "", errors.New("event too long")
		}
	}
}

// read decodes the event's data; of what cannot be read nothing is set.
func (e event) read() jobEvent {
	var v jobEvent
	if json.Unmarshal(e.Data, &v) != nil {
		return jobEvent{}
	}
	if e.Kind == board.JobChanged && v.Job == nil { // the view itself
		var j jobView
		if json.Unmarshal(e.Data, &j) == nil && j.ID != "" {
			v.Job = &j
		}
	}
	if v.JobID == "" && v.Job != nil {
		v.JobID = v.Job.ID
	}
	return v
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
