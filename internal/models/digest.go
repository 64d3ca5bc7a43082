package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// digestFile is where computed digests are kept. It is only a cache: it may
// be deleted, and where it cannot be written digests live as long as the Store.
const digestFile = ".digests.json"

// proof is a digest and the file it belongs to. A file that was replaced has
// another inode, one that was written to has another time.
type proof struct {
	Size    int64     `json:"size"`
	ModTime time.Time `json:"mod_time"`
	Inode   uint64    `json:"inode"`
	SHA256  string    `json:"sha256"`
}

func (p proof) of(info os.FileInfo) bool {
	return p.SHA256 != "" && p.Size == info.Size() && p.ModTime.Equal(info.ModTime()) && p.Inode == inode(info)
}

// digest gives the SHA-256 of a file, from memory when the file has not
// changed. Reading a new file is slow and ends with ctx.
func (s *Store) digest(ctx context.Context, path string) (string, error) {
	s.hashing.Lock()
	defer s.hashing.Unlock()
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if sum := s.known(path, info); sum != "" {
		return sum, nil
	}
	sum, info, err := hashFile(ctx, path)
	if err != nil {
		return "", err
	}
	s.remember(path, proof{info.Size(), info.ModTime(), inode(info), sum})
	return sum, nil
}

// known gives the SHA-256 of a file that has not changed since it was computed;
// "" when it never was.
func (s *Store) known(path string, info os.FileInfo) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.digests[path]; p.of(info) {
		return p.SHA256
	}
	if p := s.loadDigests()[path]; p.of(info) {
		s.digests[path] = p
		return p.SHA256
	}
	return ""
}

// remember keeps a digest.
func (s *Store) remember(path string, p proof) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.digests[path] = p
	all := s.loadDigests()
	for known := range all {
		if _, err := os.Stat(known); err != nil {
			delete(all, known)
		}
	}
	all[path] = p
	body, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return
	}
	_ = writeFile(filepath.Join(s.cfg.Dir, digestFile), body) // a cache: computed again when lost
}

func (s *Store) loadDigests() map[string]proof {
	all := map[string]proof{}
	body, err := os.ReadFile(filepath.Join(s.cfg.Dir, digestFile))
	if err != nil || json.Unmarshal(body, &all) != nil || all == nil {
		return map[string]proof{}
	}
	return all
}

// hashFile reads a file whole. The info is of the file before reading, so
// that a file that is being written gets no proof that holds.
func hashFile(ctx context.Context, path string) (string, os.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", nil, err
	}
	h := sha256.New()
	buf := make([]byte, 1<<20)
	for {
		if err := context.Cause(ctx); err != nil {
			return "", nil, err
		}
		n, err := f.Read(buf)
		h.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), info, nil
		}
		if err != nil {
			return "", nil, err
		}
	}
}

// writeFile replaces a file in one step.
func writeFile(path string, body []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(body)
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}
