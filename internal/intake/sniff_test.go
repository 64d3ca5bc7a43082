package intake_test

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/intake"
)

// The first bytes of files as they are in life.
const (
	mp4      = "\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41"
	mkv      = "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01"
	mp3      = "ID3\x04\x00\x00\x00\x00\x00\x00"
	wav      = "RIFF\x24\x08\x00\x00WAVEfmt \x10\x00\x00\x00"
	avi      = "RIFF\x24\x08\x00\x00AVI LIST"
	noise    = "\x8a\x01\xf3\x00\x99\xee\x07\x13\x80"
	png      = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	jpeg     = "\xff\xd8\xff\xe0\x00\x10JFIF\x00"
	webp     = "RIFF\x24\x08\x00\x00WEBPVP8 "
	heic     = "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"
	pdf      = "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
	plainPDF = "%PDF-1.4\n1 0 obj\n"
	zip      = "PK\x03\x04\x14\x00\x06\x00"
	elf      = "\x7fELF\x02\x01\x01\x00"
	macho    = "\xcf\xfa\xed\xfe\x0c\x00\x00\x01"
	html     = "\r\n<!DOCTYPE html>\n<html>"
	typed    = "import { onMount } from 'svelte';\nconst 이름 = 1;\n"
)

// transport is the head of an MPEG transport stream with packets of this size.
func transport(at, size int) string {
	b := []byte(strings.Repeat("\x01", 8192))
	for i := at; i < len(b); i += size {
		b[i] = 'G'
	}
	return string(b)
}

func TestWhatAFileIs(t *testing.T) {
	t.Parallel()
	var wide strings.Builder // UTF-16
	wide.WriteString("\xff\xfe")
	for _, c := range utf16.Encode([]rune("hello")) {
		wide.WriteByte(byte(c))
		wide.WriteByte(byte(c >> 8))
	}
	const nothing = "This is not audio or video of a kind Sluice reads."
	is := func(what string) string { return "This is " + what + ", not audio or video." }
	tests := map[string]struct {
		name, body string
		message    string // "" = it is found
	}{
		"a video":                               {"talk.mp4", mp4, ""},
		"capitals in the extension":             {"TALK.MP4", mp4, ""},
		"another kind than the name says":       {"talk.avi", mp4, ""},
		"a sound":                               {"talk.mp3", mp3, ""},
		"a sound that nothing gives away":       {"talk.mp3", noise, ""},
		"raw sound":                             {"talk.aac", "\xff\xf1\x50\x80", ""},
		"a transport stream":                    {"talk.ts", transport(0, 188), ""},
		"a camera's transport stream":           {"00001.MTS", transport(4, 192), ""},
		"a damaged transport stream":            {"talk.ts", noise, ""},
		"TypeScript":                            {"store.ts", typed, is("a text file")},
		"TypeScript of a module":                {"store.mts", typed, is("a text file")},
		"a translation of Qt":                   {"app.ts", "<?xml version=\"1.0\"?>\n<TS>", is("an XML file")},
		"a video under no extension":            {"talk", mp4, ""},
		"a video under a foreign extension":     {"talk.bin", mkv, ""},
		"a sound under a foreign extension":     {"talk.tmp", wav, ""},
		"an old video under no extension":       {"talk", avi, ""},
		"a stream under no extension":           {"talk", transport(0, 188), ""},
		"a name that is only an extension":      {".mp4", mp4, ""},
		"a name that ends in a point":           {"talk.", mp4, ""},
		"a head that is all zeros":              {"talk.mp4", strings.Repeat("\x00", 9000), ""},
		"noise under no extension":              {"talk", noise, nothing},
		"noise under a foreign extension":       {"talk.bin", noise, nothing},
		"a text":                                {"notes.txt", "notes\n", is("a text file")},
		"a text of one byte called mp3":         {"a.mp3", "x", is("a text file")},
		"a text that begins like a video":       {"notes.mp4", "The moov box, and more", is("a text file")},
		"a text that is cut inside a character": {"notes.mp4", strings.Repeat("한", 2000), is("a text file")},
		"a text with a mark of its order":       {"notes.mp4", "\xef\xbb\xbfhello", is("a text file")},
		"a text in UTF-16":                      {"notes.mp4", wide.String(), is("a text file")},
		"subtitles":                             {"talk.srt", "1\n00:00:01,000 --> 00:00:02,000\nhello\n", is("a file of subtitles")},
		"subtitles of the web":                  {"talk.txt", "WEBVTT\n\n", is("a file of subtitles")},
		"a page called mp4":                     {"watch.mp4", html, is("a web page")},
		"a PDF":                                 {"slides.pdf", pdf, is("a PDF document")},
		"a PDF called mov":                      {"slides.mov", pdf, is("a PDF document")},
		"a PDF without a strange character":     {"slides.pdf", plainPDF, is("a PDF document")},
		"a picture":                             {"cover.jpg", jpeg, is("an image")},
		"a picture called mp4":                  {"cover.mp4", png, is("an image")},
		"a picture in a video's container":      {"IMG_1.HEIC", heic, is("an image")},
		"a picture in a sound's container":      {"cover.wav", webp, is("an image")},
		"an archive":                            {"talks.zip", zip, is("a ZIP archive")},
		"an archive called mkv":                 {"talks.mkv", zip, is("a ZIP archive")},
		"a document that is an archive":         {"talk.docx", zip, is("a text document")},
		"slides that are an archive":            {"talk.key", zip, is("a presentation")},
		"a program":                             {"run", elf, is("a program")},
		"a program called mp4":                  {"holiday.mp4", macho, is("a program")},
		"a script":                              {"run.sh", "#!/bin/sh\n", is("a script")},
		"a playlist that a player would open":   {"talk.mp4", "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/x.ts\n", is("a playlist")},
		"a playlist of ffmpeg":                  {"talk.mkv", "ffconcat version 1.0\nfile /etc/passwd\n", is("a playlist")},
		"notes without sound":                   {"song.mid", "MThd\x00\x00\x00\x06", is("a MIDI file, which holds notes but no sound")},
		"a model":                               {"base.bin", "lmgg\x99\xca\x00\x00", is("a speech model")},
		"a disk image":                          {"Sluice.dmg", noise, is("a disk image")},
		"a download that goes on":               {"talk.mp4.part", mp4, "This is a download that has not ended."},
		"a download of Chrome that goes on":     {"talk.mp4.crdownload", mp4, "This is a download that has not ended."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := put(t, filepath.Join(folder(t), tt.name), []byte(tt.body))
			found, refused := intake.Gather(t.Context(), []string{path})
			if tt.message == "" {
				if diff := cmp.Diff([]string{path}, found); diff != "" || len(refused) > 0 {
					t.Errorf("found (-want +got):\n%srefused %+v", diff, refused)
				}
				return
			}
			if len(found) > 0 || len(refused) != 1 {
				t.Fatalf("found %q, refused %+v", found, refused)
			}
			if r := refused[0]; r.Path != path || r.Name != tt.name || r.Code != string(fault.NotMedia) || r.Message != tt.message || r.Hint == "" {
				t.Errorf("%+v", r)
			}
		})
	}
}
