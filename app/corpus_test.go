package app_test

import (
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"sluice/internal/transcript"
)

// ending is what a file of the corpus must come to when it goes through the
// whole program. A file that is not named below is done, with nothing to say
// about its sound.
type ending struct {
	refused string   // code of the refusal at the door
	failed  string   // code of the job's fault
	warns   []string // codes of what is said about its sound
	silent  bool     // nothing may be heard in it
}

var endings = map[string]ending{
	"broken/zero_length.mp4":                        {refused: "file_empty"},
	"broken/corrupt_middle.mp4":                     {warns: []string{"partial_audio"}},
	"broken/truncated_60pct_faststart.mp4":          {warns: []string{"partial_audio"}},
	"broken/truncated_half.mkv":                     {warns: []string{"partial_audio"}},
	"broken/truncated_moov_missing.mp4":             {failed: "file_damaged"},
	"broken/text_file.mov":                          {failed: "not_media"},
	"broken/random_bytes.mp4":                       {failed: "not_media"},
	"broken/hls_ssrf.mp4":                           {failed: "not_media"},
	"broken/ffconcat_ssrf.mp4":                      {failed: "not_media"},
	"broken/ffconcat_relative_reads_other_file.mp4": {failed: "not_media"},
	"containers/video_without_audio.mp4":            {failed: "no_audio_track"},
	"containers/jfk_antiphase_stereo.wav":           {warns: []string{"downmix_silent"}},
	"containers/silent_audio_40s.mp4":               {silent: true},
	"video/ax_mp4_sample_ac3_aac.mp4":               {warns: []string{"partial_audio"}}, // a real fault in the sample
	"video/ax_mp4_sample_ac4.mp4":                   {failed: "unsupported_codec"},
	"video/ax_mp4_sample_missing_stsd.mp4":          {failed: "unsupported_codec"},
	"video/ax_mp4_sample_video_only.mp4":            {failed: "no_audio_track"},
	"video/ft_fixture-corrupt.mkv":                  {failed: "file_damaged"},
	"video/ft_fixture-moov.mov":                     {failed: "file_damaged"},
	"video/ft_fixture.flv":                          {failed: "no_audio_track"},
	"video/ft_fixture.mpg":                          {failed: "no_audio_track"},
	"video/mei_xmp480qt.mov":                        {failed: "no_audio_track"},
}

// TestEveryFileOfTheCorpusEndsClearly sends all real and broken media there are
// through one server: each ends as a transcript, with a warning where sound is
// missing, or with the one code that says what is wrong. The small model knows
// none of their words; what is said is checked where the model that has learnt
// twenty of the clips by heart hears one of these, in every container.
func TestEveryFileOfTheCorpusEndsClearly(t *testing.T) { //nolint:tparallel // its subtests follow the line
	t.Parallel()
	notAllDay(t)
	root, files := corpusFiles(t)
	for name := range endings {
		if !slices.Contains(files, name) {
			t.Errorf("%s is not in the corpus", name)
		}
	}
	h := newHome(t)
	h.install(shared(t, "models", "fixture-memo-d64-q5_0.bin"))
	h.configure("[speech]\nthreads = 2\n")
	s := h.serve()
	clips := learnt(t)
	// One model after the other, so that each is loaded once.
	slices.SortStableFunc(files, func(a, b string) int {
		return strings.Compare(clips[a].Text, clips[b].Text)
	})
	ids := map[string]string{}
	for _, name := range files {
		order := map[string]any{"source": filepath.Join(root, name), "reuse": false}
		if c, ok := clips[name]; ok {
			order["model"], order["language"] = "fixture-memo-d64-q5_0", c.Language
		}
		if code := endings[name].refused; code != "" {
			s.want(http.StatusUnprocessableEntity, code, http.MethodPost, "/api/v1/jobs", order)
			continue
		}
		ids[name] = s.submit(order, nil).ID
	}
	for _, name := range files {
		if id := ids[name]; id != "" {
			t.Run(name, func(t *testing.T) { s.on(t).expectEnding(id, endings[name], clips[name].Text) })
		}
	}
	if now := s.counts(); now.Queued+now.Running+now.Canceled != 0 {
		t.Errorf("at the end there are %+v", now)
	}
}

// on is the server for a subtest.
func (s *server) on(t testing.TB) *server {
	t.Helper()
	sub := *s
	sub.t = t
	return &sub
}

// expectEnding waits for the end of a job and holds it against what it must be.
// Says is what it must say, "" = anything.
func (s *server) expectEnding(id string, want ending, says string) {
	s.t.Helper()
	var v view
	eventually(s.t, "the job ends", func() bool {
		v = s.job(id)
		return v.State == "done" || v.State == "failed" || v.State == "canceled"
	})
	if want.failed != "" {
		if v.State != "failed" || v.Error == nil || v.Error.Code != want.failed || v.Error.Message == "" || v.Error.Hint == "" {
			s.t.Errorf("it is %s, error %+v, want %s", v.State, v.Error, want.failed)
		}
		return
	}
	if v.State != "done" || v.Error != nil || v.Attempts+v.Crashes != 0 {
		s.t.Fatalf("it is %s, error %+v, %d attempts, %d crashes", v.State, v.Error, v.Attempts, v.Crashes)
	}
	if warns := v.warnings("partial_audio", "downmix_silent"); !slices.Equal(warns, want.warns) {
		s.t.Errorf("its warnings are %v, want %v", warns, want.warns)
	}
	got := s.transcript(id)
	if !got.Complete {
		s.t.Error("its transcript is not complete")
	}
	if nothing := len(got.Segments) == 0; nothing != (len(v.warnings("no_speech")) > 0) || want.silent && !nothing {
		s.t.Errorf("it says %q, and the warnings are %+v", text(got), v.Quality.Warnings)
	}
	s.expectTimes(id, got)
	if n := wordErrors(words(says), words(text(got))); says != "" && n != 0 {
		s.t.Errorf("%d words are wrong in %q, want %q", n, text(got), says)
	}
}

// warnings lists the codes of a job's warnings, of those that are asked for.
// What a model has to say about sound it does not know is its own affair.
func (v view) warnings(of ...string) (codes []string) {
	for _, w := range v.Quality.Warnings {
		if slices.Contains(of, w.Code) {
			codes = append(codes, w.Code)
		}
	}
	return codes
}

// expectTimes looks whether the segments follow one another within the sound.
func (s *server) expectTimes(id string, got transcript.Transcript) {
	s.t.Helper()
	var sound struct {
		DurationMS int64 `json:"duration_ms"`
	}
	s.do(http.MethodGet, "/api/v1/jobs/"+id, nil, &sound)
	var before int64
	for _, seg := range got.Segments {
		if seg.StartMS < before || seg.EndMS < seg.StartMS || seg.EndMS > sound.DurationMS+1000 || seg.Text == "" {
			s.t.Errorf("in %d ms of sound there is the segment %+v", sound.DurationMS, seg)
		}
		before = seg.StartMS
	}
}

// corpusFiles lists the media beside the project, which are just those of its
// index.
func corpusFiles(t *testing.T) (root string, files []string) {
	t.Helper()
	root = shared(t, "media")
	index, err := os.ReadFile(filepath.Join(root, "INDEX.md"))
	if err != nil {
		t.Fatal(err)
	}
	indexed := map[string]bool{}
	for line := range strings.Lines(string(index)) {
		if cells := strings.Split(line, "|"); len(cells) > 5 && strings.Contains(cells[1], "/") {
			indexed[cells[1]] = true
		}
	}
	err = fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		ext := filepath.Ext(name)
		if err != nil || entry.IsDir() || ext == ".md" || ext == ".txt" || ext == ".json" { // words about the media
			return err
		}
		if !indexed[name] {
			t.Errorf("%s is not in the index", name)
		}
		delete(indexed, name)
		files = append(files, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range indexed {
		t.Errorf("%s is in the index only", name)
	}
	return root, files
}

// spoken is what is said in a clip.
type spoken struct{ Language, Text string }

// learnt is what the model says that has learnt twenty clips by heart, by the
// file that holds one, in whatever container.
func learnt(t *testing.T) map[string]spoken {
	t.Helper()
	body, err := os.ReadFile(shared(t, "models", "fixture-memo.json"))
	if err != nil {
		t.Fatal(err)
	}
	var memo struct{ Items [][3]string }
	if err := json.Unmarshal(body, &memo); err != nil {
		t.Fatal(err)
	}
	clips := map[string]spoken{}
	for _, item := range memo.Items {
		clips["speech/"+item[0]] = spoken{item[1], item[2]}
	}
	for name, clip := range map[string]string{
		"speech/jfk.mp3": "jfk.wav", "speech/fw_jfk.flac": "jfk.wav",
		"containers/ko_h264_aac.mp4": "leopard_test_ko.wav",
	} {
		clips[name] = clips["speech/"+clip]
	}
	for _, name := range strings.Fields(inContainers) {
		clips["containers/"+name] = clips["speech/jfk.wav"]
	}
	jfk := clips["speech/jfk.wav"]
	clips["containers/jfk_every_30s_10min.mp4"] = spoken{jfk.Language, strings.Repeat(jfk.Text+" ", 20)}
	return clips
}

// inContainers is where one sentence lies.
const inContainers = `
	jfk.aac jfk.ac3 jfk.aiff jfk.caf jfk.flv jfk.m4a jfk.mp3 jfk.ogg jfk.opus jfk.wmv
	jfk_5.1_centre.mp4 jfk_5.1_centre_ac3.mkv jfk_antiphase_stereo.wav jfk_fragmented.mp4
	jfk_audio_starts_3s_late.mp4 jfk_h264_aac.mkv jfk_h264_aac.mov jfk_h264_aac_faststart.mp4
	jfk_h264_aac_moov_at_end.mp4 jfk_h264_flac.mkv jfk_h264_mp2.ts jfk_h264_opus.mkv jfk_h264_pcm.mov
	jfk_mpeg4_mp3.avi jfk_rotated90.mp4 jfk_two_audio_default_second.mkv jfk_vfr.mp4
	jfk_vp8_opus.webm jfk_vp8_vorbis.webm mp4_with_wrong_extension.avi
`

// TestNothingThatAFileNamesIsAskedFor has files that ask for an address or for
// a file beside them, under the names of media.
func TestNothingThatAFileNamesIsAskedFor(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }), ConnState: func(net.Conn, http.ConnState) { asked.Add(1) }}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	at := "http://" + listener.Addr().String() + "/sound.ts"
	dir := t.TempDir()
	sound, err := os.ReadFile(clip(t, "seen-004.wav"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "beside.wav"), sound, 0o600); err != nil {
		t.Fatal(err)
	}
	s := newHome(t).serve()
	var ids []string
	for name, body := range map[string]string{
		"hls.mp4":        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n" + at + "\n#EXT-X-ENDLIST\n",
		"hls-beside.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nbeside.wav\n#EXT-X-ENDLIST\n",
		"list.mkv":       "ffconcat version 1.0\nfile '" + at + "'\n",
		"beside.mov":     "ffconcat version 1.0\nfile beside.wav\n",
		"dash.webm":      `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT5S"><Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1"><BaseURL>` + "` + at + `" + `</BaseURL></Representation></AdaptationSet></Period></MPD>`,
		"session.wav":    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
		"asx.wmv":        `<asx version="3.0"><entry><ref href="` + "` + at + `" + `"/></entry></asx>`,
		"m3u.mp3":        at + "\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, s.submit(map[string]any{"source": file}, nil).ID)
	}
	for _, id := range ids {
		s.expectEnding(id, ending{failed: "not_media"}, "")
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the address was asked for, %d times", n)
	}
}
