package intake

import (
	"bytes"
	"path"
	"strings"
	"unicode/utf8"
)

// headBytes is how much of a file tells what it is: 21 packets of a transport
// stream, or the first lines of a text.
const headBytes = 4 << 10

// kind is what a file's first bytes say.
type kind int

const (
	unknown kind = iota // nothing: raw sound and unknown files look like noise
	media
	other // evidently something else
)

// sniff says what a file is by its first bytes. For something else it gives
// the words for it; the extension only helps to find better ones.
func sniff(head []byte, ext string) (k kind, words string) {
	// Text comes first: a sentence may begin like a container, but no container
	// is without a control character for so long.
	if text, ok := plainText(head); ok {
		return other, textWords(text, ext)
	}
	for _, s := range signatures() {
		if s.matches(head) {
			if s.words == "" {
				return media, ""
			}
			if better := fileWords(ext); s.vague && better != "" {
				return other, better
			}
			return other, s.words
		}
	}
	// A transport stream has a sync byte at every packet of 188 bytes, or of 192
	// with time codes.
	if synced(head, 0, 188) || synced(head, 4, 192) {
		return media, ""
	}
	return unknown, ""
}

// signature is how a kind of file begins.
type signature struct {
	at    int
	magic string
	words string // what it is; "" = audio or video
	vague bool   // many kinds of file are packed so: the extension knows better
}

func (s signature) matches(head []byte) bool {
	return len(head) >= s.at+len(s.magic) && string(head[s.at:s.at+len(s.magic)]) == s.magic
}

// signatures lists what is known. Pictures come before video: theirs is the
// same container.
func signatures() []signature {
	const (
		image   = "an image"
		program = "a program"
		archive = "an archive"
	)
	return []signature{
		{4, "ftypheic", image, false},
		{4, "ftypheix", image, false},
		{4, "ftypmif1", image, false},
		{4, "ftypmsf1", image, false},
		{4, "ftypavif", image, false},
		{4, "ftypavis", image, false},
		{4, "ftypcrx ", image, false},
		{8, "WEBP", image, false},

		{4, "ftyp", "", false},
		{4, "moov", "", false},
		{4, "mdat", "", false},
		{4, "moof", "", false},
		{4, "styp", "", false},
		{4, "wide", "", false},
		{0, "\x1aE\xdf\xa3", "", false}, // Matroska, WebM
		{0, "OggS", "", false},
		{0, "fLaC", "", false},
		{0, "ID3", "", false},
		{0, "FLV\x01", "", false},
		{0, "caff\x00", "", false},
		{8, "WAVE", "", false}, // RIFF, RF64, BW64
		{8, "AVI ", "", false},
		{8, "AIFF", "", false},
		{8, "AIFC", "", false},
		{0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", "", false}, // ASF: WMV, WMA
		{0, "\x06\x0e\x2b\x34\x02\x05\x01\x01", "", false}, // MXF
		{0, "\x00\x00\x01\xba", "", false},                 // MPEG program stream
		{0, "\x00\x00\x01\xb3", "", false},                 // MPEG video
		{0, "#!AMR", "", false},
		{0, ".RMF\x00", "", false},
		{0, "riff\x2e\x91\xcf\x11", "", false}, // Wave64
		{0, "MAC ", "", false},
		{0, "wvpk", "", false},
		{0, "TTA1", "", false},
		{0, ".snd\x00", "", false},

		{0, "%PDF-", "a PDF document", false},
		{0, "\x89PNG", image, false},
		{0, "\xff\xd8\xff", image, false},
		{0, "GIF8", image, false},
		{0, "II*\x00", image, false},
		{0, "MM\x00*", image, false},
		{0, "8BPS", image, false},
		{4, "jP  \r\n", image, false},
		{6, "\x00\x00\x00\x00\x36\x00\x00\x00\x28", image, false}, // BMP
		{0, "PK\x03\x04", "a ZIP archive", true},
		{0, "PK\x05\x06", "a ZIP archive", true},
		{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document", true},
		{0, "Rar!\x1a\x07", archive, true},
		{0, "7z\xbc\xaf\x27\x1c", archive, true},
		{0, "\x1f\x8b", archive, true},
		{0, "BZh", archive, true},
		{0, "\xfd7zXZ\x00", archive, true},
		{0, "\x28\xb5\x2f\xfd", archive, true},
		{257, "ustar", archive, true},
		{0, "\x7fELF", program, false},
		{0, "MZ", program, false},
		{0, "\xcf\xfa\xed\xfe", program, false},
		{0, "\xce\xfa\xed\xfe", program, false},
		{0, "\xca\xfe\xba\xbe", program, false},
		{0, "SQLite format 3\x00", "a database", false},
		{0, "bplist00", "a list of settings", false},
		{0, "MThd", "a MIDI file, which holds notes but no sound", false},
		{0, "lmgg", "a speech model", false},
		{0, "GGUF", "a language model", false},
	}
}

// plainText gives the text a file begins with, if it is one: UTF-8, or UTF-16
// that says so.
func plainText(head []byte) (string, bool) {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		// The same two bytes may begin a frame of MPEG sound; letters of
		// UTF-16 come with zeros.
		return "", len(head) > 3 && (head[2] == 0) != (head[3] == 0)
	}
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	for i := 0; i < len(head); {
		r, n := utf8.DecodeRune(head[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			// The last character may be cut off by the end of what was read.
			return string(head[:i]), i > 0 && len(head)-i < utf8.UTFMax && !utf8.FullRune(head[i:])
		case r == 0x7f, r < ' ' && !strings.ContainsRune("\t\n\v\f\r\x1b", r):
			return "", false
		}
		i += n
	}
	return string(head), true
}

// textWords says what kind of text it is.
func textWords(text, ext string) string {
	start := strings.ToLower(strings.TrimSpace(text))
	for _, s := range []struct{ prefix, words string }{
		{"%pdf-", "a PDF document"},
		{"<!doctype html", "a web page"},
		{"<html", "a web page"},
		{"<svg", "an image"},
		{"<?xml", "an XML file"},
		{`{\rtf`, "a text document"},
		{"#!", "a script"},
		{"#extm3u", "a playlist"},
		{"[playlist]", "a playlist"},
		{"ffconcat version", "a playlist"},
		{"webvtt", "a file of subtitles"},
	} {
		if strings.HasPrefix(start, s.prefix) {
			return s.words
		}
	}
	switch ext {
	case "srt", "vtt", "ass", "ssa", "sub", "smi", "lrc", "sbv", "ttml", "dfxp":
		return "a file of subtitles"
	}
	return "a text file"
}

// fileWords is what a file that is no audio or video is by its extension.
func fileWords(ext string) string {
	switch ext {
	case "docx", "doc", "odt", "pages":
		return "a text document"
	case "xlsx", "xls", "ods", "numbers":
		return "a spreadsheet"
	case "pptx", "ppt", "odp", "key":
		return "a presentation"
	case "epub":
		return "an e-book"
	case "jar", "apk", "ipa":
		return "a program"
	case "dmg", "iso":
		return "a disk image"
	case "prproj", "drp", "aep":
		return "a project of an editing program"
	}
	return ""
}

// unfinished says whether a file is a download that has not ended, by the
// extensions that browsers and download programs add until it has.
func unfinished(ext string) bool {
	switch ext {
	case "part", "partial", "crdownload", "download", "opdownload", "aria2", "!qb", "!ut":
		return true
	}
	return false
}

// mediaExtension says whether files of this extension are audio or video that
// is read here. What does not tell by its first bytes is believed its name:
// raw sound has none, and ffprobe looks closer later.
func mediaExtension(ext string) bool {
	switch ext {
	case "mp4", "m4v", "mov", "qt", "3gp", "3gpp", "3g2", "mj2", "f4v",
		"mkv", "mk3d", "webm", "avi", "divx", "wmv", "asf", "flv", "dv", "rm", "rmvb", "ogv", "mxf",
		"ts", "mts", "m2ts", "m2t", "trp", "mpg", "mpeg", "mpe", "m1v", "m2v", "vob":
		return true // video
	case "m4a", "m4b", "m4r", "mka", "weba", "wma", "mp3", "mp2", "mp1", "mpga", "aac", "adts",
		"ac3", "eac3", "ec3", "dts", "flac", "oga", "ogg", "ogx", "opus", "spx",
		"wav", "wave", "bwf", "rf64", "w64", "aif", "aiff", "aifc", "afc", "caf", "au", "snd",
		"amr", "awb", "ape", "wv", "tta", "ra":
		return true // audio
	}
	return false
}

// extension is that of a name: lower case, without the point.
func extension(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}

// synced says whether a transport stream's sync byte stands at every packet.
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
