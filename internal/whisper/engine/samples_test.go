package engine_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/pipeline"
	"sluice/internal/whisper"
	"sluice/internal/whisper/engine"
)

func TestSoundThatStillGrowsIsReadUnderItsOtherName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sound.pcm")
	if _, err := engine.ReadPieces(path, true, nil); err == nil {
		t.Error("what is not there was read")
	}
	for name, first := range map[string]int16{path + pipeline.PartSuffix: -32768, path: 16384} {
		if err := os.WriteFile(name, binary.LittleEndian.AppendUint16(nil, uint16(first)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func(growing bool, want float32) {
		got, err := engine.ReadPieces(path, growing, []whisper.Piece{{From: 0, To: 1}})
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("read %v: %v, want %v", got, err, want)
		}
	}
	read(false, 0.5)
	read(true, -1) // what has the name is from before
	if err := os.Remove(path + pipeline.PartSuffix); err != nil {
		t.Fatal(err)
	}
	read(true, 0.5) // it has got its name
}

func FuzzOnlyWhatIsInTheSoundIsRead(f *testing.F) {
	f.Add([]byte{}, int64(0), int64(0), int64(0), int64(16000))
	f.Add([]byte{1, 2, 3}, int64(0), int64(1), int64(1), int64(2))
	f.Add(make([]byte, 70_000), int64(1), int64(34_000), int64(2), int64(35_000))
	f.Add([]byte{0, 0x80}, int64(-1), int64(1), int64(0), int64(1))
	f.Add([]byte{0, 0x80}, int64(0), int64(1), int64(math.MaxInt64-1), int64(math.MaxInt64))
	f.Add([]byte{0, 0x80}, int64(1), int64(0), int64(0), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, body []byte, from1, to1, from2, to2 int64) {
		path := filepath.Join(t.TempDir(), "sound.pcm")
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		pieces := []whisper.Piece{{From: from1, To: to1}, {From: from2, To: to2}}
		samples, err := engine.ReadPieces(path, false, pieces)
		if err != nil {
			return
		}
		var want []float32
		for _, p := range pieces {
			for at := p.From; at < min(p.To, int64(len(body)/2)); at++ {
				want = append(want, float32(int16(binary.LittleEndian.Uint16(body[2*at:])))/32768)
			}
		}
		if len(samples) != len(want) {
			t.Fatalf("%d samples of %+v in %d bytes, want %d", len(samples), pieces, len(body), len(want))
		}
		for i := range want {
			if samples[i] != want[i] {
				t.Fatalf("sample %d is %v, want %v", i, samples[i], want[i])
			}
		}
	})
}
