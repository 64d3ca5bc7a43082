package disk_test

import (
	"path/filepath"
	"testing"

	"sluice/internal/disk"
)

func TestAFolderThatIsNotThereYetIsOnItsParentsDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	here, err := disk.Free(dir)
	if err != nil || here <= 0 {
		t.Fatalf("%d bytes, %v", here, err)
	}
	if _, err := disk.Free(filepath.Join(dir, "a", "b")); err != nil {
		t.Error(err)
	}
}
