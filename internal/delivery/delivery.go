// Package delivery tells others what became of a job: it works off the outbox
// and posts each message to its receiver, signed, until the receiver says that
// it has it, or a day is over. It never touches a job: what a receiver does
// costs nobody any work again. It reads nothing of an answer but its status.
package delivery

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

// Outbox is where messages wait. Only one sender works on an outbox.
type Outbox interface {
	// DueDeliveries gives what is to be sent now, the oldest of each receiver.
	DueDeliveries(ctx context.Context) ([]job.Delivery, error)
	// NextDelivery is when the next one falls due that is not due now; zero =
	// there is none.
	NextDelivery(ctx context.Context) (time.Time, error)
	// DeliveryBody is what was kept for a delivery; nil = nothing was.
	DeliveryBody(ctx context.Context, id string) ([]byte, error)
	// KeepDeliveryBody stores the message before it is first sent, so that every
	// attempt sends the same.
	KeepDeliveryBody(ctx context.Context, id string, body []byte) error
	// RecordDelivery stores the outcome of an attempt. All three give
	// job.ErrDeliveryUnknown for one that was deleted with its job.
	RecordDelivery(ctx context.Context, id string, t job.Tried) error
}

// Results is where messages come from.
type Results interface {
	// Result gives what there is of a job. Fault job_unknown when it is gone.
	Result(ctx context.Context, jobID string) (Result, error)
}

// Result is a job and what was made of it.
type Result struct {
	Job          job.Job
	Transcript   *transcript.Transcript           // nil = there is none
	Translations map[string]transcript.Transcript // by language
	Summary      *transcript.Summary              // nil = there is none
}

// Guard is the way out of this machine.
type Guard interface {
	// Check refuses an address by its looks.
	Check(u *url.URL) error
	// Client goes only where it may.
	Client() *http.Client
}

// Sender works off an outbox.
type Sender struct {
	deps   Deps
	cfg    Config
	client *http.Client
	wake   chan struct{}
}

// Deps of a Sender. All but Key are required.
type Deps struct {
	Outbox  Outbox
	Results Results
	Guard   Guard
	Key     func(ctx context.Context) ([]byte, error) // what messages are signed with, asked for at every attempt; nil, or an empty key = they are not signed
	Log     *slog.Logger
}

// Config of a Sender; the zero value works.
type Config struct {
	UserAgent string        // "Sluice"
	Timeout   time.Duration // 30s: how long one attempt may take
	AtOnce    int           // 4: receivers that are talked to at the same time, each about one message
	Day       time.Duration // 24h: how long a message is tried
}

const (
	firstWait    = 10 * time.Second // after a failed attempt; it doubles with every further one
	longestWait  = time.Hour
	leastTries   = 10               // also when the day is over: a laptop may have slept through it
	idle         = time.Minute      // between looks when nobody tells of anything new
	recordWithin = 5 * time.Second  // bookkeeping after we were told to stop
	pauseFor     = 30 * time.Second // for a receiver whose outcome could not be stored
)

// New makes a sender that does not run yet.
func New(deps Deps, cfg Config) *Sender {
	if cfg.UserAgent == "" {
		cfg.UserAgent = "Sluice"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.AtOnce == 0 {
		cfg.AtOnce = 4
	}
	if cfg.Day == 0 {
		cfg.Day = 24 * time.Hour
	}
	client := deps.Guard.Client()
	// Who is sent on would post the result to somebody the user has not named.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Sender{deps: deps, cfg: cfg, client: client, wake: make(chan struct{}, 1)}
}

// Wake has the outbox looked at now: a job has ended, or somebody wants a
// message sent again.
func (s *Sender) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run sends what falls due until ctx ends. An attempt that is under way then is
// cut off and not counted: the next start makes it again, with the same id.
func (s *Sender) Run(ctx context.Context) error {
	var underWay sync.WaitGroup
	defer underWay.Wait()
	busy := map[string]bool{} // receivers
	free := make(chan string, s.cfg.AtOnce)
	for {
		wait, err := s.look(ctx, func(d job.Delivery) {
			if busy[d.URL] || len(busy) == s.cfg.AtOnce {
				return
			}
			busy[d.URL] = true
			underWay.Go(func() {
				s.deliver(ctx, d)
				free <- d.URL
			})
		})
		if err != nil && ctx.Err() == nil {
			s.deps.Log.Warn("outbox not read", "err", err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case receiver := <-free:
			delete(busy, receiver)
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// look hands out what is due and says when to look again.
func (s *Sender) look(ctx context.Context, start func(job.Delivery)) (time.Duration, error) {
	next, err := s.deps.Outbox.NextDelivery(ctx) // before those due now, so that none falls in between
	if err != nil {
		return idle, err
	}
	due, err := s.deps.Outbox.DueDeliveries(ctx)
	if err != nil {
		return idle, err
	}
	for _, d := range due {
		start(d)
	}
	if next.IsZero() {
		return idle, nil
	}
	return min(max(time.Until(next), 0), idle), nil
}

// deliver makes one attempt and stores its outcome. While that cannot be stored
// the receiver is left alone: it would get the same message over and over.
func (s *Sender) deliver(ctx context.Context, d job.Delivery) {
	tried, void := s.try(ctx, d)
	if void {
		return
	}
	log := s.deps.Log.With("delivery", d.ID, "job", d.JobID, "to", d.To, "status", tried.Status)
	switch tried.State {
	case job.DeliveryDelivered:
		log.Info("result delivered")
	case job.DeliveryParked:
		log.Warn("delivery parked", "why", tried.Error)
	case job.DeliveryPending:
		log.Info("result not delivered yet", "why", tried.Error, "next", tried.NextAt)
	}
	save, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if err := s.deps.Outbox.RecordDelivery(save, d.ID, tried); err != nil && !errors.Is(err, job.ErrDeliveryUnknown) {
		log.Warn("delivery not recorded", "err", err)
		pause(ctx, pauseFor)
	}
}

// again says when to try once more after a failure, or that it is given up. The
// receiver's own wish counts, but there is a last attempt when the day is over.
func (s *Sender) again(d job.Delivery, wish time.Duration, tried job.Tried) job.Tried {
	now := time.Now()
	end := d.Since.Add(s.cfg.Day)
	if !now.Before(end) && d.Attempts+1 >= leastTries {
		tried.State = job.DeliveryParked
		return tried
	}
	tried.State, tried.NextAt = job.DeliveryPending, now.Add(max(backoff(d.Attempts), wish))
	if now.Before(end) && tried.NextAt.After(end) {
		tried.NextAt = end
	}
	return tried
}

// backoff is how long to wait after so many failures before the last one, give
// or take a fifth: receivers that come back are not met by all at once.
func backoff(failures int) time.Duration {
	wait := longestWait
	if failures < 9 {
		wait = min(firstWait<<failures, longestWait)
	}
	return time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // no secret
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
