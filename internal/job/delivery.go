package job

import (
	"errors"
	"strings"
	"time"
)

// Delivery is one webhook message: what became of a job, on its way to
// somebody who wants to know.
type Delivery struct {
	ID    string        `json:"id"` // the same in every attempt: who gets it twice knows by it
	JobID string        `json:"job_id"`
	Event DeliveryEvent `json:"event"`
	URL   string        `json:"-"`  // may hold secrets behind the ?
	To    string        `json:"to"` // the URL as it may be shown
	State DeliveryState `json:"state"`

	Attempts    int       `json:"attempts"` // since it was made, or asked for anew
	LastStatus  int       `json:"last_status,omitempty"`
	LastError   string    `json:"last_error,omitempty"` // a sentence
	CreatedAt   time.Time `json:"created_at"`
	TriedAt     time.Time `json:"tried_at,omitzero"`
	NextAt      time.Time `json:"next_at,omitzero"` // of one that is pending
	DeliveredAt time.Time `json:"delivered_at,omitzero"`

	Since time.Time `json:"-"` // when the attempts began
}

// DeliveryEvent is what a message tells: a job has ended, and how.
type DeliveryEvent string

// The events.
const (
	EventDone     DeliveryEvent = "job.done"
	EventFailed   DeliveryEvent = "job.failed"
	EventCanceled DeliveryEvent = "job.canceled"
)

// State is that of the job when the event came about.
func (e DeliveryEvent) State() State {
	switch e {
	case EventDone:
		return Done
	case EventFailed:
		return Failed
	case EventCanceled:
		return Canceled
	}
	return ""
}

// DeliveryState is how far a message is.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending   DeliveryState = "pending"   // it is sent, or sent again, by itself
	DeliveryDelivered DeliveryState = "delivered" // the receiver has said so
	DeliveryParked    DeliveryState = "parked"    // given up until somebody asks for it
)

// Tried is the outcome of one attempt.
type Tried struct {
	State  DeliveryState // from now on
	Status int           // that the receiver answered; 0 = it did not
	Error  string        // a sentence; "" = delivered
	NextAt time.Time     // of the next attempt, when it is pending
}

// DeliveryFilter selects deliveries, the newest first.
type DeliveryFilter struct {
	JobID  string        // "" = of all jobs
	State  DeliveryState // "" = any
	Before string        // the id of the last one of the page before; "" = from the newest
	Limit  int           // 1..500; 0 = 50
}

// ErrDeliveryUnknown says that no delivery has an id.
var ErrDeliveryUnknown = errors.New("no such delivery")

// ShownURL is an address without what may be secret in it: the server alone.
// Many services have the secret in the path.
func ShownURL(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	shown := scheme + "://" + rest[strings.LastIndex(rest[:end], "@")+1:end]
	if strings.Trim(rest[end:], "/") != "" {
		shown += "/…"
	}
	return shown
}
