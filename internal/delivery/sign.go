package delivery

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Sign gives the signature of a message: "v1=" and, in hex, the HMAC-SHA256 of
// the timestamp, a full stop and the body. A receiver computes the same,
// compares it in constant time, and refuses a timestamp that is long past: that
// is somebody who sends what they once overheard.
func Sign(key []byte, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}
