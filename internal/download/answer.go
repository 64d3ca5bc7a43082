package download

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// noteSuffix is what the note beside a part is called after it.
const noteSuffix = ".json"

// note says what a part is a part of.
type note struct {
	URL       string `json:"url"`
	Validator string `json:"etag,omitempty"`  // by which the server knows its version of the file again; "" = it does not
	Total     int64  `json:"total,omitempty"` // bytes of all of it; 0 = not known
	About     About  `json:"about"`
}

// Discard removes a part and what is known of it.
func Discard(part string) {
	_ = os.Remove(part)
	_ = os.Remove(part + noteSuffix)
}

func (d *download) origin() note {
	var n note
	body, err := os.ReadFile(d.Part + noteSuffix)
	if err != nil || json.Unmarshal(body, &n) != nil || n.URL != d.URL {
		return note{}
	}
	if strings.HasPrefix(n.Validator, "W/") { // says of no bytes that they are the same
		n.Validator = ""
	}
	return n
}

func (d *download) remember(n note) error {
	body, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("note of download: %w", err)
	}
	tmp := d.Part + noteSuffix + ".new"
	if err := os.WriteFile(tmp, body, 0o600); err != nil {
		return &Local{err}
	}
	if err := os.Rename(tmp, d.Part+noteSuffix); err != nil {
		return &Local{err}
	}
	return nil
}

// total is how many bytes the file has, when that is known before an answer.
func (d *download) total() int64 {
	if d.Size > 0 {
		return d.Size
	}
	return d.origin().Total
}

// keep gives how much of the part can be kept: all of it when it is known what
// it is a part of, else nothing.
func (d *download) keep(part *os.File) (int64, error) {
	size, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	total := d.total()
	if size == 0 || d.origin().Validator != "" && (total == 0 || size <= total) {
		return size, nil
	}
	d.renewed = true
	return 0, empty(part)
}

func empty(part *os.File) error {
	if err := part.Truncate(0); err != nil {
		return err
	}
	_, err := part.Seek(0, io.SeekStart)
	return err
}

func (d *download) ask(ctx context.Context, have int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "sluice")
	req.Header.Set("Accept-Encoding", "identity") // ranges count bytes of the file itself
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		req.Header.Set("If-Range", d.origin().Validator)
	}
	return d.Client.Do(req)
}

// answer reads the head of a response: where its bytes belong and how many
// there will be in all. It leaves the part ready to be written to.
func (d *download) answer(ctx context.Context, res *http.Response, body *bufio.Reader, part *os.File, have int64) (at, total int64, err error) {
	switch {
	case res.StatusCode == http.StatusPartialContent && have > 0:
		if total, err = d.rest(res, have); err != nil {
			return 0, 0, d.restart(part, err)
		}
		at, err = have, d.bounded(total)
	case res.StatusCode == http.StatusOK: // from the start, whatever was asked
		total, err = d.whole(ctx, res, body, part, have)
	case res.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		err = d.restart(part, errors.New("the server has no such range"))
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode == http.StatusRequestTimeout, res.StatusCode >= 500:
		err = &drop{err: errors.New(res.Status), status: res.StatusCode, after: retryAfter(res.Header)}
	default:
		err = &Answer{Status: res.StatusCode}
	}
	if err != nil {
		return 0, 0, err
	}
	if err := d.room(max(total-at, 0)); err != nil {
		return 0, 0, err
	}
	if d.Report != nil {
		d.Report(at, total)
	}
	return at, total, nil
}

func (d *download) bounded(total int64) error {
	if d.Most > 0 && total > d.Most {
		Discard(d.Part)
		return ErrTooLarge
	}
	return nil
}

// whole takes an answer with all of the file. What is there already is given up
// only for bytes that are wanted: a page that asks to log in must not cost it.
func (d *download) whole(ctx context.Context, res *http.Response, body *bufio.Reader, part *os.File, have int64) (total int64, err error) {
	n := note{URL: d.URL, Validator: validator(res.Header), Total: max(res.ContentLength, 0), About: aboutOf(res.Header)}
	if err := d.bounded(n.Total); err != nil {
		return 0, err
	}
	head, err := body.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, &drop{err: because(ctx, err)}
	}
	if err := d.wanted(head, n); err != nil {
		if have == 0 {
			Discard(d.Part)
		}
		return 0, err
	}
	if err := empty(part); err != nil {
		return 0, &Local{err}
	}
	d.resumed, d.renewed = false, d.renewed || have > 0
	n.Total = max(n.Total, d.Size)
	return n.Total, d.remember(n)
}

// wanted says whether what begins like this may be the file.
func (d *download) wanted(head []byte, n note) error {
	if d.Head != nil && len(head) > 0 {
		if err := d.Head(head, n.About); err != nil {
			return err
		}
	}
	if said := n.Total > 0 || len(head) == 0; said && d.Size > 0 && n.Total != d.Size {
		return &Answer{Status: http.StatusOK, Err: fmt.Errorf("%d bytes offered, %d expected", n.Total, d.Size)}
	}
	return nil
}

// rest takes an answer with what is missing. A server that does not heed
// If-Range must at least still speak of the same file.
func (d *download) rest(res *http.Response, have int64) (total int64, err error) {
	n, said := d.origin(), res.Header.Get("Content-Range")
	from, total, ok := contentRange(said)
	known := max(n.Total, d.Size)
	switch now := validator(res.Header); {
	case !ok || from != have, known > 0 && total > 0 && total != known:
		return 0, fmt.Errorf("asked from %d, got %q", have, said)
	case now != "" && now != n.Validator:
		return 0, errors.New("the server has another file by now")
	}
	return max(total, known), nil
}

// restart forgets the part, as a try that brought nothing.
func (d *download) restart(part *os.File, cause error) error {
	if err := empty(part); err != nil {
		return &Local{err}
	}
	_ = os.Remove(d.Part + noteSuffix)
	d.renewed = true
	return &drop{err: cause}
}

// validator is what a server can be asked by whether it still has the same
// file: a strong tag, or a time that is long enough ago to be one of its own.
func validator(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" {
		if strings.HasPrefix(tag, `"`) {
			return tag
		}
		return ""
	}
	changed, err := http.ParseTime(h.Get("Last-Modified"))
	if err != nil {
		return ""
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil || now.Sub(changed) < time.Minute {
		return ""
	}
	return h.Get("Last-Modified")
}

func aboutOf(h http.Header) (a About) {
	if _, params, err := mime.ParseMediaType(h.Get("Content-Disposition")); err == nil {
		a.Name = params["filename"]
	}
	if t, _, err := mime.ParseMediaType(h.Get("Content-Type")); err == nil {
		a.Type = t
	}
	return a
}

func retryAfter(h http.Header) time.Duration {
	const longest = 24 * time.Hour
	said := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(said); err == nil {
		return min(time.Duration(min(max(seconds, 0), int(longest/time.Second)))*time.Second, longest)
	}
	at, err := http.ParseTime(said)
	if err != nil {
		return 0
	}
	return min(max(time.Until(at), 0), longest)
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
	from, ok = count(first)
	if ok && size != "*" {
		all, ok = count(size)
	}
	return from, all, ok
}

// count reads a number of bytes, which has no sign.
func count(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err == nil //nolint:gosec // of 63 bits
}
