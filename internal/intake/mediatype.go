package intake

import (
	"bytes"
	"strings"
)

// anyBytes is the media type of what has none that players know.
const anyBytes = "application/octet-stream"

// mediaType names a kind of audio or video by a file's first bytes, and by its
// extension where these do not tell. Nothing else has a name here: a browser must
// not take a file for a page because it looks like one.
func mediaType(head []byte, ext string) string {
	at := func(n int, magic string) bool {
		return len(head) >= n+len(magic) && string(head[n:n+len(magic)]) == magic
	}
	switch {
	case at(4, "ftyp"):
		return brandType(head)
	case at(4, "moof"), at(4, "styp"):
		return "video/mp4"
	case at(4, "moov"), at(4, "mdat"), at(4, "wide"):
		return "video/quicktime"
	case at(0, "\x1aE\xdf\xa3"):
		if bytes.Contains(head[:min(len(head), 128)], []byte("webm")) {
			return "video/webm"
		}
		return "video/x-matroska"
	case at(0, "OggS"):
		if bytes.Contains(head[:min(len(head), 512)], []byte("theora")) {
			return "video/ogg"
		}
		return "audio/ogg"
	case at(0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"):
		if ext == "wma" {
			return "audio/x-ms-wma"
		}
		return "video/x-ms-asf"
	case at(0, "ID3") && ext == "aac":
		return "audio/aac"
	}
	for _, k := range plainTypes() {
		if at(k.at, k.magic) {
			return k.name
		}
	}
	if synced(head, 0, 188) || synced(head, 4, 192) {
		return "video/mp2t"
	}
	return frameType(head)
}

// brandType tells the kinds of MPEG-4 files apart.
func brandType(head []byte) string {
	brand := ""
	if len(head) >= 12 {
		brand = string(head[8:12])
	}
	switch {
	case brand == "M4A ", brand == "M4B ", brand == "M4P ", brand == "F4A ":
		return "audio/mp4"
	case brand == "qt  ":
		return "video/quicktime"
	case strings.HasPrefix(brand, "3g"):
		return "video/3gpp"
	}
	return "video/mp4"
}

// frameType tells bare frames of sound apart, which begin with a run of ones.
func frameType(head []byte) string {
	if len(head) < 2 || head[0] != 0xff || head[1]&0xe0 != 0xe0 {
		return anyBytes
	}
	switch layer := head[1] >> 1 & 3; {
	case head[1]&0xf0 == 0xf0 && layer == 0:
		return "audio/aac"
	case layer != 0:
		return "audio/mpeg"
	}
	return anyBytes
}

// plainType is a kind that one mark tells.
type plainType struct {
	at          int
	magic, name string
}

func plainTypes() []plainType {
	return []plainType{
		{0, "fLaC", "audio/flac"},
		{0, "ID3", "audio/mpeg"},
		{8, "WAVE", "audio/wav"},
		{8, "AVI ", "video/x-msvideo"},
		{8, "AIFF", "audio/aiff"},
		{8, "AIFC", "audio/aiff"},
		{0, "caff\x00", "audio/x-caf"},
		{0, "FLV\x01", "video/x-flv"},
		{0, "\x00\x00\x01\xba", "video/mpeg"},
		{0, "\x00\x00\x01\xb3", "video/mpeg"},
		{0, "#!AMR", "audio/amr"},
		{0, ".snd\x00", "audio/basic"},
		{0, "\x0bw", "audio/ac3"},
	}
}
