package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sluice/internal/fault"
)

// jsonPatience is how long a client may take to send a body that fits in RAM.
const jsonPatience = 30 * time.Second

// checked reads and checks a body before huma does, so that every route
// refuses the same things in the same words. Huma would also leave its deadline
// for reading on the connection: a call without a body ends with it.
func (a *api) checked(s *huma.Schema, optional bool) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		text, err := a.checkBody(w, r, s, optional)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		r.Header.Set("Content-Type", "application/json")
		r.Body = io.NopCloser(bytes.NewReader(text))
		next(ctx)
	}
}

// checkBody gives a body that follows the schema in its canonical form, or
// nothing when there is none and none is needed.
func (a *api) checkBody(w http.ResponseWriter, r *http.Request, s *huma.Schema, optional bool) ([]byte, error) {
	data, err := readAll(w, r, maxJSON)
	if err != nil || (optional && len(data) == 0) {
		return nil, err
	}
	if t := mediaType(r); t != "" && t != "application/json" {
		return nil, errMediaType("JSON (application/json)")
	}
	v, err := parseJSON(data)
	if err != nil {
		return nil, err
	}
	if err := a.validate(s, v); err != nil {
		return nil, err
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("canonical body: %w", err)
	}
	return text, nil
}

// validate lets huma check v. Names are checked here first: huma and Go's
// decoder take "Source" for "source", and a request with both could slip a
// value past the check.
func (a *api) validate(s *huma.Schema, v any) error {
	if unknown := a.unknownNames(s, v, ""); len(unknown) > 0 {
		return invalidFields(unknown)
	}
	var res huma.ValidateResult
	path := huma.NewPathBuffer([]byte("body"), 4)
	huma.Validate(a.registry, s, path, huma.ModeWriteToServer, v, &res)
	if len(res.Errors) > 0 {
		return invalidFields(res.Errors)
	}
	return nil
}

// unknownNames looks at v and all in it that the schema knows by name.
func (a *api) unknownNames(s *huma.Schema, v any, path string) []error {
	var errs []error
	s = a.resolved(s)
	switch v := v.(type) {
	case map[string]any:
		if len(s.Properties) == 0 { // a map, whose names are the client's own
			return nil
		}
		for name, member := range v {
			field := strings.TrimPrefix(path+"."+name, ".")
			if s.Properties[name] == nil {
				errs = append(errs, &huma.ErrorDetail{Location: "body." + field, Message: "there is no such field"})
				continue
			}
			errs = append(errs, a.unknownNames(s.Properties[name], member, field)...)
		}
	case []any:
		if s.Items == nil {
			return nil
		}
		for i, item := range v {
			errs = append(errs, a.unknownNames(s.Items, item, fmt.Sprintf("%s[%d]", path, i))...)
		}
	}
	return errs
}

// resolved is the schema itself, where s only names it.
func (a *api) resolved(s *huma.Schema) *huma.Schema {
	if s != nil && s.Ref != "" {
		return a.registry.SchemaFromRef(s.Ref)
	}
	return s
}

// readJSON reads a body that must fit in RAM.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64) (any, error) {
	data, err := readAll(w, r, limit)
	if err != nil {
		return nil, err
	}
	return parseJSON(data)
}

func parseJSON(data []byte) (v any, err error) {
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, invalid("The body is not JSON" + whyNoJSON(err) + ".").withStatus(http.StatusBadRequest)
	}
	return v, nil
}

// whyNoJSON says what is wrong with it and where, as far as that is in words for
// people.
func whyNoJSON(err error) string {
	var syntax *json.SyntaxError
	var value *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf(": %s, at byte %d", clip(syntax.Error(), 200), syntax.Offset)
	case errors.As(err, &value):
		return ": " + clip(value.Value, 200) + " is more than a number can be"
	}
	return ""
}

// readAll reads a small body, patiently but not for ever.
func readAll(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit { // it would only be sent in vain
		return nil, errTooLarge()
	}
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(jsonPatience)) // not every transport can
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	_ = conn.SetReadDeadline(time.Time{})
	if err != nil {
		return nil, bodyError(err)
	}
	return data, nil
}

// bodyError says why a body could not be read.
func bodyError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return errTooLarge()
	}
	return fault.New(fault.UploadBroken, "The request ended early.", err)
}

func errMediaType(want string) *Problem {
	return invalid("The body has a media type that this route does not take.").
		withStatus(http.StatusUnsupportedMediaType).withHint("Send " + want + ".")
}

// mediaType is the media type of the body without its parameters.
func mediaType(r *http.Request) string {
	v := r.Header.Get("Content-Type")
	if v == "" {
		return ""
	}
	t, _, err := mime.ParseMediaType(v)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return "?"
	}
	return t
}
