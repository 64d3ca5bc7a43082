package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/job"
)

// submission is a request of any shape.
type submission struct {
	orders []job.Order
	batch  bool
	file   *savedFile // of a form; also when its request is refused
}

// readOrders reads a request of any shape into orders.
func (a *api) readOrders(w http.ResponseWriter, r *http.Request) (s submission, err error) {
	key, err := idempotencyKey(r)
	if err != nil {
		return s, err
	}
	var requests []JobRequest
	var body string // what KeyBody is a hash of
	switch mediaType(r) {
	case "", "application/json":
		v, err := readJSON(w, r, maxSubmit)
		if err != nil {
			return s, err
		}
		if m, ok := v.(map[string]any); ok && m["jobs"] != nil {
			s.batch = true
		}
		requests, body, err = a.decodeRequests(v, s.batch)
		if err != nil {
			return s, err
		}
	case "multipart/form-data":
		f, err := a.readForm(w, r, "file", key != "")
		s.file = f.file
		if err != nil {
			return s, err
		}
		requests, body, err = a.decodeForm(f)
		if err != nil {
			return s, err
		}
	default:
		return s, errMediaType("JSON (application/json) or multipart/form-data")
	}
	hash := sha256.Sum256([]byte(body))
	for i, q := range requests {
		if err := checkSource(r, q.Source, fieldOf(s.batch, i, "source")); err != nil {
			return s, err
		}
		if err := checkTime(q.NotBefore, fieldOf(s.batch, i, "not_before")); err != nil {
			return s, err
		}
		o := q.order()
		if key != "" {
			o.Key, o.KeyBody = key, hex.EncodeToString(hash[:])
			if i > 0 { // a key names one job in the line; no header holds a line break
				o.Key += "\n" + strconv.Itoa(i)
			}
		}
		s.orders = append(s.orders, o)
	}
	return s, nil
}

func fieldOf(batch bool, i int, name string) string {
	if batch {
		return fmt.Sprintf("jobs[%d].%s", i, name)
	}
	return name
}

// decodeRequests checks a decoded body against the schema and gives it in its
// canonical form too: names sorted, no space, numbers in one way.
func (a *api) decodeRequests(v any, batch bool) (requests []JobRequest, canonical string, err error) {
	var s *huma.Schema
	if batch {
		s = schema[JobsRequest](a)
	} else {
		s = schema[JobRequest](a)
	}
	if err := a.validate(s, v); err != nil {
		return nil, "", err
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, "", fmt.Errorf("canonical request: %w", err)
	}
	if batch {
		var q JobsRequest
		err = json.Unmarshal(text, &q)
		requests = q.Jobs
	} else {
		requests = make([]JobRequest, 1)
		err = json.Unmarshal(text, &requests[0])
	}
	if err != nil { // a value that the schema lets pass and Go does not
		return nil, "", invalid("The request does not follow the schema.")
	}
	return requests, string(text), nil
}

func idempotencyKey(r *http.Request) (string, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	printable := func(c rune) bool { return c > ' ' && c < 0x7f }
	key := values[0]
	if len(values) > 1 || key == "" || len(key) > maxKey || slices.ContainsFunc([]rune(key), func(c rune) bool { return !printable(c) }) {
		return "", invalidField("Idempotency-Key", fmt.Sprintf("expected one key of 1 to %d printable ASCII characters", maxKey))
	}
	return key, nil
}

// checkSource refuses what cannot be a source, and paths that this door does
// not serve. Whether the file is there is the desk's question.
func checkSource(r *http.Request, source, field string) error {
	switch {
	case onWeb(source):
		return nil
	case strings.HasPrefix(source, uploadPrefix) && len(source) > len(uploadPrefix):
		return nil
	case !filepath.IsAbs(source), strings.ContainsRune(source, 0):
		return invalidField(field, "expected an absolute path, an address that starts with https:// or http://, or upload:ID").
			withHint("Give the path from / on, such as /Users/mina/Movies/interview.mp4.")
	}
	if check, ok := r.Context().Value(sourceKey{}).(func(string) error); ok {
		return check(source)
	}
	return nil
}

// onWeb says whether a source is an address on the web. Where it may lead is the
// desk's question.
func onWeb(source string) bool {
	scheme, _, ok := strings.Cut(source, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

const uploadPrefix = "upload:"

// sourceKey is where the guard leaves its check of paths.
type sourceKey struct{}
