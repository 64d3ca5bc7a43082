package cli

import (
	"bytes"
	"encoding/json"
)

// printRaw passes an answer of the server on.
func (c *console) printRaw(raw []byte) error {
	p := &printer{w: c.Out}
	p.line("%s", safeJSON(bytes.TrimSpace(raw)))
	return p.err
}

// compact puts JSON on one line.
func compact(raw []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return []byte("null")
	}
	return safeJSON(b.Bytes())
}

// printValue prints what this program knows itself as JSON.
func (c *console) printValue(v json.Marshaler) error {
	b, err := v.MarshalJSON()
	if err != nil {
		return err
	}
	return c.printRaw(b)
}

// values makes a list printable; it is never null.
type values[T any] []T

// MarshalJSON writes the list with indentation.
func (l values[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.MarshalIndent([]T(l), "", "  ")
}
