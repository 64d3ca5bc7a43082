package delivery_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/delivery"
	"sluice/internal/job"
)

// site is a receiver of which a test says what it answers.
type site struct {
	mu     sync.Mutex
	came   []time.Time
	bodies []string
	answer func(n int) (status int, header http.Header) // to the n-th message; 0 = the connection breaks
}

func (s *site) serve(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.came = append(s.came, time.Now())
	b := make([]byte, req.ContentLength)
	_, _ = req.Body.Read(b)
	s.bodies = append(s.bodies, string(b))
	status, header := s.answer(len(s.came))
	if status == 0 {
		return nil, errors.New("connection reset by peer")
	}
	return &http.Response{StatusCode: status, Header: header, Body: http.NoBody, Request: req}, nil
}

func (s *site) visits() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.came
}

func always(status int) func(int) (int, http.Header) {
	return func(int) (int, http.Header) { return status, nil }
}

const to = "https://receiver.example.com/hook?key=secret"

func TestADeadReceiverIsTriedForADayAndThenLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, s := newBox(to), &site{answer: always(0)}
		sender, stop := running(t, delivery.Deps{Outbox: b, Guard: wire(s.serve)}, delivery.Config{})
		time.Sleep(5 * 24 * time.Hour)
		came := s.visits()
		for i, want := range []float64{10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600} {
			if got := came[i+1].Sub(came[i]).Seconds(); got < want*0.8 || got > want*1.2 {
				t.Errorf("wait %d is %v s, want about %v", i, got, want)
			}
		}
		if last := came[len(came)-1].Sub(came[0]); last != 24*time.Hour {
			t.Errorf("the last attempt was after %v", last)
		}
		d := b.get("a")
		if d.State != job.DeliveryParked || d.Attempts != len(came) || !strings.Contains(d.LastError, "cannot be reached") {
			t.Errorf("it is %+v", d)
		}
		before := len(came)
		b.redeliver("a")
		s.mu.Lock()
		s.answer = always(200)
		s.mu.Unlock()
		sender.Wake()
		synctest.Wait()
		if d := b.get("a"); d.State != job.DeliveryDelivered || len(s.visits()) != before+1 {
			t.Errorf("asked for anew it is %+v after %d", d, len(s.visits())-before)
		}
		for _, body := range s.bodies {
			if body != s.bodies[0] {
				t.Error("the attempts sent different messages")
			}
		}
		stop()
	})
}

// A laptop that slept for three days has tried once.
func TestADayThatWasSleptThroughIsNoDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, s := newBox(to), &site{answer: always(0)}
		time.Sleep(3 * 24 * time.Hour)
		_, stop := running(t, delivery.Deps{Outbox: b, Guard: wire(s.serve)}, delivery.Config{})
		time.Sleep(time.Minute)
		if d := b.get("a"); d.State != job.DeliveryPending {
			t.Errorf("it is %+v", d)
		}
		time.Sleep(6 * time.Hour)
		if d := b.get("a"); d.State != job.DeliveryParked || d.Attempts != 10 {
			t.Errorf("in the end it is %+v", d)
		}
		stop()
	})
}

func TestTheReceiverSaysWhenToComeAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		header func() string
		wait   time.Duration
	}{
		"in seconds":              {func() string { return "600" }, 10 * time.Minute},
		"at a time":               {func() string { return time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat) }, 2 * time.Hour},
		"sooner than we would":    {func() string { return "0" }, 0},
		"in words nobody knows":   {func() string { return "soon" }, 0},
		"when the day is over":    {func() string { return "999999999" }, 24 * time.Hour},
		"before now, by its time": {func() string { return "Thu, 01 Jan 1970 00:00:00 GMT" }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, s := newBox(to), &site{}
				s.answer = func(n int) (int, http.Header) {
					if n > 1 {
						return 204, nil
					}
					return 503, http.Header{"Retry-After": {test.header()}}
				}
				_, stop := running(t, delivery.Deps{Outbox: b, Guard: wire(s.serve)}, delivery.Config{})
				time.Sleep(25 * time.Hour)
				came := s.visits()
				if len(came) != 2 {
					t.Fatalf("it came %d times", len(came))
				}
				got := came[1].Sub(came[0])
				switch {
				case test.wait == 0 && (got < 8*time.Second || got > 12*time.Second):
					t.Errorf("waited %v", got)
				case test.wait > 0 && (got > test.wait || got < test.wait-time.Second):
					t.Errorf("waited %v, want %v", got, test.wait)
				}
				stop()
			})
		})
	}
}

func TestWhatIsAnsweredDecides(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		state  job.DeliveryState
		says   string
	}{
		"200 is a receipt":                  {200, job.DeliveryDelivered, ""},
		"202 is a receipt":                  {202, job.DeliveryDelivered, ""},
		"204 is a receipt":                  {204, job.DeliveryDelivered, ""},
		"302 is none":                       {302, job.DeliveryPending, "redirects are not followed"},
		"400 is none, and may be mended":    {400, job.DeliveryPending, "400 Bad Request"},
		"404 is none, and may be mended":    {404, job.DeliveryPending, "404 Not Found"},
		"410 wants nothing more":            {410, job.DeliveryParked, "410 Gone"},
		"500 is none":                       {500, job.DeliveryPending, "500 Internal Server Error"},
		"a number nobody knows is none":     {799, job.DeliveryPending, "answered 799."},
		"a connection that breaks off says": {0, job.DeliveryPending, "broke the connection off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, s := newBox(to), &site{answer: always(test.status)}
				_, stop := running(t, delivery.Deps{Outbox: b, Guard: wire(s.serve)}, delivery.Config{})
				synctest.Wait()
				d := b.get("a")
				if d.State != test.state || d.LastStatus != test.status || !strings.Contains(d.LastError, test.says) || strings.Contains(d.LastError, "secret") {
					t.Errorf("it is %+v", d)
				}
				stop()
			})
		})
	}
}

func TestOneThatIsSlowIsNoReasonForOthersToWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBox("https://slow.example.com", "https://slow.example.com", "https://quick.example.com")
		s := &site{answer: always(200)}
		_, stop := running(t, delivery.Deps{Outbox: b, Guard: wire(func(req *http.Request) (*http.Response, error) {
			if req.URL.Host == "slow.example.com" {
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return s.serve(req)
		})}, delivery.Config{})
		synctest.Wait()
		if d := b.get("c"); d.State != job.DeliveryDelivered {
			t.Errorf("the quick one is %+v", d)
		}
		if d := b.get("b"); d.Attempts != 0 {
			t.Error("a receiver got two messages at once")
		}
		time.Sleep(31 * time.Second)
		if d := b.get("a"); d.Attempts != 1 || !strings.Contains(d.LastError, "in time") {
			t.Errorf("the slow one is %+v", d)
		}
		stop()
		if d := b.get("b"); d.Attempts != 0 {
			t.Error("an attempt that we cut off was counted")
		}
	})
}

func TestAReceiverIsNotFloodedWhileNothingCanBeStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, s := newBox(to), &site{answer: always(200)}
		b.fails = errors.New("disk full")
		_, stop := running(t, delivery.Deps{Outbox: b, Guard: wire(s.serve)}, delivery.Config{})
		time.Sleep(5 * time.Minute)
		if n := len(s.visits()); n > 11 {
			t.Errorf("it got the same message %d times in 5 minutes", n)
		}
		stop()
	})
}
