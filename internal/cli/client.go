package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/fault"
	"sluice/internal/transcript"
)

const (
	plainTimeout = 10 * time.Second // for a call that is no stream
	findTimeout  = 2 * time.Second  // for a look whether a server is there at all
	maxAnswer    = 256 << 20        // bytes; the transcript of a very long recording with word times
)

// client speaks to one server.
type client struct {
	base    string
	token   string
	named   bool
	timeout time.Duration // for a call that is no stream
	http    *http.Client

	where func() (Endpoint, error) // asks again for the address
}

// serverFlag adds --server.
func serverFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("server", "", "`URL` of the server (default: SLUICE_SERVER, else the one of this machine)")
}

func (c *console) client(address string) (*client, error) {
	if c.cmds.Server == nil {
		return nil, notBuiltIn()
	}
	s := &client{where: func() (Endpoint, error) { return c.cmds.Server(address) }, timeout: plainTimeout, http: newHTTP(plainTimeout)}
	e, err := s.where()
	if err != nil {
		return nil, err
	}
	s.named = e.Named || address != ""
	if err := s.use(e); err != nil {
		return nil, err
	}
	return s, nil
}

// use takes an address and the token that goes with it.
func (s *client) use(e Endpoint) error {
	base := strings.TrimRight(e.URL, "/")
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return &usage{
			say:  fmt.Sprintf("%q is no address of a server.", clean(e.URL)),
			hint: "Give it like http://127.0.0.1:7584.",
		}
	}
	s.base, s.token = base, e.Token
	return nil
}

// find looks where the server is now: it may have started again on another
// port. When that cannot be told, the address stays.
func (s *client) find() {
	if e, err := s.where(); err == nil {
		_ = s.use(e) // one that is none is not taken
	}
}

// within is the same server with another time for its answers.
func (s *client) within(d time.Duration) *client {
	other := *s
	other.timeout, other.http = d, newHTTP(d)
	return &other
}

func newHTTP(patience time.Duration) *http.Client {
	return &http.Client{
		// No timeout here: streams stay open. No proxy and no redirects:
		// paths and the token are for this server only.
		Transport: &http.Transport{ResponseHeaderTimeout: patience, ExpectContinueTimeout: time.Second, MaxIdleConnsPerHost: 2},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

func (s *client) close() { s.http.CloseIdleConnections() }

// job asks for one job; the bytes are the answer as it came.
func (s *client) job(ctx context.Context, id string) (jobView, []byte, error) {
	return s.oneJob(ctx, http.MethodGet, "/api/v1/jobs/"+url.PathEscape(id), nil, nil)
}

// cancel asks for the end of a job.
func (s *client) cancel(ctx context.Context, id string) (jobView, []byte, error) {
	return s.tell(ctx, id, "cancel", nil)
}

// submit adds one job. A key makes repeating the same request safe.
func (s *client) submit(ctx context.Context, o orderBody, key string) (jobView, []byte, error) {
	return s.oneJob(ctx, http.MethodPost, "/api/v1/jobs", o, keyHeader(key))
}

// submitAll adds several jobs, all or none.
func (s *client) submitAll(ctx context.Context, orders []orderBody, key string) (page, error) {
	var p page
	body, err := s.call(ctx, http.MethodPost, "/api/v1/jobs", ordersBody{Jobs: orders}, keyHeader(key))
	if err == nil {
		err = s.decode(body, &p)
	}
	return p, err
}

// some asks for the first jobs, page by page; 0 = all. More says that there
// are others.
func (s *client) some(ctx context.Context, state, query string, limit int) (got page, more bool, err error) {
	for cursor := ""; ; {
		n := wholePage
		if limit > 0 {
			n = min(n, limit-len(got.Jobs))
		}
		p, err := s.list(ctx, state, query, n, cursor)
		if err != nil {
			return page{}, false, err
		}
		got.Jobs, got.Next = append(got.Jobs, p.Jobs...), p.Next
		switch {
		case p.Next == "" || p.Next == cursor:
			return got, false, nil
		case limit > 0 && len(got.Jobs) >= limit:
			return got, true, nil
		}
		cursor = p.Next
	}
}

// list asks for one page of jobs.
func (s *client) list(ctx context.Context, state, query string, limit int, cursor string) (page, error) {
	q := url.Values{}
	for name, v := range map[string]string{"state": state, "q": query, "cursor": cursor} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	where := "/api/v1/jobs"
	if len(q) > 0 {
		where += "?" + q.Encode()
	}
	var p page
	body, err := s.call(ctx, http.MethodGet, where, nil, nil)
	if err == nil {
		err = s.decode(body, &p)
	}
	return p, err
}

// export asks for a job's transcript in a format; a language is that of a
// translation, "" is the one that was spoken.
func (s *client) export(ctx context.Context, id, language string, f transcript.Format) ([]byte, error) {
	q := url.Values{"format": {string(f)}}
	if language != "" {
		q.Set("lang", language)
	}
	return s.call(ctx, http.MethodGet, "/api/v1/jobs/"+url.PathEscape(id)+"/transcript?"+q.Encode(), nil, nil)
}

// transcript asks for what is there of a job's transcript.
func (s *client) transcript(ctx context.Context, id, language string) (transcript.Transcript, []byte, error) {
	var t transcript.Transcript
	body, err := s.export(ctx, id, language, transcript.JSON)
	if err == nil {
		err = s.decode(body, &t)
	}
	return t, body, err
}

// alive says whether a Sluice answers.
func (s *client) alive(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	body, err := s.call(ctx, http.MethodGet, "/healthz", nil, nil)
	if err != nil {
		return err
	}
	var health struct {
		Status string `json:"status"`
	}
	if json.Unmarshal(body, &health) != nil || health.Status == "" {
		return s.stranger("it does not say how it is")
	}
	return nil
}

func keyHeader(key string) http.Header {
	if key == "" {
		return nil
	}
	return http.Header{"Idempotency-Key": {key}}
}

func (s *client) oneJob(ctx context.Context, method, where string, body any, h http.Header) (jobView, []byte, error) {
	var j jobView
	raw, err := s.call(ctx, method, where, body, h)
	if err == nil {
		err = s.decode(raw, &j)
	}
	if err == nil && j.ID == "" {
		err = s.stranger("its answer names no job")
	}
	return j, raw, err
}

// call makes one plain request and reads the whole answer.
func (s *client) call(ctx context.Context, method, where string, body any, h http.Header) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("write request: %w", err)
		}
		r = bytes.NewReader(b)
	}
	req, err := s.request(ctx, method, where, r, h)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := s.send(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, s.away(ctx, err)
	case len(answer) > maxAnswer:
		return nil, s.stranger("its answer is too long")
	}
	return answer, nil
}

func (s *client) request(ctx context.Context, method, where string, body io.Reader, h http.Header) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.base+where, body)
	if err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	for k, v := range h {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", "sluice-cli")
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	return req, nil
}

// send makes a request; what is no success is an error.
func (s *client) send(req *http.Request) (*http.Response, error) {
	res, err := s.http.Do(req)
	if err != nil {
		return nil, s.away(req.Context(), err)
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, s.away(req.Context(), err)
	}
	return nil, s.refusal(res, body)
}

// refusal turns a problem into a fault.
func (s *client) refusal(res *http.Response, body []byte) error {
	var p problem
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if kind != "application/problem+json" && kind != "application/json" ||
		json.Unmarshal(body, &p) != nil || p.Code == "" {
		return s.stranger("it answered " + res.Status)
	}
	if typo := p.typo(); typo != nil {
		return typo
	}
	say := p.Detail
	if say == "" {
		say = p.Title
	}
	for _, f := range p.Fields {
		if f.Message != "" && !strings.Contains(say, f.Message) {
			say = strings.TrimSuffix(say, ".") + "; " + strings.TrimSpace(f.Field+" "+f.Message)
		}
	}
	f := fault.New(fault.Code(p.Code), say, nil)
	if p.Hint != "" {
		f.Hint = p.Hint
	}
	if f.Kind == "" { // a code of a newer server
		f.Kind = fault.KindInvalid
	}
	f.RetryAfterSeconds, _ = strconv.Atoi(res.Header.Get("Retry-After"))
	return f
}

// away is a server that could not be reached, unless we were told to stop.
func (s *client) away(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	f := fault.New(fault.ServerAway, "no Sluice answers at "+s.base, err)
	if s.named {
		return f.WithHint("Check the address of --server or SLUICE_SERVER, and that 'sluice serve' runs there.")
	}
	return f.WithHint("Start it with 'sluice serve', or name another one with --server.")
}

// stranger is something that answers but is no Sluice.
func (s *client) stranger(why string) error {
	return fault.New(fault.ServerAway, "what answers at "+s.base+" is no Sluice: "+why, nil).
		WithHint("Name the right address with --server, or start Sluice on another port with 'sluice serve --listen'.")
}

func (s *client) decode(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return s.stranger("its answer cannot be read")
	}
	return nil
}

func notBuiltIn() error {
	return fault.New(fault.Internal, "This build cannot do that.", nil).WithHint("Use a full build of Sluice.")
}
