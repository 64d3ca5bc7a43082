package whisper_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
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
