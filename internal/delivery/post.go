package delivery

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/netguard"
)

// The headers of a message.
const (
	HeaderID        = "Sluice-Delivery"  // the same in every attempt
	HeaderEvent     = "Sluice-Event"     // as in the body
	HeaderTimestamp = "Sluice-Timestamp" // of this attempt: Unix seconds
	HeaderSignature = "Sluice-Signature" // see Sign
)

const (
	mostAnswer  = 64 << 10       // read of an answer, and thrown away, so that the connection can be used again
	longestWish = 24 * time.Hour // that a receiver may have for the next attempt
)

// try makes one attempt. Void says that it does not count: we cut it off, or the
// delivery was deleted with its job.
func (s *Sender) try(ctx context.Context, d job.Delivery) (tried job.Tried, void bool) {
	body, err := s.message(ctx, d)
	if err == nil {
		tried, err = s.post(ctx, d, body)
	}
	switch {
	case err == nil:
		return tried, false
	case ctx.Err() != nil, errors.Is(err, job.ErrDeliveryUnknown):
		return job.Tried{}, true
	}
	var given *givenUpError
	if errors.As(err, &given) {
		return job.Tried{State: job.DeliveryParked, Error: given.say}, false
	}
	s.deps.Log.Debug("delivery failed", "delivery", d.ID, "err", withoutURL(err))
	return s.again(d, 0, job.Tried{Error: words(err)}), false
}

// givenUpError is a failure that time does not heal.
type givenUpError struct{ say string }

func (e *givenUpError) Error() string { return e.say }

// message gives the kept message, or puts it together and keeps it.
func (s *Sender) message(ctx context.Context, d job.Delivery) ([]byte, error) {
	body, err := s.deps.Outbox.DeliveryBody(ctx, d.ID)
	if err != nil || body != nil {
		return body, wrap("read message", err)
	}
	result, err := s.deps.Results.Result(ctx, d.JobID)
	if err != nil {
		if fault.Is(err, fault.JobUnknown) {
			return nil, &givenUpError{"The job is gone."}
		}
		return nil, &resultError{err}
	}
	if body, err = encode(d, result); err != nil {
		return nil, &resultError{err}
	}
	return body, wrap("keep message", s.deps.Outbox.KeepDeliveryBody(ctx, d.ID, body))
}

// resultError is a result that could not be read.
type resultError struct{ err error }

func (e *resultError) Error() string { return "read result: " + e.err.Error() }
func (e *resultError) Unwrap() error { return e.err }

// post sends a message once. An error means that no status came back.
func (s *Sender) post(ctx context.Context, d job.Delivery, body []byte) (job.Tried, error) {
	to, err := url.Parse(d.URL)
	if err != nil {
		return job.Tried{}, &givenUpError{"The address is none."}
	}
	var refused *netguard.Refused
	if err := s.deps.Guard.Check(to); errors.As(err, &refused) {
		return job.Tried{}, &givenUpError{refused.Error() + "."}
	} else if err != nil {
		return job.Tried{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	req, err := s.request(ctx, d, to.String(), body)
	if err != nil {
		return job.Tried{}, err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return job.Tried{}, err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.CopyN(io.Discard, res.Body, mostAnswer)
	return s.judge(d, res), nil
}

func (s *Sender) request(ctx context.Context, d job.Delivery, to string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", s.cfg.UserAgent)
	req.Header.Set(HeaderID, d.ID)
	req.Header.Set(HeaderEvent, string(d.Event))
	req.Header.Set(HeaderTimestamp, stamp)
	if s.deps.Key == nil {
		return req, nil
	}
	key, err := s.deps.Key(ctx)
	switch {
	case err != nil:
		return nil, &keyError{err}
	case len(key) > 0:
		req.Header.Set(HeaderSignature, Sign(key, stamp, body))
	}
	return req, nil
}

// keyError is a key that could not be read: nothing goes out unsigned for that.
type keyError struct{ err error }

func (e *keyError) Error() string { return "read signing key: " + e.err.Error() }
func (e *keyError) Unwrap() error { return e.err }

// judge says what an answer means: only 2xx is a receipt.
func (s *Sender) judge(d job.Delivery, res *http.Response) job.Tried {
	tried := job.Tried{Status: res.StatusCode}
	said := fmt.Sprint(res.StatusCode)
	if text := http.StatusText(res.StatusCode); text != "" {
		said += " " + text
	}
	switch {
	case res.StatusCode >= 200 && res.StatusCode < 300:
		tried.State = job.DeliveryDelivered
		return tried
	case res.StatusCode == http.StatusGone:
		tried.State, tried.Error = job.DeliveryParked, "The receiver answered 410 Gone: it wants nothing more."
		return tried
	case res.StatusCode >= 300 && res.StatusCode < 400:
		tried.Error = "The receiver answered " + said + ": redirects are not followed."
	default:
		tried.Error = "The receiver answered " + said + "."
	}
	return s.again(d, wish(res), tried)
}

// wish is how long the receiver wants to be left alone; 0 = it does not say.
func wish(res *http.Response) time.Duration {
	text := res.Header.Get("Retry-After")
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(n, 0), int(longestWish/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), longestWish)
	}
	return 0
}

// words says to people why no answer came. It never has the address, which may
// hold secrets.
func words(err error) string {
	var (
		refused *netguard.Refused
		name    *net.DNSError
		cert    *tls.CertificateVerificationError
		network net.Error
		result  *resultError
		key     *keyError
	)
	switch {
	case errors.As(err, &result):
		return "The result could not be read."
	case errors.As(err, &key):
		return "The key to sign with could not be read."
	case errors.As(err, &refused):
		return refused.Error() + "."
	case errors.As(err, &name):
		return "The receiver's name is not known."
	case errors.As(err, &cert):
		return "The receiver's certificate is not valid."
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "The receiver did not answer in time."
	}
	return "The receiver cannot be reached, or it broke the connection off."
}

// withoutURL takes the address off an error of net/http.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
