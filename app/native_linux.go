//go:build desktop && !bindings

package app

/*
#cgo pkg-config: webkit2gtk-4.1
#include <stdint.h>
void sluiceHookPages(uintptr_t hooks);
void sluiceReloadPage(void);
*/
import "C"

import (
	"context"
	_ "embed"
	"os"
	"runtime/cgo"
	"strings"

	"github.com/wailsapp/wails/v2/pkg/menu"
	"github.com/wailsapp/wails/v2/pkg/runtime"
)

// opener opens addresses the way the user likes it.
const opener = "xdg-open"

//go:embed native_icon.png
var icon []byte

func windowIcon() []byte { return icon }

// hooks are what the system may tell the app. They are called on the main
// thread and must not block.
type hooks struct {
	reopen    func() // the app was opened again; not on Linux
	terminate func() // the process is to end; not on Linux
	pageEnded func() // the page's process has ended, and the window is blank
}

// hookSystem hears of the page's end, of which Wails does not. Nothing else has to
// be done behind the toolkit's back: signals end the session's programs, and the
// window list knows hidden windows. Call it before Wails starts.
func hookSystem(_ bool, h hooks) { C.sluiceHookPages(C.uintptr_t(cgo.NewHandle(h))) }

// reloadPage fetches the page again whose process has ended.
func reloadPage() { C.sluiceReloadPage() }

//export sluiceGoPageEnded
func sluiceGoPageEnded(h C.uintptr_t) {
	cgo.Handle(h).Value().(hooks).pageEnded() //nolint:errcheck,forcetypeassert // hookSystem made it
}

func mayTerminate()   {}
func wakeLoop()       {}
func appear()         {}
func onMain(f func()) { f() }

// whenRunning runs f as soon as the loop runs. The size is not needed, but only
// the loop can tell it.
func whenRunning(ctx context.Context, f func()) {
	_, _ = runtime.WindowGetSize(ctx)
	f()
}

// appMenu is nil: a menu bar in the window would hold nothing that is not
// nearer at hand.
func appMenu(func(), func()) *menu.Menu { return nil }

// onDrop calls f with what is dropped. It must not block.
func onDrop(ctx context.Context, f func(paths ...string)) {
	runtime.OnFileDrop(ctx, func(_, _ int, paths []string) { f(paths...) })
}

// preferredLanguage is that of the user's session; "" = it names none.
func preferredLanguage() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			code, _, _ := strings.Cut(v, "_")
			return code
		}
	}
	return ""
}

// prefersDark says whether the desktop is dark, as far as it says so where
// WebKit looks too.
func prefersDark() bool { return strings.Contains(strings.ToLower(os.Getenv("GTK_THEME")), "dark") }

// literal keeps GTK from taking the text of a dialog for a format.
func literal(text string) string { return strings.ReplaceAll(text, "%", "%%") }
