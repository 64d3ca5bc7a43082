//go:build desktop && !bindings

package app

import (
	"context"
	_ "embed"
	"os"
	"strings"

	"github.com/wailsapp/wails/v2/pkg/menu"
	"github.com/wailsapp/wails/v2/pkg/runtime"
)

// opener opens addresses the way the user likes it.
const opener = "xdg-open"

//go:embed native_icon.png
var icon []byte

func windowIcon() []byte { return icon }

// hooks are what the system may ask of the app. They must not block.
type hooks struct {
	reopen    func() // the app was opened again
	terminate func() // the process is to end; mayTerminate says when it can
}

// On Linux nothing has to be done behind the toolkit's back: signals end the
// session's programs, and the window list knows hidden windows.

func hookSystem(bool, hooks) {}
func mayTerminate()          {}
func wakeLoop()              {}
func appear()                {}
func onMain(f func())        { f() }

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
