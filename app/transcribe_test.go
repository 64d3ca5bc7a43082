package app_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/sqlitestore"
)

func TestAForegroundRunRemembersWhatItsModelTook(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	if _, errs, code := h.run("transcribe", clip(t, "seen-000.wav")); code != 0 {
		t.Fatalf("code %d\n%s", code, errs)
	}
	model, err := os.ReadFile(filepath.Join(h.dir, "models", "sluice-tiny.bin"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(model)
	peak, _, err := sqlitestore.PeaksIn(filepath.Join(h.dir, "sluice.db")).Peak(t.Context(), hex.EncodeToString(sum[:]), 1)
	if err != nil || peak == 0 {
		t.Errorf("a peak of %d is known: %v", peak, err)
	}
}
