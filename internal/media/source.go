package media

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"sluice/internal/fault"
)

// source is a file that was opened, looked at and closed again.
type source struct {
	path  string // absolute
	bytes int64
	head  []byte // its first bytes
}

// checkSource makes sure that a path leads to a regular file with something in
// it that may be read. A pipe or a device would make ffmpeg wait or read for ever.
func checkSource(path string) (source, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return source{}, sourceFault(err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return source{}, sourceFault(err)
	}
	if !info.Mode().IsRegular() {
		return source{}, notAFile(info.Mode())
	}
	// O_NONBLOCK for the pipe that has taken the file's place since.
	file, err := os.OpenFile(abs, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return source{}, sourceFault(err)
	}
	defer func() { _ = file.Close() }()
	if info, err = file.Stat(); err != nil {
		return source{}, sourceFault(err)
	}
	switch {
	case !info.Mode().IsRegular():
		return source{}, notAFile(info.Mode())
	case info.Size() == 0:
		return source{}, fault.New(fault.FileEmpty, "The file is empty.", nil)
	}
	head := make([]byte, 1024)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return source{}, sourceFault(err)
	}
	return source{path: abs, bytes: info.Size(), head: head[:n]}, nil
}

func notAFile(mode fs.FileMode) error {
	if mode.IsDir() {
		return fault.New(fault.NotAFile, "This is a folder, not a media file.", nil)
	}
	return fault.New(fault.NotAFile, "This is not a regular file.", nil)
}

// sourceFault says why a file cannot be opened or read. macOS answers EPERM
// where its privacy settings forbid a folder; that is a denial too.
func sourceFault(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fault.New(fault.SourceDenied, "The file may not be read.", err)
	}
	return fault.New(fault.SourceMissing, "The file is not there or its disk cannot be read.", err)
}

// looksLikeMedia says whether a file begins as the known containers do. It is
// asked only about files ffmpeg could not open: those that begin like media
// are damaged, the others were never media.
func looksLikeMedia(head []byte) bool {
	for _, m := range []struct {
		at    int
		magic string
	}{
		{4, "ftyp"},
		{4, "moov"},
		{4, "mdat"},
		{4, "moof"},
		{4, "wide"},
		{4, "styp"},
		{0, "\x1aE\xdf\xa3"}, // Matroska, WebM
		{0, "OggS"},
		{0, "fLaC"},
		{0, "ID3"},
		{0, "FLV\x01"},
		{0, "caff"},
		{8, "WAVE"},
		{8, "AVI "},
		{8, "AIFF"},
		{8, "AIFC"},
		{0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"}, // ASF
		{0, "\x06\x0e\x2b\x34\x02\x05\x01\x01"}, // MXF
		{0, "\x00\x00\x01\xba"},                 // MPEG program stream
		{0, "#!AMR"},
		{0, ".RMF"},
		{0, "riff\x2e\x91\xcf\x11"}, // Wave64
		{0, "MAC "},
		{0, "wvpk"},
		{0, "TTA1"},
		{0, ".snd"},
		{0, "\x0bw"}, // AC-3
	} {
		if len(head) >= m.at+len(m.magic) && bytes.HasPrefix(head[m.at:], []byte(m.magic)) {
			return true
		}
	}
	// MPEG transport stream: a sync byte at every packet of 188 bytes, or 192 with time codes.
	return synced(head, 0, 188) || synced(head, 4, 192)
}

func synced(head []byte, at, packet int) bool {
	seen := 0
	for ; at < len(head); at += packet {
		if head[at] != 'G' {
			return false
		}
		seen++
	}
	return seen >= 4
}
