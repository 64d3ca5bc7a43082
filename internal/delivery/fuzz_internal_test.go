package delivery

import (
	"net/http"
	"strings"
	"testing"
)

func FuzzAReceiverIsLeftAloneForABoundedTime(f *testing.F) {
	for _, said := range []string{"", "120", "-1", "9223372036854775807", "Wed, 21 Oct 2099 07:28:00 GMT", "Wed, 21 Oct 1999 07:28:00 GMT", "soon"} {
		f.Add(said)
	}
	f.Fuzz(func(t *testing.T, said string) {
		if d := wish(&http.Response{Header: http.Header{"Retry-After": {said}}}); d < 0 || d > longestWish {
			t.Errorf("%q is %v", said, d)
		}
	})
}

func FuzzASignatureIsOfOneMessageOnly(f *testing.F) {
	f.Add([]byte("key"), "1773480413", []byte(`{"event":"job.done"}`), []byte("other"))
	f.Add([]byte{}, "", []byte{}, []byte{0})
	f.Fuzz(func(t *testing.T, key []byte, timestamp string, body, more []byte) {
		signed := Sign(key, timestamp, body)
		if !strings.HasPrefix(signed, "v1=") || len(signed) != 3+64 || signed != Sign(key, timestamp, body) {
			t.Errorf("signed as %q", signed)
		}
		if len(more) > 0 && Sign(key, timestamp, append(body[:len(body):len(body)], more...)) == signed {
			t.Error("another message has the same signature")
		}
	})
}
