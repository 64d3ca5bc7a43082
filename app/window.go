//go:build desktop && !bindings && (darwin || linux)

package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"
	"github.com/wailsapp/wails/v2/pkg/options/mac"
	"github.com/wailsapp/wails/v2/pkg/runtime"

	"sluice/internal/fault"
)

// window is the one window, drawn by Wails. It may be used before it is there:
// Show is remembered then, and events nobody could see are left out.
type window struct {
	hidden bool
	frames *frames
	log    *slog.Logger

	ready chan struct{}   // closed when Wails has started
	gone  chan struct{}   // closed when its loop has ended
	wails context.Context //nolint:containedctx // Wails' own handle, which every call of it takes; set before ready

	shown func() // it is to be seen; nil = nobody wants to know. Set before anybody else has the window

	dialog sync.Mutex // Wails mixes up the answers of two dialogs
	words  atomic.Pointer[dialogWords]

	mu     sync.Mutex
	wanted bool // shown before there was anything to show

	// On the main thread only.
	blank time.Time     // when the page's process last ended
	rest  time.Duration // how long it stayed so
}

func newWindow(hidden bool, kept *frames, log *slog.Logger) *window {
	w := &window{hidden: hidden, frames: kept, log: log, ready: make(chan struct{}), gone: make(chan struct{})}
	w.SetLanguage(preferredLanguage())
	return w
}

// dialogWords are what the dialogs say.
type dialogWords struct{ add, save, media, all string }

// SetLanguage changes the words of the dialogs: "ko" is Korean, all else
// English.
func (w *window) SetLanguage(code string) {
	words := dialogWords{"Add files to Sluice", "Save the transcript", "Video and audio", "All files"}
	if code == "ko" || strings.HasPrefix(code, "ko-") {
		words = dialogWords{"Sluice에 파일 추가", "받아쓴 글 저장", "동영상과 오디오", "모든 파일"}
	}
	w.words.Store(&words)
}

// course is what a window calls when something happens to it.
type course struct {
	page    http.Handler
	opened  func(paths ...string) // files that were dropped, or opened with the app; must not block
	asked   func()                // somebody wants to choose files; must not block
	started func()                // Wails is there; the loop may be yet to come
	leaving func() (stay bool)    // somebody quits; stay when that is seen to already
	ended   func()                // the loop has ended; on the main thread
}

// Run shows the window until Quit. It must be called on the main thread.
func (w *window) Run(c course) (err error) {
	defer close(w.gone)
	defer func() {
		// Wails knows no other way to say that there is no display.
		switch p := recover().(type) {
		case nil:
		case error:
			if !strings.Contains(p.Error(), "init GTK") {
				panic(p)
			}
			err = noScreen(p)
		default:
			panic(p)
		}
	}()
	first, state := w.frames.get(), options.Normal
	if first.Maximised {
		state = options.Maximised
	}
	err = wails.Run(&options.App{
		Title:             "Sluice",
		Width:             first.Width,
		Height:            first.Height,
		WindowStartState:  state,
		MinWidth:          leastWidth,
		MinHeight:         leastHeight,
		StartHidden:       w.hidden,
		HideWindowOnClose: true,
		BackgroundColour:  background(),
		Menu:              appMenu(c.asked, w.putAway),
		AssetServer:       &assetserver.Options{Handler: c.page},
		// On a Mac the web view must be kept from opening what is dropped on it;
		// on Linux nothing could be dropped then.
		DragAndDrop: &options.DragAndDrop{EnableFileDrop: true, DisableWebViewDrop: goruntime.GOOS == "darwin"},
		OnStartup: func(ctx context.Context) {
			whenRunning(ctx, func() { w.fit(ctx, first); w.start(ctx) })
			onDrop(ctx, c.opened)
			c.started()
		},
		OnDomReady:    func(ctx context.Context) { runtime.WindowExecJS(ctx, stayHome) },
		OnBeforeClose: func(context.Context) bool { return c.leaving() },
		OnShutdown:    func(context.Context) { c.ended() },
		Mac: &mac.Options{
			About:      &mac.AboutInfo{Title: "Sluice " + version, Message: "Videos to text, one at a time,\nwhen there is memory for it."},
			OnFileOpen: func(path string) { c.opened(path) },
		},
		// Without a GPU of its own the page is quick enough, and WebKit on a GPU
		// shows nothing at all with some drivers.
		Linux:  &linux.Options{ProgramName: "sluice", Icon: windowIcon(), WebviewGpuPolicy: linux.WebviewGpuPolicyNever},
		Logger: wailsLog{w.log},
	})
	if err != nil {
		return fmt.Errorf("open window: %w", err)
	}
	return nil
}

// stayHome keeps the window on its page, whatever is loaded in it. A link that is
// dropped on it would open there, and there is no way back: then the page is
// fetched again.
const stayHome = `(() => {
	if (location.protocol !== "wails:") {
		location.replace("wails://wails/");
		return;
	}
	for (const kind of ["dragover", "drop"]) addEventListener(kind, (e) => e.preventDefault());
})();`

// noScreen is what is said where no window can be drawn.
func noScreen(cause error) *fault.Fault {
	return fault.New(fault.NoWindow, "There is no screen to open a window on.", cause).
		WithHint("Run 'sluice serve' and open its page in a browser.")
}

func (w *window) start(ctx context.Context) {
	w.mu.Lock()
	w.wails = ctx
	close(w.ready)
	wanted := w.wanted
	w.mu.Unlock()
	if wanted {
		w.Show()
	}
}

// fit makes a window smaller that was left on a larger screen.
func (w *window) fit(ctx context.Context, was frame) {
	screens, err := runtime.ScreenGetAll(ctx)
	if err != nil || was.Maximised {
		return
	}
	for _, s := range screens {
		if now := was.within(s.Size.Width, s.Size.Height); s.IsCurrent && now != was {
			runtime.WindowSetSize(ctx, now.Width, now.Height)
		}
	}
}

// resized keeps the size that the page has got.
func (w *window) resized(now frame) error {
	if !w.there() {
		return nil
	}
	full := make(chan bool, 1)
	onMain(func() { full <- runtime.WindowIsMaximised(w.wails) || runtime.WindowIsFullscreen(w.wails) })
	select {
	case now.Maximised = <-full:
		return w.frames.keep(now)
	case <-w.gone:
	case <-time.After(lingering): // the loop is about to end
	}
	return nil
}

// there says whether the window can be used, now.
func (w *window) there() bool {
	select {
	case <-w.gone:
		return false
	default:
	}
	select {
	case <-w.ready:
		return true
	default:
		return false
	}
}

// Show brings the window to the front. It does not wait for that.
func (w *window) Show() {
	w.mu.Lock()
	there := w.there()
	w.wanted = w.wanted || !there
	w.mu.Unlock()
	if there {
		if w.shown != nil {
			w.shown() // the page says so itself, but later
		}
		appear()
		runtime.WindowShow(w.wails)
		runtime.WindowUnminimise(w.wails) // on Linux it is this that raises it
	}
}

// A page whose process ends again and again is fetched ever more seldom.
const (
	firstRest   = time.Second
	longestRest = time.Minute
)

// refresh fetches the page again whose process has ended, at once when that is
// rare. It must be called on the main thread.
func (w *window) refresh() {
	now := time.Now()
	switch since := now.Sub(w.blank); {
	case w.blank.IsZero(), since > w.rest+longestRest:
		w.rest = 0
	default:
		w.rest = min(max(firstRest, 2*w.rest), longestRest)
	}
	w.blank = now
	w.log.Warn("the page's process has ended", "fetched_again_in", w.rest)
	time.AfterFunc(w.rest, reloadPage)
}

// settle waits until the loop runs, or has ended.
func (w *window) settle() {
	select {
	case <-w.gone:
	case <-w.ready:
	}
}

// hide takes the window off the screen for good.
func (w *window) hide() {
	if w.there() {
		runtime.WindowHide(w.wails)
	}
}

// putAway does what the close button does.
func (w *window) putAway() {
	if w.there() {
		runtime.Hide(w.wails)
	}
}

// Browse opens an address of the web in the user's browser.
func (w *window) Browse(address string) {
	if w.there() {
		runtime.BrowserOpenURL(w.wails, address)
	}
}

// Emit gives the page an event.
func (w *window) Emit(name string, data any) {
	if w.there() {
		runtime.EventsEmit(w.wails, name, data)
	}
}

// Quit ends Run. It does not wait for that.
func (w *window) Quit() {
	select {
	case <-w.gone:
	case <-w.ready:
		runtime.Quit(w.wails)
	}
}

// PickFiles implements screen.
func (w *window) PickFiles(ctx context.Context) ([]string, error) {
	words := *w.words.Load()
	return ask(ctx, w, func() ([]string, error) {
		return runtime.OpenMultipleFilesDialog(w.wails, runtime.OpenDialogOptions{Title: words.add, Filters: mediaFilters(words)})
	})
}

// PickTarget implements screen.
func (w *window) PickTarget(ctx context.Context, name string) (string, error) {
	ext, title := filepath.Ext(name), w.words.Load().save
	return ask(ctx, w, func() (string, error) {
		return runtime.SaveFileDialog(w.wails, runtime.SaveDialogOptions{
			Title: title, DefaultFilename: name, CanCreateDirectories: true,
			Filters: []runtime.FileFilter{{DisplayName: strings.ToUpper(strings.TrimPrefix(ext, ".")), Pattern: "*" + ext}},
		})
	})
}

// Reveal implements screen. What shows folders lives on when the request ends.
func (w *window) Reveal(ctx context.Context, path string) error {
	return showFile(context.WithoutCancel(ctx), goruntime.GOOS, path)
}

// Say tells the user what went wrong, and waits until it was read.
func (w *window) Say(ctx context.Context, title, text string) {
	_, err := ask(ctx, w, func() (string, error) {
		return runtime.MessageDialog(w.wails, runtime.MessageDialogOptions{
			Type: runtime.ErrorDialog, Title: title, Message: literal(text), Buttons: []string{"OK"}, DefaultButton: "OK",
		})
	})
	if err != nil {
		w.log.Error("dialog not shown", "err", err)
	}
}

// ask runs a dialog, unless another one is open. Only the user can end a
// dialog: when ctx or the window ends first, it is left to end with the process.
func ask[T any](ctx context.Context, w *window, dialog func() (T, error)) (T, error) {
	var none T
	select {
	case <-ctx.Done():
		return none, nil
	case <-w.gone:
		return none, nil
	case <-w.ready:
	}
	if !w.dialog.TryLock() {
		return none, nil
	}
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		defer w.dialog.Unlock()
		v, err := dialog()
		answers <- answer{v, err}
	}()
	select {
	case <-ctx.Done():
		return none, nil
	case <-w.gone:
		return none, nil
	case a := <-answers:
		if a.err != nil {
			return none, fmt.Errorf("show dialog: %w", a.err)
		}
		return a.value, nil
	}
}

// mediaFilters are the kinds of files that are offered first. What is one of
// them is decided by ffmpeg, not here.
func mediaFilters(words dialogWords) []runtime.FileFilter {
	var patterns []string
	for _, ext := range strings.Fields(`mp4 m4v mov mkv webm avi wmv flv mpg mpeg ts mts m2ts 3gp ogv
		mp3 m4a m4b aac wav aif aiff flac ogg oga opus wma caf amr mka`) {
		patterns = append(patterns, "*."+ext)
		if goruntime.GOOS == "linux" { // where case counts
			patterns = append(patterns, "*."+strings.ToUpper(ext))
		}
	}
	filters := []runtime.FileFilter{{DisplayName: words.media, Pattern: strings.Join(patterns, ";")}}
	if goruntime.GOOS == "linux" { // a Mac adds up all filters
		filters = append(filters, runtime.FileFilter{DisplayName: words.all, Pattern: "*"})
	}
	return filters
}

// background is what is seen before the page has painted: the page's own surface.
func background() *options.RGBA {
	if prefersDark() {
		return options.NewRGB(0x1c, 0x1e, 0x1f)
	}
	return options.NewRGB(0xff, 0xff, 0xff)
}

// wailsLog gives what Wails says to our log.
type wailsLog struct{ log *slog.Logger }

func (l wailsLog) Print(message string)   { l.Debug(message) }
func (l wailsLog) Trace(message string)   { l.Debug(message) }
func (l wailsLog) Debug(message string)   { l.log.Debug("window", "said", message) }
func (l wailsLog) Info(message string)    { l.Debug(message) }
func (l wailsLog) Warning(message string) { l.log.Warn("window", "said", message) }
func (l wailsLog) Error(message string)   { l.log.Error("window", "err", errors.New(message)) }
func (l wailsLog) Fatal(message string)   { l.Error(message) }

// showFile shows a file among its neighbours, in whatever the user looks at
// folders with. It waits for that program where it does not stand by itself.
func showFile(ctx context.Context, system, path string) error {
	var tried []error
	for _, command := range revealing(system, path) {
		err := exec.CommandContext(ctx, command[0], command[1:]...).Run()
		if err == nil {
			return nil
		}
		tried = append(tried, err)
	}
	return errors.Join(tried...)
}
