package media_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/media"
)

func TestWhatIsNoMediaIsRefused(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	noise := make([]byte, 100_000)
	random := rand.New(rand.NewPCG(7, 7))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	hls := "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n%s\n#EXT-X-ENDLIST\n"
	sibling := create(t, "sibling.ts", args(sine(440, 2), is("-c:a", "aac"))...)
	for name, c := range map[string]struct {
		file string
		body string
		code fault.Code
	}{
		"a text called mov":                   {"a.mov", "hello, not a video\n", fault.NotMedia},
		"a text called txt":                   {"a.txt", strings.Repeat("hello\n", 1000), fault.NotMedia},
		"noise called mp4":                    {"a.mp4", string(noise), fault.NotMedia},
		"subtitles":                           {"a.srt", "1\n00:00:01,000 --> 00:00:02,000\nhello\n", fault.NotMedia},
		"a list of a sibling called mp4":      {"list.mp4", "ffconcat version 1.0\nfile sibling.ts\n", fault.NotMedia},
		"a list of another place":             {"list.mkv", "ffconcat version 1.0\nfile '/etc/passwd'\n", fault.NotMedia},
		"an HLS list of a sibling called mp4": {"hls.mp4", fmt.Sprintf(hls, "sibling.ts"), fault.NotMedia},
		"an HLS list of an address":           {"hls.m3u8", fmt.Sprintf(hls, "http://127.0.0.1:9/x.ts"), fault.NotMedia},
		"a DASH manifest":                     {"a.mpd", `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"></MPD>`, fault.NotMedia},
		"an SDP":                              {"a.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n", fault.NotMedia},
		"a one-byte file":                     {"a.mp3", "x", fault.NotMedia},
		"an empty file":                       {"a.mp4", "", fault.FileEmpty},
		"a Matroska header and nothing else":  {"a.mkv", "\x1aE\xdf\xa3\x01\x00\x00", fault.FileDamaged},
		"an MP4 without index":                {"a.mp4", "\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41\x00\x00\x00\x08mdat", fault.FileDamaged},
		"a WAV header and nothing else":       {"a.wav", "RIFF\x00\x00\x00\x00WAVE", fault.FileDamaged},
		"a transport stream of nothing":       {"a.ts", strings.Repeat("G\x1f\xff\x10"+strings.Repeat("\xff", 184), 40), fault.FileDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), c.file)
			if err := os.WriteFile(path, []byte(c.body), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(filepath.Dir(path), "sibling.ts"), read(t, sibling), 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err := extract(t, f, path, nil) // begins with the look that Probe is
			wantCode(t, err, c.code)
		})
	}
}

func TestAPictureHasNoSound(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	_, err := f.Probe(t.Context(), create(t, "mute.mp4", args(picture(1), is("-c:v", "mpeg4"))...))
	wantCode(t, err, fault.NoAudioTrack)
	_, err = f.Probe(t.Context(), create(t, "still.png", args(picture(1), is("-frames:v", "1", "-update", "1"))...))
	wantCode(t, err, fault.NotMedia)
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo.mp4")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.mp4")
	if err := os.Symlink(fifo, link); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		code fault.Code
	}{
		"a pipe":                {fifo, fault.NotAFile},
		"a link to a pipe":      {link, fault.NotAFile},
		"a folder":              {dir, fault.NotAFile},
		"a device":              {"/dev/zero", fault.NotAFile},
		"nothing":               {filepath.Join(dir, "none.mp4"), fault.SourceMissing},
		"below a file":          {filepath.Join(fifo, "x.mp4"), fault.SourceMissing},
		"a name with a zero in": {"a\x00b", fault.SourceMissing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := f.Probe(t.Context(), c.path)
			wantCode(t, err, c.code)
		})
	}
}

func TestAWholeAudioTrackUnknownToFFmpegIsSaid(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	// A movie whose sample description names a codec nobody knows.
	body := string(read(t, create(t, "a.mov", args(sine(440, 1), is("-c:a", "pcm_s16le"))...)))
	path := write(t, "unknown.mov", []byte(strings.Replace(body, "sowt", "zz9z", 1)))
	_, err := f.Probe(t.Context(), path)
	wantCode(t, err, fault.UnsupportedCodec)
}

func TestAnUnwritableWorkFolderIsNoFaultOfTheFile(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	source := tone(t, 1)
	_, err := f.Extract(context.WithoutCancel(t.Context()), request(source, filepath.Join(t.TempDir(), "no", "such", "folder")), nil)
	if err == nil || fault.From(err).Code != fault.Internal {
		t.Errorf("err = %v", err)
	}
}

func TestAFullDiskIsSaid(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full: no disk to fill without root")
	}
	defer func() { _ = full.Close() }()
	wantCode(t, media.WriteTo(full, make([]byte, 64)), fault.DiskFull)
}
