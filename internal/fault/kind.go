package fault

// Kind groups codes by what may be done about them.
type Kind string

// The kinds. Their HTTP status and what a retry costs are fixed here and in
// the queue; a code may carry an HTTP status of its own.
const (
	KindInternal    Kind = "internal"    // a defect of ours; text hidden; an attempt is spent
	KindInvalid     Kind = "invalid"     // the request cannot be right; no retry
	KindNotFound    Kind = "not_found"   // no such thing; no retry
	KindConflict    Kind = "conflict"    // it clashes with what is there; no retry
	KindBusy        Kind = "busy"        // later, and nothing is counted
	KindUnavailable Kind = "unavailable" // something needed is away; backoff, an attempt is spent
	KindMedia       Kind = "media"       // the file itself cannot be used; no retry
	KindCanceled    Kind = "canceled"    // somebody asked for it
)

func (k Kind) status() int {
	switch k {
	case KindInvalid, KindMedia:
		return 422
	case KindNotFound:
		return 404
	case KindConflict:
		return 409
	case KindBusy, KindUnavailable:
		return 503
	case KindCanceled:
		return 499
	case KindInternal:
		return 500
	}
	return 500
}

// Retry says whether the same work may succeed later without a change.
func (k Kind) Retry() bool {
	switch k {
	case KindBusy, KindUnavailable, KindInternal:
		return true
	case KindInvalid, KindNotFound, KindConflict, KindMedia, KindCanceled:
		return false
	}
	return false
}
