package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Delivery is one webhook message.
type Delivery struct {
	ID          string            `json:"id" doc:"The same in every attempt; the header Sluice-Delivery of the message has it" example:"4b1f0c5e9a7d2386f0c1d2e3a4b5c6d7"`
	JobID       string            `json:"job_id" example:"01KKNZ1M3T8Q2M4R7W9XYABCDE"`
	Event       job.DeliveryEvent `json:"event"`
	To          string            `json:"to" doc:"The address, without what may be secret in it" example:"https://hooks.example.com/…"`
	State       job.DeliveryState `json:"state"`
	Attempts    int               `json:"attempts" doc:"Since it was made, or asked for anew"`
	LastStatus  int               `json:"last_status,omitempty" doc:"HTTP status of the last attempt; left out when nobody answered" example:"503"`
	LastError   string            `json:"last_error,omitempty" doc:"What came of the last attempt, for people"`
	CreatedAt   time.Time         `json:"created_at"`
	TriedAt     *time.Time        `json:"tried_at,omitempty" doc:"The last attempt"`
	NextAt      *time.Time        `json:"next_at,omitempty" doc:"The next attempt; only of one that is pending"`
	DeliveredAt *time.Time        `json:"delivered_at,omitempty"`
}

// DeliveryPage is one page of deliveries.
type DeliveryPage struct {
	Deliveries []Delivery `json:"deliveries" nullable:"false" doc:"The newest first"`
	Next       string     `json:"next_cursor,omitempty" doc:"Cursor of the next page; left out on the last one"`
}

type deliveriesInput struct {
	Job    string            `query:"job" maxLength:"64" doc:"Only those about the job with this id"`
	State  job.DeliveryState `query:"state" doc:"Only those in this state"`
	Limit  int               `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Deliveries on one page"`
	Cursor string            `query:"cursor" maxLength:"64" doc:"From next_cursor of the page before"`
}

type deliveryInput struct {
	ID string `path:"id" maxLength:"64" doc:"Id of the delivery" example:"4b1f0c5e9a7d2386f0c1d2e3a4b5c6d7"`
}

func (a *api) deliveryRoutes() {
	register(a, huma.Operation{
		OperationID: "list-deliveries", Method: http.MethodGet, Path: "/api/v1/deliveries", Tags: []string{"webhooks"},
		Summary: "List webhook messages",
		Description: "One is made when a job with a webhook ends. It is sent until the receiver takes it, less and less often, and " +
			"parked after a day, or at once when the receiver will never take it.",
		Errors: []int{422}, Responses: example(DeliveryPage{Deliveries: deliveriesOf([]job.Delivery{exampleDelivery()})}),
	}, a.deliveries)
	register(a, huma.Operation{
		OperationID: "redeliver", Method: http.MethodPost, Path: "/api/v1/deliveries/{id}/redeliver", Tags: []string{"webhooks"},
		Summary:     "Send a webhook message again",
		Description: "At once and under the same id, whatever became of it before. Its attempts are counted anew.",
		Errors:      []int{404, 507},
	}, func(ctx context.Context, in *deliveryInput) (*output[Delivery], error) {
		d, err := a.Deliveries.Redeliver(ctx, in.ID)
		if errors.Is(err, job.ErrDeliveryUnknown) {
			err = fault.New(fault.DeliveryUnknown, "There is no such delivery.", err)
		}
		return &output[Delivery]{deliveryOf(d)}, err
	})
}

func (a *api) deliveries(ctx context.Context, in *deliveriesInput) (*output[DeliveryPage], error) {
	filter := job.DeliveryFilter{JobID: in.Job, State: in.State, Before: in.Cursor, Limit: in.Limit}
	found, err := a.Deliveries.Deliveries(ctx, filter)
	if err != nil {
		return nil, err
	}
	page := DeliveryPage{Deliveries: deliveriesOf(found)}
	if len(found) < in.Limit {
		return &output[DeliveryPage]{page}, nil
	}
	filter.Before, filter.Limit = found[len(found)-1].ID, 1
	more, err := a.Deliveries.Deliveries(ctx, filter)
	if len(more) > 0 {
		page.Next = filter.Before
	}
	return &output[DeliveryPage]{page}, err
}

func deliveryOf(d job.Delivery) Delivery {
	return Delivery{
		ID: d.ID, JobID: d.JobID, Event: d.Event, To: d.To, State: d.State,
		Attempts: d.Attempts, LastStatus: d.LastStatus, LastError: d.LastError,
		CreatedAt: d.CreatedAt.UTC(), TriedAt: moment(d.TriedAt), NextAt: moment(d.NextAt), DeliveredAt: moment(d.DeliveredAt),
	}
}

// deliveriesOf is a list in any case: an empty one says that there are none.
func deliveriesOf(all []job.Delivery) []Delivery {
	out := make([]Delivery, 0, len(all))
	for _, d := range all {
		out = append(out, deliveryOf(d))
	}
	return out
}

func exampleDelivery() job.Delivery {
	at := exampleTime().Add(6 * time.Minute)
	return job.Delivery{
		ID: "4b1f0c5e9a7d2386f0c1d2e3a4b5c6d7", JobID: "01KKNZ1M3T8Q2M4R7W9XYABCDE", Event: job.EventDone,
		To: "https://hooks.example.com/…", State: job.DeliveryPending, Attempts: 1,
		LastStatus: 503, LastError: "The receiver answered 503 Service Unavailable.",
		CreatedAt: at, TriedAt: at.Add(time.Second), NextAt: at.Add(time.Minute),
	}
}
