package whisper_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"sluice/internal/fault"
	"sluice/internal/transcript"
	"sluice/internal/whisper"
)

// play is a child that behaves in a way the real engine cannot be made to.
func play(role string) int {
	out := json.NewEncoder(os.Stdout)
	say := func(m whisper.Message) { _ = out.Encode(m) }
	if role == "never ready" {
		return hang()
	}
	if role == "another version" {
		say(whisper.Message{Type: whisper.MsgReady, Protocol: whisper.Protocol + 1})
		return hang()
	}
	if role == "no memory for the model" {
		fmt.Fprintln(os.Stderr, "whisper_model_load: failed to allocate memory for the model")
		say(whisper.Message{Type: whisper.MsgError, Code: string(fault.ModelDamaged), Text: "whisper.cpp refused it"})
		return 1
	}
	if role == "a damaged model" {
		say(whisper.Message{Type: whisper.MsgError, Code: string(fault.ModelDamaged), Text: "whisper.cpp refused it"})
		return 1
	}
	say(whisper.Message{Type: whisper.MsgReady, Protocol: whisper.Protocol, Multilingual: true})
	fmt.Println("a library says something on the wrong stream")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var r whisper.Request
		_ = json.Unmarshal(lines.Bytes(), &r)
		switch role {
		case "hangs":
			return hang()
		case "deaf":
			signal.Ignore(syscall.SIGTERM)
			say(whisper.Message{Type: whisper.MsgProgress, ID: r.ID, Fraction: 0.5})
			return hang()
		case "exits":
			fmt.Fprintln(os.Stderr, "GGML_ASSERT(x != 0) failed")
			trace()
			return 2
		case "no memory, then a crash":
			fmt.Fprintln(os.Stderr, "ggml_aligned_malloc: insufficient memory (attempted to allocate 512.00 MB)")
			fmt.Fprintln(os.Stderr, "SIGSEGV: segmentation violation")
			trace()
			return 2
		case "no memory for Go":
			fmt.Fprintln(os.Stderr, "fatal error: out of memory")
			trace()
			return 2
		case "no memory, then a signal":
			fmt.Fprintln(os.Stderr, "failed to allocate buffer of size 5")
			_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
			return hang()
		case "no memory on Metal":
			fmt.Fprintln(os.Stderr, "error: Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)")
			say(whisper.Message{Type: whisper.MsgError, ID: r.ID, Code: string(fault.EngineCrashed), Text: "it could not go on"})
			return hang()
		case "no memory":
			fmt.Fprintln(os.Stderr, "terminate called after throwing an instance of 'std::bad_alloc'")
			return 134
		case "raves":
			var all []whisper.Heard
			all = append(all, heardAt(-5, 9_000_000, "this is all"))
			for i := range int64(5) {
				all = append(all, heardAt(i*1_000_000, 3, "this comes again"))
			}
			say(whisper.Message{Type: whisper.MsgProgress, ID: r.ID, Fraction: 7})
			say(whisper.Message{Type: whisper.MsgResult, ID: r.ID, Language: "de", Probability: 0.2, Segments: all})
		default:
			answer(role, r, say)
		}
	}
	return 0
}

// askedFile names the file in which a played engine notes what it was asked.
const askedFile = "SLUICE_TEST_ASKED"

// answer plays an engine that hears 12 s, or parts of them, well or badly.
func answer(role string, r whisper.Request, say func(whisper.Message)) {
	way := "whole"
	switch length := r.Pieces[len(r.Pieces)-1].To - r.Pieces[0].From; {
	case r.Temperature > 0:
		way = "chance"
	case length < 12*whisper.SampleRate:
		way = "half"
	}
	if f, err := os.OpenFile(os.Getenv(askedFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
		_, _ = f.WriteString(way[:1])
		_ = f.Close()
	}
	from, to := r.Pieces[0].From/16, r.Pieces[len(r.Pieces)-1].To/16
	text := "A good text"
	segments := func() []whisper.Heard { return []whisper.Heard{heardAt(from, to, text)} }
	loop := func() {
		text = strings.Repeat("Then he said it again. ", 5)
	}
	heard := segments()
	switch {
	case role == "loops as a whole" && way == "half", role == "loops without chance" && way == "chance":
		text = map[string]string{"half": "Half of it.", "chance": "A text drawn by chance."}[way]
		heard = segments()
	case strings.HasPrefix(role, "loops"):
		loop()
		heard = segments()
		if role == "loops always" && way == "half" {
			heard[0].EndMS = heard[0].StartMS + 100 // worth less than the whole
		}
	case role == "says nothing":
		heard = nil
	case role == "talks too fast":
		text = muchText()
		heard = segments()
		if way != "whole" {
			heard[0].LogProb = -3
		}
	case role == "says little":
		text = little()
		heard = segments()
		if way != "whole" {
			heard[0].LogProb = -3
		}
	case role == "is unsure as a whole" && way == "whole":
		heard[0].LogProb = -1.2
	case role == "is unsure as a whole": // sure of nine tenths of what the other is worth
		heard[0].EndMS = from + (to-from)*72/100
	case role == "hears ghosts":
		ghost := heardAt(to, to, "Thank you for watching")
		ghost.LogProb, ghost.NoSpeech = -1.5, 0.9
		heard = append(heard, ghost)
	}
	if !r.Again && len(heard) > 0 {
		say(whisper.Message{Type: whisper.MsgSegment, ID: r.ID, Segment: &heard[0].Segment})
	}
	if role == "begins anew" {
		say(whisper.Message{Type: whisper.MsgProgress, ID: r.ID, Fraction: 0.9})
		say(whisper.Message{Type: whisper.MsgProgress, ID: r.ID, Fraction: 0.1})
	}
	say(whisper.Message{Type: whisper.MsgMemory, Bytes: 1000})
	say(whisper.Message{Type: whisper.MsgResult, ID: r.ID, Language: "en", Probability: 1, Segments: heard})
}

// little is text of few words that are never in the same order.
func little() string {
	words := []string{"the", "yellow", "horse", "moves", "near", "your"}
	var b strings.Builder
	for i := range 60 {
		b.WriteString(words[(i*i+i/6)%len(words)] + " ")
	}
	return strings.TrimSpace(b.String())
}

// muchText is more than anybody says in 12 s, without repeating much.
func muchText() string {
	var b strings.Builder
	n := uint32(7)
	for i := range 120 {
		if i > 0 {
			b.WriteByte(' ')
		}
		for range 6 {
			n = n*1664525 + 1013904223
			b.WriteByte('a' + byte(n>>24)%26)
		}
	}
	return b.String()
}

func heardAt(start, end int64, text string) whisper.Heard {
	return whisper.Heard{Segment: transcript.Segment{StartMS: start, EndMS: end, Text: text}, LogProb: -0.3}
}

// trace is a long stack trace, which pushes out what was said before it.
func trace() {
	for i := range 100 {
		fmt.Fprintf(os.Stderr, "frame %d\n", i)
	}
}

// hang computes nothing until it is killed, even without a parent's pipe.
func hang() int {
	<-make(chan os.Signal)
	return 0
}
