package app_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
	"time"
)

// soundRate is that of the model's clips: 16 kHz, one channel, 16 bits.
const soundRate = 16_000

// samples is the sound of a WAV file of a clip, without its header.
func samples(t testing.TB, file string) []byte {
	t.Helper()
	body, err := os.ReadFile(file)
	check(t, err)
	at := bytes.Index(body, []byte("data"))
	if at < 0 || binary.LittleEndian.Uint32(body[24:]) != soundRate {
		t.Fatalf("%s is no clip", file)
	}
	return body[at+8:]
}

// heard is a sound at a moment.
type heard struct {
	at      time.Duration
	samples []byte
}

// writeSound writes a WAV file of silence in which sounds are heard. The
// silence takes no room on the disk.
func writeSound(t testing.TB, file string, length time.Duration, sounds ...heard) {
	t.Helper()
	size := 2 * place(length)
	var head bytes.Buffer
	for _, part := range []any{
		[]byte("RIFF"), uint32(36 + size), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1),
		uint32(soundRate), uint32(2 * soundRate), uint16(2), uint16(16), []byte("data"), uint32(size),
	} {
		check(t, binary.Write(&head, binary.LittleEndian, part))
	}
	f, err := os.Create(file)
	check(t, err)
	_, err = f.Write(head.Bytes())
	check(t, err)
	for _, s := range sounds {
		_, err = f.WriteAt(s.samples, int64(head.Len())+2*place(s.at))
		check(t, err)
	}
	check(t, f.Truncate(int64(head.Len())+size))
	check(t, f.Close())
}

// place is how many samples come before a moment.
func place(at time.Duration) int64 { return int64(at/time.Millisecond) * soundRate / 1000 }

// lengthOf is how long samples are heard.
func lengthOf(samples []byte) time.Duration {
	return time.Duration(len(samples)/2) * time.Second / soundRate
}
