//go:build desktop && !bindings

package app

/*
#cgo CFLAGS: -x objective-c -fobjc-arc
#cgo LDFLAGS: -framework Cocoa -framework WebKit -framework UniformTypeIdentifiers
#include <stdlib.h>
#include "native_darwin.h"
*/
import "C"

import (
	"context"
	"runtime/cgo"
	"strings"
	"unsafe"

	"github.com/wailsapp/wails/v2/pkg/menu"
	"github.com/wailsapp/wails/v2/pkg/menu/keys"

	"sluice/internal/tray"
)

// opener opens addresses the way the user likes it.
const opener = "open"

// windowIcon is the bundle's own on a Mac.
func windowIcon() []byte { return nil }

// hooks are what the system may ask of the app. They are called on the main
// thread and must not block.
type hooks struct {
	reopen    func() // the app was opened again
	terminate func() // the process is to end; mayTerminate says when it can
	pageEnded func() // the page's process has ended, and the window is blank
}

// hookSystem mends what Wails' application delegate does not do: a start without
// the window that shows nothing in the Dock and takes no focus, opening again,
// a log-out that waits for us instead of being refused, and a page whose process
// has ended. Call it on the main thread before Wails starts.
func hookSystem(hidden bool, h hooks) {
	C.sluiceHook(C.bool(hidden), C.uintptr_t(cgo.NewHandle(h)))
}

// missingHook names the first thing of Wails' that is not as the hooks need it;
// "" = all are.
func missingHook() string { return C.GoString(C.sluiceMissingHook()) }

// mayTerminate lets the process end, now or whenever the system asks.
func mayTerminate() { C.sluiceMayTerminate() }

// wakeLoop makes the loop notice that it was told to end: it looks only after
// an event.
func wakeLoop() { C.sluiceWakeLoop() }

// appear makes the app one with an icon in the Dock, and not hidden.
func appear() { C.sluiceAppear() }

// dock shows an outline on the icon in the Dock, and gives its words to who reads
// the icon in the menu bar aloud.
func dock(l tray.Outline) {
	spoken := C.CString(l.Spoken)
	defer C.free(unsafe.Pointer(spoken))
	C.sluiceDock(C.double(l.Progress), C.int(l.Depth), spoken)
}

// onMain runs f on the main thread as soon as the loop runs.
func onMain(f func()) { C.sluiceOnMain(C.uintptr_t(cgo.NewHandle(f))) }

// whenRunning runs f as soon as the loop runs.
func whenRunning(_ context.Context, f func()) { onMain(f) }

// onDrop calls f with the files of every drop that holds some; nothing else can
// be dropped. It is called on the main thread and must not block. Wails' own call
// splits names at line breaks, and a link would end the process.
func onDrop(_ context.Context, f func(paths ...string)) {
	C.sluiceOnDrop(C.uintptr_t(cgo.NewHandle(f)))
}

// preferredLanguage is the one that the user likes best, as "ko-KR". A start from the
// Finder has no environment that would name one.
func preferredLanguage() string {
	code := C.sluiceLanguage()
	defer C.free(unsafe.Pointer(code))
	return C.GoString(code)
}

func prefersDark() bool { return bool(C.sluicePrefersDark()) }

// literal is for systems that take the text of a dialog for a format.
func literal(text string) string { return text }

// appMenu is the menu bar. Without its Edit menu nothing could be copied.
func appMenu(add, put func()) *menu.Menu {
	file := menu.NewMenu()
	file.AddText("Add Files…", keys.CmdOrCtrl("o"), func(*menu.CallbackData) { add() })
	file.AddText("Close Window", keys.CmdOrCtrl("w"), func(*menu.CallbackData) { put() })
	return menu.NewMenuFromItems(menu.AppMenu(), menu.SubMenu("File", file), menu.EditMenu(), menu.WindowMenu())
}

// reloadPage fetches the page again whose process has ended.
func reloadPage() { C.sluiceReloadPage() }

//export sluiceGoPageEnded
func sluiceGoPageEnded(h C.uintptr_t) { hooksOf(h).pageEnded() }

//export sluiceGoRun
func sluiceGoRun(f C.uintptr_t) {
	h := cgo.Handle(f)
	defer h.Delete()
	h.Value().(func())() //nolint:errcheck,forcetypeassert // onMain made it
}

//export sluiceGoReopen
func sluiceGoReopen(h C.uintptr_t) { hooksOf(h).reopen() }

//export sluiceGoTerminate
func sluiceGoTerminate(h C.uintptr_t) { hooksOf(h).terminate() }

//export sluiceGoDropped
func sluiceGoDropped(f C.uintptr_t, paths *C.char, length C.int) {
	drop := cgo.Handle(f).Value().(func(...string)) //nolint:errcheck,forcetypeassert // onDrop made it
	drop(strings.Split(strings.TrimSuffix(C.GoStringN(paths, length), "\x00"), "\x00")...)
}

func hooksOf(h C.uintptr_t) hooks {
	return cgo.Handle(h).Value().(hooks) //nolint:errcheck,forcetypeassert // hookSystem made it
}
