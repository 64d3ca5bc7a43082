package download

import (
	"net/http"
	"testing"
	"time"
)

func FuzzWhatAServerSaysOfAFileIsBounded(f *testing.F) {
	f.Add("bytes 10-99/100", "120", `attachment; filename="a.mp3"`, `"one"`, "Wed, 21 Oct 2026 07:28:00 GMT")
	f.Add("bytes 0-/*", "Wed, 21 Oct 2037 07:28:00 GMT", "inline; filename*=UTF-8''%e2%82%ac.wav", `W/"x"`, "")
	f.Add("bytes 0-/-1", "+1", "", "", "")
	f.Add("bytes -5--1/-7", "-1", "; filename==", "x", "never")
	f.Add("bytes 9223372036854775807-1/9223372036854775808", "9223372036854775807", "", "", "")
	f.Fuzz(func(t *testing.T, span, retry, disposition, tag, changed string) {
		h := http.Header{
			"Retry-After": {retry}, "Content-Disposition": {disposition}, "Content-Type": {disposition},
			"Etag": {tag}, "Last-Modified": {changed}, "Date": {retry},
		}
		if from, all, ok := contentRange(span); ok && (from < 0 || all < 0) {
			t.Errorf("%q is from %d of %d", span, from, all)
		}
		if d := retryAfter(h); d < 0 || d > 24*time.Hour {
			t.Errorf("%q is %v", retry, d)
		}
		if v := validator(h); v != "" && v != tag && v != changed {
			t.Errorf("the file is known by %q", v)
		}
		aboutOf(h)
	})
}
