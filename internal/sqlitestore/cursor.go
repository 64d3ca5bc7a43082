package sqlitestore

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// cursorVersion changes when the order of a list does.
const cursorVersion = 2

// cursor is the place of the last job of a page. Clients see it as one opaque
// word, and may use it only with the filter it came from.
type cursor struct {
	Version  int    `json:"v"`
	Filter   string `json:"f"`
	Priority int    `json:"p,omitempty"`
	Rank     int64  `json:"r,omitempty"`
	Ended    int64  `json:"e,omitempty"` // Unix milliseconds
	Seq      int64  `json:"s"`
}

func cursorAt(f queue.Filter, last job.Job) string {
	c := cursor{Version: cursorVersion, Filter: filterMark(f), Seq: last.Seq}
	switch f.Order {
	case queue.ByLine:
		c.Priority, c.Rank = last.Priority, last.Rank
	case queue.ByEnd:
		c.Ended = millis(last.FinishedAt)
	case queue.ByArrival:
	}
	b, _ := json.Marshal(c) // numbers and a word: it cannot fail
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(f queue.Filter) (*cursor, error) {
	if f.Cursor == "" {
		return nil, nil //nolint:nilnil // no cursor is the start
	}
	var c cursor
	b, err := base64.RawURLEncoding.DecodeString(f.Cursor)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil || c.Version != cursorVersion || c.Filter != filterMark(f) || c.Seq <= 0 {
		return nil, fault.New(fault.RequestInvalid, "The cursor does not belong to this list.", err).
			WithHint("Leave the cursor out to start from the first page.")
	}
	return &c, nil
}

// filterMark names what a cursor was made for, but not how many per page.
func filterMark(f queue.Filter) string {
	sum := sha256.Sum256([]byte(string(f.State) + "\x00" + string(f.Order) + "\x00" + fold(f.Query)))
	return hex.EncodeToString(sum[:4])
}
