package httpapi

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ticketLasts is how long a ticket is good for.
const ticketLasts = 4 * time.Hour

// Tickets makes and checks tickets for media. The routes and the guard of one
// listener share one; its secret dies with it. A nil one knows no ticket.
type Tickets struct{ key []byte }

// NewTickets makes one with a secret of its own.
func NewTickets() *Tickets { return &Tickets{key: []byte(rand.Text())} }

// issue makes a ticket for a job's media: until when, and a mark that proves it.
func (t *Tickets) issue(jobID string, now time.Time) (ticket string, expires time.Time) {
	expires = now.Add(ticketLasts).Truncate(time.Second).UTC()
	until := strconv.FormatInt(expires.Unix(), 10)
	return until + "-" + t.mark(jobID, until), expires
}

// valid says whether a ticket opens a job's media now.
func (t *Tickets) valid(jobID, ticket string, now time.Time) bool {
	until, mark, ok := strings.Cut(ticket, "-")
	if t == nil || !ok || !same(mark, t.mark(jobID, until)) {
		return false
	}
	unix, err := strconv.ParseInt(until, 10, 64) // it is ours, so it is a number
	return err == nil && now.Before(time.Unix(unix, 0))
}

func (t *Tickets) mark(jobID, until string) string {
	mac := hmac.New(sha256.New, t.key)
	mac.Write([]byte("media\n" + until + "\n" + jobID))
	return hex.EncodeToString(mac.Sum(nil))
}

// admits says whether a request reads the media that its ticket is for.
func (t *Tickets) admits(r *http.Request) bool {
	if t == nil || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
		return false
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/api/v1/jobs/")
	id, tail, more := strings.Cut(rest, "/")
	return ok && more && tail == "media" && t.valid(id, r.URL.Query().Get("ticket"), time.Now())
}

// ticketKey is where the guard says that a ticket has let a request in.
type ticketKey struct{}

func withTicket(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), ticketKey{}, true))
}

func ticketed(ctx context.Context) bool {
	in, _ := ctx.Value(ticketKey{}).(bool)
	return in
}
