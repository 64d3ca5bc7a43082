package memory_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/job"
	"sluice/internal/memory"
)

// aMac is what ps says on a Mac where Sluice transcribes.
const aMac = `    1     0  22016 /sbin/launchd
  412     1   9824 /System/Library/CoreServices/Finder.app/Contents/MacOS/Finder
  600     1  98304 /Applications/Sluice.app/Contents/MacOS/sluice
  612   600 614400 /Applications/Sluice.app/Contents/MacOS/sluice
  613   600  40960 /opt/homebrew/bin/ffmpeg
  700     1 204800 /Applications/Google Chrome.app/Contents/MacOS/Google Chrome
  701   700 307200 /Applications/Google Chrome.app/Contents/Frameworks/Google Chrome Framework.framework/Versions/131.0/Helpers/Google Chrome Helper (Renderer).app/Contents/MacOS/Google Chrome Helper (Renderer)
  702   700 102400 /Applications/Google Chrome.app/Contents/Frameworks/Google Chrome Framework.framework/Versions/131.0/Helpers/Google Chrome Helper.app/Contents/MacOS/Google Chrome Helper
  800     1  51200 /Applications/Ollama.app/Contents/MacOS/Ollama
  801   800  61440 /Applications/Ollama.app/Contents/Resources/ollama
  802   801 5242880 /Applications/Ollama.app/Contents/Resources/ollama
  803   801 102400 /opt/runner/llama-server
  900     1  81920 /System/Library/Frameworks/WebKit.framework/Versions/A/XPCServices/com.apple.WebKit.WebContent.xpc/Contents/MacOS/com.apple.WebKit.WebContent
  950   600      0 (ffmpeg)
 9999   412   1024 -zsh
`

func TestAProgramMayBeCalledAnything(t *testing.T) {
	t.Parallel()
	got, err := memory.MacHolders("1 0 1024 /bin/a\x00b\x1b[31m\n2 0 2048 /Applications/c\x07.app/x\xff\n", memory.Own{PID: 9})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range got {
		if strings.ContainsFunc(h.Name, unicode.IsControl) || !utf8.ValidString(h.Name) {
			t.Errorf("it is called %q", h.Name)
		}
	}
}

func TestWhatHoldsMemoryOnAMac(t *testing.T) {
	t.Parallel()
	const kib = 1 << 10
	got, err := memory.MacHolders(aMac, memory.Own{PID: 600, Engine: "base.en"})
	if err != nil {
		t.Fatal(err)
	}
	want := []job.Holder{
		{Kind: job.HolderEngine, Name: "base.en", Bytes: 614400 * kib, Count: 1},
		{Kind: job.HolderSluice, Name: "Sluice", Bytes: (98304 + 40960) * kib, Count: 2},
		{Kind: job.HolderOllama, Name: "Ollama", Bytes: (51200 + 61440 + 5242880 + 102400) * kib, Count: 4},
		{Kind: job.HolderOther, Name: "Google Chrome", Bytes: (204800 + 307200 + 102400) * kib, Count: 3},
		{Kind: job.HolderOther, Name: "com.apple.WebKit.WebContent", Bytes: 81920 * kib, Count: 1},
		{Kind: job.HolderOther, Name: "launchd", Bytes: 22016 * kib, Count: 1},
		{Kind: job.HolderOther, Name: "Finder", Bytes: 9824 * kib, Count: 1},
		{Kind: job.HolderOther, Name: "-zsh", Bytes: 1024 * kib, Count: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheEnginesOwnWordCountsWhenItIsMore(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		own  memory.Own
		want []job.Holder
	}{
		"it says more than ps": {memory.Own{PID: 1, Engine: "small", EngineBytes: 900 << 20}, []job.Holder{
			{Kind: job.HolderEngine, Name: "small", Bytes: 900 << 20, Count: 1},
			{Kind: job.HolderSluice, Name: "Sluice", Bytes: 1 << 20, Count: 1},
		}},
		"it says less, from before the model grew": {memory.Own{PID: 1, EngineBytes: 1}, []job.Holder{
			{Kind: job.HolderEngine, Name: "speech engine", Bytes: 2 << 20, Count: 1},
			{Kind: job.HolderSluice, Name: "Sluice", Bytes: 1 << 20, Count: 1},
		}},
		"what it said last does not hold anything when it is gone": {memory.Own{PID: 2, EngineBytes: 900 << 20}, []job.Holder{
			{Kind: job.HolderSluice, Name: "Sluice", Bytes: 2 << 20, Count: 1},
			{Kind: job.HolderOther, Name: "sluice", Bytes: 1 << 20, Count: 1},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := memory.MacHolders("1 0 1024 build/bin/sluice\n2 1 2048 /home/mina/build/bin/sluice\n", tt.own)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnlyTheLargestOthersAreListed(t *testing.T) {
	t.Parallel()
	var lines strings.Builder
	for i := range 20 {
		fmt.Fprintf(&lines, "%d 1 %d /bin/program%02d\n", 100+i, 1000+i, i)
	}
	got, err := memory.MacHolders(lines.String(), memory.Own{PID: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 8 || got[0].Name != "program19" || got[7].Name != "program12" {
		t.Errorf("%+v", got)
	}
}

func TestParentsInACircleEnd(t *testing.T) {
	t.Parallel()
	got, err := memory.MacHolders("5 6 10 /bin/a\n6 5 10 /bin/b\n7 7 10 /bin/c\n", memory.Own{PID: 1})
	if err != nil || len(got) != 3 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWordsThatAreNotThoseOfPS(t *testing.T) {
	t.Parallel()
	for name, out := range map[string]string{
		"silence":   "",
		"a message": "ps: illegal option -- z\nusage: ps [-AaCcEefhjlMmrSTvwXx]\n",
		"no path":   "1 0 100\n1 0 100 \n",
	} {
		if got, err := memory.MacHolders(out, memory.Own{}); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// TestThePSOfThisSystem runs the very command line of a Mac: it is POSIX but
// for -ww, which all know.
func TestThePSOfThisSystem(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/bin/ps"); err != nil {
		t.Skip("no /bin/ps: nothing to ask")
	}
	got, err := memory.PSHolders(t.Context(), memory.Own{PID: os.Getpid()})
	if err != nil {
		t.Fatal(err)
	}
	// Of our children only ps itself runs, and other tests' copies of us.
	i := 0
	for i < len(got) && got[i].Kind != job.HolderSluice {
		i++
	}
	if i == len(got) || got[i].Bytes < 1<<20 {
		t.Errorf("we hold nothing: %+v", got)
	}
}

func TestThisProcessIsAmongTheHolders(t *testing.T) {
	t.Parallel()
	got, err := memory.Holders(t.Context(), memory.Own{PID: os.Getpid()})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, h := range got {
		found = found || h.Kind == job.HolderSluice && h.Bytes > 1<<20 && h.Count > 0
	}
	if !found {
		t.Errorf("%+v", got)
	}
}
