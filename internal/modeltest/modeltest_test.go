package modeltest_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/modeltest"
)

// That whisper.cpp loads such a model and says what it should is seen where
// engines run: in the tests of app.
func TestTheSeedDecidesTheFile(t *testing.T) {
	t.Parallel()
	first := write(t, modeltest.Model{Width: 64, Seed: 1})
	if again := write(t, modeltest.Model{Width: 64, Seed: 1}); !bytes.Equal(first, again) {
		t.Error("the same model twice is not the same file")
	}
	if other := write(t, modeltest.Model{Width: 64, Seed: 2}); len(other) != len(first) || bytes.Equal(first, other) {
		t.Errorf("with another seed it has %d bytes and not %d, or is the same", len(other), len(first))
	}
}

func TestTheSizesAreInTheHeader(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		model modeltest.Model
		want  []uint32
	}{
		"with the usual layers": {modeltest.Model{Width: 128, Positions: 300}, []uint32{0x67676d6c, 51_865, 300, 128, 2, 1, 448, 128, 2, 5, 80, 1}},
		"with others":           {modeltest.Model{Width: 64, Hearing: 3, Speaking: 4}, []uint32{0x67676d6c, 51_865, 1500, 64, 1, 3, 448, 64, 1, 4, 80, 1}},
	} {
		body := write(t, tt.model)
		for i, n := range tt.want {
			if got := binary.LittleEndian.Uint32(body[4*i:]); got != n {
				t.Errorf("%s: number %d is %d, want %d", name, i, got, n)
			}
		}
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "model.bin")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (modeltest.Model{Width: 64}).Write(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
}

func write(t *testing.T, m modeltest.Model) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.bin")
	if err := m.Write(path); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
