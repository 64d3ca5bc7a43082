package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/fault"
)

// form is a multipart body: its file has gone to the uploads as it came, only
// the fields are kept.
type form struct {
	fields map[string]string // empty values are left out, as a browser sends every input; of a name[] there is one on each line
	file   *savedFile
}

// savedFile is the one file of a form.
type savedFile struct {
	upload string
	name   string
	sum    hash.Hash // of the content; nil when nobody asked
}

func (f *savedFile) source() string { return uploadPrefix + f.upload }

// maxParts bounds the number of parts, of which most cost little and do nothing.
const maxParts = 100

// readForm reads a multipart body in one pass, so fields may come before or
// after the file. FileField names the field of the file; "" takes any. With an
// error too, the form has the file that is stored by then.
func (a *api) readForm(w http.ResponseWriter, r *http.Request, fileField string, sum bool) (form, error) {
	out := form{fields: map[string]string{}}
	if file := r.ContentLength - maxJSON; file > 0 { // at the least; it would only be sent in vain
		if err := a.Uploads.Room(r.Context(), file); err != nil {
			return out, err
		}
	}
	body, rest := awake(w, r.Body)
	defer rest()
	r.Body = body
	parts, err := r.MultipartReader()
	if err != nil {
		return out, invalid("The body is not a form: " + clip(err.Error(), 200) + ".").withStatus(http.StatusBadRequest)
	}
	left := maxJSON
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return out, fault.New(fault.UploadBroken, "The form ended early.", err)
		case n == maxParts:
			return out, errTooLarge()
		}
		name := part.FormName()
		if part.FileName() == "" {
			value, err := io.ReadAll(io.LimitReader(part, int64(left)+1))
			if err != nil {
				return out, fault.New(fault.UploadBroken, "The form ended early.", err)
			}
			if left -= len(value); left < 0 {
				return out, errTooLarge()
			}
			before, twice := out.fields[name]
			switch {
			case twice && strings.HasSuffix(name, "[]"): // is how forms write lists
				value = append([]byte(before+"\n"), value...)
			case twice:
				return out, invalidField(name, "expected one value, got more")
			}
			if len(value) > 0 {
				out.fields[name] = string(value)
			}
			continue
		}
		if err := a.takeFile(r, &out, part, fileField, sum); err != nil {
			return out, err
		}
	}
}

func (a *api) takeFile(r *http.Request, out *form, part *multipart.Part, fileField string, sum bool) error {
	switch name := part.FormName(); {
	case out.file != nil:
		return invalidField(name, "expected one file, got more")
	case fileField != "" && name != fileField:
		return invalidField(name, "there is no such file field; the file is named "+fileField)
	}
	f := &savedFile{name: part.FileName()}
	var body io.Reader = part
	if sum {
		f.sum = sha256.New()
		body = io.TeeReader(part, f.sum)
	}
	id, _, err := a.save(r, f.name, body, -1)
	if err != nil {
		return err
	}
	f.upload, out.file = id, f
	return nil
}

// decodeForm reads one job from a form: the fields of JobRequest and a file.
func (a *api) decodeForm(f form) (requests []JobRequest, canonical string, err error) {
	known := a.registry.SchemaFromRef(schema[JobRequest](a).Ref).Properties
	v := make(map[string]any, len(f.fields)+1)
	for name, text := range f.fields {
		v[name] = typed(a.resolved(known[name]), text)
	}
	switch _, named := v["source"]; {
	case f.file != nil && named:
		return nil, "", invalidField("source", "expected a file or a source, got both")
	case f.file != nil:
		v["source"] = f.file.source()
	case f.fields["file"] != "":
		return nil, "", invalidField("file", "expected a file with a file name")
	case !named:
		return nil, "", invalidField("file", "expected a file, or a source")
	}
	requests, canonical, err = a.decodeRequests(v, false)
	if err != nil {
		return nil, "", err
	}
	if f.file != nil && f.file.sum != nil {
		// The id of the upload is new with every try; the content is not.
		v["source"] = f.file.name + "\n" + hex.EncodeToString(f.file.sum.Sum(nil))
		text, err := json.Marshal(v)
		if err != nil {
			return nil, "", fmt.Errorf("canonical form: %w", err)
		}
		canonical = string(text)
	}
	return requests, canonical, nil
}

// typed reads a form's text as what the schema wants. What cannot be read so
// stays text, and the schema says what is wrong with it.
func typed(s *huma.Schema, text string) any {
	if s == nil {
		return text
	}
	switch s.Type {
	case huma.TypeInteger:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return float64(n)
		}
	case huma.TypeBoolean:
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	case huma.TypeObject:
		var m map[string]any
		if err := json.Unmarshal([]byte(text), &m); err == nil {
			return m
		}
	case huma.TypeArray:
		var list []any
		if err := json.Unmarshal([]byte(text), &list); err == nil {
			return list
		}
		if s.Items.Type == huma.TypeString { // "ko, de" is what people write into a field
			for word := range strings.SplitSeq(text, ",") {
				list = append(list, strings.TrimSpace(word))
			}
			return list
		}
	}
	return text
}
