package sqlitestore

import (
	"bytes"
	"encoding/json"
	"fmt"

	"sluice/internal/transcript"
)

// rawSegments walks over the segments in the JSON of a transcript as this
// package stores it. A page of hits needs one segment here and there out of
// fifty transcripts: to read all of each takes twenty times as long.
type rawSegments struct {
	rest []byte // what comes after the last segment
	n    int    // how many came
	last []byte // the newest
}

// nth gives a segment by its number, from 1. Numbers must not go down from call
// to call.
func (r *rawSegments) nth(n int) (seg transcript.Segment, ok bool, err error) {
	for r.n < n {
		if !r.next() {
			return seg, false, nil
		}
	}
	if r.n > n {
		return seg, false, nil
	}
	if err := json.Unmarshal(r.last, &seg); err != nil {
		return seg, false, fmt.Errorf("read segment: %w", err)
	}
	return seg, true, nil
}

// next goes to the object that comes next in the list of segments.
func (r *rawSegments) next() bool {
	if r.n == 0 {
		_, list, ok := bytes.Cut(r.rest, []byte(`"segments":[`))
		if !ok {
			return false
		}
		r.rest = list
	}
	depth, quoted, begin := 0, false, 0
	for i := 0; i < len(r.rest); i++ {
		switch c := r.rest[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			if depth == 0 {
				begin = i
			}
			depth++
		case c == '}':
			if depth--; depth == 0 {
				r.last, r.rest, r.n = r.rest[begin:i+1], r.rest[i+1:], r.n+1
				return true
			}
		case c == ']' && depth == 0:
			return false // the end of the list
		}
	}
	return false
}
