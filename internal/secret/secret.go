// Package secret keeps what nobody else may read, such as the key that
// messages are signed with: in the system's keychain, or in a file that only
// this user can read. It looks in one place only: a keychain that is locked is
// an error, and never a reason to make another secret.
package secret

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/zalando/go-keyring"
)

// Box holds secrets by their names. It is safe for concurrent use.
type Box struct {
	mu   sync.Mutex
	keep keeper
}

// Config of a Box.
type Config struct {
	Keychain bool          // use the system's keychain; false = a file
	Service  string        // "Sluice": the name that the keychain shows
	Path     string        // of the file; required without a keychain
	Wait     time.Duration // 10s: how long the keychain may take, which may ask somebody
}

// ErrUnknown says that there is no secret of a name.
var ErrUnknown = errors.New("no such secret")

// keeper is a place where secrets lie.
type keeper interface {
	get(ctx context.Context, name string) (string, error) // ErrUnknown
	set(ctx context.Context, name, value string) error
	remove(ctx context.Context, name string) error // no error when there is none
}

// New makes a box. Nothing is read or written yet.
func New(cfg Config) (*Box, error) {
	if cfg.Service == "" {
		cfg.Service = "Sluice"
	}
	if cfg.Wait == 0 {
		cfg.Wait = 10 * time.Second
	}
	switch {
	case cfg.Keychain:
		return &Box{keep: keychain{cfg.Service, cfg.Wait}}, nil
	case cfg.Path == "":
		return nil, errors.New("secrets: no path")
	}
	return &Box{keep: file(cfg.Path)}, nil
}

// Get gives a secret. The error is ErrUnknown when there is none.
func (b *Box) Get(ctx context.Context, name string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.get(ctx, name)
}

func (b *Box) get(ctx context.Context, name string) (string, error) {
	value, err := b.keep.get(ctx, name)
	if err != nil {
		return "", fmt.Errorf("secret %s: %w", name, err)
	}
	return value, nil
}

// Set keeps a secret; "" removes it.
func (b *Box) Set(ctx context.Context, name, value string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.set(ctx, name, value)
}

func (b *Box) set(ctx context.Context, name, value string) error {
	var err error
	if value == "" {
		err = b.keep.remove(ctx, name)
	} else {
		err = b.keep.set(ctx, name, value)
	}
	if err != nil {
		return fmt.Errorf("secret %s: %w", name, err)
	}
	return nil
}

// Ensure gives a secret and makes one by chance when there is none.
func (b *Box) Ensure(ctx context.Context, name string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	value, err := b.get(ctx, name)
	if !errors.Is(err, ErrUnknown) {
		return value, err
	}
	random := make([]byte, 32)
	_, _ = rand.Read(random) // it cannot fail
	value = base64.RawURLEncoding.EncodeToString(random)
	return value, b.set(ctx, name, value)
}

// keychain is the system's.
type keychain struct {
	service string
	wait    time.Duration
}

func (k keychain) get(ctx context.Context, name string) (string, error) {
	value, err := k.within(ctx, func() (string, error) { return keyring.Get(k.service, name) })
	if errors.Is(err, keyring.ErrNotFound) {
		return "", ErrUnknown
	}
	return value, err
}

func (k keychain) set(ctx context.Context, name, value string) error {
	_, err := k.within(ctx, func() (string, error) { return "", keyring.Set(k.service, name, value) })
	return err
}

func (k keychain) remove(ctx context.Context, name string) error {
	_, err := k.within(ctx, func() (string, error) { return "", keyring.Delete(k.service, name) })
	if errors.Is(err, keyring.ErrNotFound) {
		return nil
	}
	return err
}

// within waits for the keychain, but not for ever: nothing ends its question to
// somebody who is not there.
func (k keychain) within(ctx context.Context, ask func() (string, error)) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, k.wait)
	defer cancel()
	type answer struct {
		value string
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := ask()
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		return "", fmt.Errorf("ask the keychain: %w", ctx.Err())
	}
}

// file is a JSON object with all secrets.
type file string

func (f file) get(_ context.Context, name string) (string, error) {
	all, err := f.read()
	if err != nil {
		return "", err
	}
	value, ok := all[name]
	if !ok {
		return "", ErrUnknown
	}
	return value, nil
}

func (f file) set(_ context.Context, name, value string) error {
	return f.change(func(all map[string]string) { all[name] = value })
}

func (f file) remove(_ context.Context, name string) error {
	return f.change(func(all map[string]string) { delete(all, name) })
}

func (f file) read() (map[string]string, error) {
	all := map[string]string{}
	b, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(string(f))
	if err == nil && info.Mode().Perm()&0o077 != 0 { // somebody has copied it there
		err = os.Chmod(string(f), 0o600)
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, errors.New("the file of secrets is damaged") // its text stays out of every log
	}
	return all, nil
}

// change writes the whole file anew: it is there before and after, never half.
func (f file) change(do func(map[string]string)) error {
	all, err := f.read()
	if err != nil {
		return err
	}
	do(all)
	b, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(string(f)), 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(string(f)), ".secrets-*") // 0600 from the start
	if err != nil {
		return err
	}
	_, err = temp.Write(append(b, '\n'))
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), string(f))
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}
