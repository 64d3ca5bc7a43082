package whisper_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

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
			for i := range 100 {
				fmt.Fprintf(os.Stderr, "frame %d\n", i)
			}
			return 2
		case "no memory":
			fmt.Fprintln(os.Stderr, "terminate called after throwing an instance of 'std::bad_alloc'")
			return 134
		case "raves":
			var all []transcript.Segment
			for i := range int64(5) {
				all = append(all, transcript.Segment{StartMS: i*1_000_000 - 5, EndMS: 3, Text: "again"})
			}
			say(whisper.Message{Type: whisper.MsgProgress, ID: r.ID, Fraction: 7})
			say(whisper.Message{Type: whisper.MsgResult, ID: r.ID, Language: "de", Probability: 0.2, Segments: all})
		}
	}
	return 0
}

// hang computes nothing until it is killed, even without a parent's pipe.
func hang() int {
	<-make(chan os.Signal)
	return 0
}
