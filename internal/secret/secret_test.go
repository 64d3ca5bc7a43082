package secret_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"sluice/internal/secret"
)

// One after another: the keychain that tests have is the whole process's.
func TestASecretIsKept(t *testing.T) { //nolint:paralleltest // see above
	keyring.MockInit()
	for name, cfg := range map[string]secret.Config{
		"in a file":       {Path: filepath.Join(t.TempDir(), "data", "secrets.json")},
		"in the keychain": {Keychain: true, Service: "Sluice test"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			b := box(t, cfg)
			if _, err := b.Get(ctx, "key"); !errors.Is(err, secret.ErrUnknown) {
				t.Errorf("before: %v", err)
			}
			made, err := b.Ensure(ctx, "key")
			if err != nil || len(made) < 40 {
				t.Fatalf("made %q, %v", made, err)
			}
			again, err := box(t, cfg).Ensure(ctx, "key")
			if err != nil || again != made {
				t.Errorf("another start has %q, %v", again, err)
			}
			for _, want := range []string{"one", "two"} {
				if err := b.Set(ctx, "key", want); err != nil {
					t.Fatal(err)
				}
				if got, err := b.Get(ctx, "key"); err != nil || got != want {
					t.Errorf("got %q, %v", got, err)
				}
			}
			for range 2 { // a second time there is nothing to remove
				if err := b.Set(ctx, "key", ""); err != nil {
					t.Error(err)
				}
			}
			if _, err := b.Get(ctx, "key"); !errors.Is(err, secret.ErrUnknown) {
				t.Errorf("after: %v", err)
			}
		})
	}
}

func TestALockedKeychainIsNoReasonForANewSecret(t *testing.T) { //nolint:paralleltest // the keychain is the whole process's
	locked := errors.New("locked")
	keyring.MockInitWithError(locked)
	defer keyring.MockInit()
	if _, err := box(t, secret.Config{Keychain: true}).Ensure(t.Context(), "key"); !errors.Is(err, locked) {
		t.Errorf("got %v", err)
	}
}

func TestTheFileIsForThisUserOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secrets.json")
	b := box(t, secret.Config{Path: path})
	if err := b.Set(t.Context(), "key", "value"); err != nil {
		t.Fatal(err)
	}
	mode := func() os.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	if mode() != 0o600 {
		t.Errorf("its mode is %o", mode())
	}
	if err := os.Chmod(path, 0o644); err != nil { //nolint:gosec // what somebody might do
		t.Fatal(err)
	}
	if got, err := b.Get(t.Context(), "key"); err != nil || got != "value" || mode() != 0o600 {
		t.Errorf("opened to all it has %q, %v, mode %o", got, err, mode())
	}
}

func TestADamagedFileIsNotReplacedAndNotTold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secrets.json")
	if err := os.WriteFile(path, []byte(`{"key": "hidden`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := box(t, secret.Config{Path: path}).Ensure(t.Context(), "key")
	if err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != `{"key": "hidden` {
		t.Errorf("the file is %q", b)
	}
}

func TestABoxNeedsAPlace(t *testing.T) {
	t.Parallel()
	if _, err := secret.New(secret.Config{}); err == nil {
		t.Error("no error")
	}
}

func box(t *testing.T, cfg secret.Config) *secret.Box {
	t.Helper()
	b, err := secret.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
