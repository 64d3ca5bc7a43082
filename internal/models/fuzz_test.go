package models_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/models"
)

func FuzzAHeaderIsJudgedByItsFirstBytesAlone(f *testing.F) {
	good := []byte("lmgg")
	for _, n := range []uint32{51_865, 1500, 384, 6, 4, 448, 384, 6, 4, 80, 1} {
		good = binary.LittleEndian.AppendUint32(good, n)
	}
	f.Add(good)
	f.Add(good[:20])
	f.Add([]byte("GGUF, and nothing of use"))
	f.Add([]byte("<!doctype html>"))
	f.Add([]byte("version https://git-lfs.github.com/spec/v1"))
	f.Add([]byte{})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, body []byte) {
		whole, start := filepath.Join(dir, "whole"), filepath.Join(dir, "start")
		for path, part := range map[string][]byte{whole: body, start: body[:min(len(body), len(good))]} {
			if err := os.WriteFile(path, part, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if a, b := models.CheckHeader(whole), models.CheckHeader(start); (a == nil) != (b == nil) {
			t.Errorf("the whole file: %v, its start: %v", a, b)
		}
	})
}
