//go:build desktop && !bindings && (darwin || linux)

package app

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sluice/internal/cli"
	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/install"
	"sluice/internal/notice"
	"sluice/internal/tray"
)

// lingering is how long the loop of the window may take to end after
// everything else has.
const lingering = 2 * time.Second

// desktop is the app with its window.
func (p *program) desktop() func(context.Context, cli.DesktopOptions) error { return p.openDesktop }

// openDesktop runs the app, or gives the files to the one that runs already.
// It must be called on the main thread.
func (p *program) openDesktop(ctx context.Context, o cli.DesktopOptions) error {
	began := time.Now()
	set, err := p.load(nil)
	if err != nil {
		return apologize(ctx, err)
	}
	log, file := fileLogger(set.Dirs)
	defer func() { _ = file.Close() }()
	w := newWindow(o.Hidden, newFrames(filepath.Join(set.Dirs.Data, "window.json")), log)
	first := &second{found: discoveryFile(set), open: openAddress, note: o.Note, files: o.Files, hidden: o.Hidden}
	r, err := startOrJoin(ctx, func() (*running, error) { return p.start(ctx, nil, log, w) }, first.hand)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil // told to end before it had begun
	case err != nil:
		return apologize(ctx, err)
	case r == nil:
		return nil
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	c := r.core
	d := &desktop{window: w, running: r, shell: newShell(w, c.desk, c.board, log), end: end, stopped: make(chan struct{})}
	w.shown = func() { d.shell.veil(false) }
	d.outlet = newOutlet(w, d.shell.Lead, log)
	d.notices = notice.New(c.board, notice.Config{
		Language: preferredLanguage(),

		About:   func() string { return c.settings.Now().Notify.About },
		Looking: d.shell.looking.Load,
		Send:    d.outlet.notify,
		// On Linux some characters of a notification are markup.
		Verbatim: runtime.GOOS == "darwin",
	}, log)
	var page atomic.Pointer[string] // of a newer version
	d.tray = tray.New(c.board, tray.Actions{
		Pause:    func() { d.shell.heed(c.desk.Pause(ctx)) },
		Resume:   func() { d.shell.heed(c.desk.Resume(ctx)) },
		AddFiles: d.shell.Ask,
		Open:     w.Show,
		Show:     d.shell.Lead,
		Update: func() {
			if url := page.Load(); url != nil && *url != "" {
				w.Browse(*url)
			}
		},
		Quit: end,
	}, tray.Config{Language: preferredLanguage(), Outside: d.outlet.outline}, log)
	c.updates.Follow(func(v, url string) { page.Store(&url); d.tray.SetUpdate(v) })
	speak := func(code string) {
		d.tray.SetLanguage(code)
		d.notices.SetLanguage(code)
		w.SetLanguage(code)
	}
	speak(preferredLanguage())
	d.shell.Add(o.Files...)
	return d.run(ctx, &shellRoutes{
		shell:    d.shell,
		api:      httpapi.New(p.httpDeps(r, w)),
		language: speak,
		resized:  w.resized,
		host:     newHost(),
		began:    began,
		ending:   ctx.Done(),
		log:      log,
	})
}

// desktop is the window, the tray and the server in one process. Whatever ends
// it - the tray, Cmd-Q, a signal, a logout - ends the server first, while the
// loop of the window still runs, and the loop last.
type desktop struct {
	window  *window
	running *running
	shell   *shell
	tray    *tray.Tray
	notices *notice.Notices
	outlet  *outlet

	end     context.CancelFunc
	stopped chan struct{} // closed when the server has ended and the store is closed
	failed  error         // why it ended by itself; set before stopped

	left   atomic.Bool // the loop was told to end
	system atomic.Bool // the system ends the process when we are done
	broken atomic.Bool // the server failed by itself
}

func (d *desktop) run(ctx context.Context, page http.Handler) error {
	var group sync.WaitGroup
	group.Go(func() { d.work(ctx) })
	done := make(chan struct{})
	group.Go(func() { insist(done) })

	// Hidden at once: who quits does not want to watch.
	keep := context.AfterFunc(ctx, func() {
		if !d.broken.Load() { // then there is something to read
			d.window.hide()
		}
	})
	defer keep()
	hookSystem(d.window.hidden, hooks{
		reopen: d.window.Show, terminate: d.terminate, pageEnded: func() { d.shell.lose(); d.window.refresh() },
	})
	err := d.window.Run(course{
		page:    page,
		opened:  d.shell.Add,
		asked:   d.shell.Ask,
		started: func() { onMain(func() { d.outlet.start(); d.tray.Start() }) },
		leaving: d.leave,
		ended:   d.tray.Stop,
	})
	d.end()
	close(done)
	group.Wait()
	return errors.Join(d.failed, err)
}

// work runs the server until ctx ends, or it fails for good; then it ends the
// window too.
func (d *desktop) work(ctx context.Context) {
	err := d.running.Run(ctx, d.shell.follow, d.shell.take, d.shell.answer, d.notices.Run, d.tray.Run)
	d.outlet.close()
	d.running.Close()
	d.failed = err
	close(d.stopped)
	if err != nil && ctx.Err() == nil {
		f := fault.From(err)
		d.broken.Store(true)
		d.end() // nothing behind page and menu can be relied on any more
		d.window.Show()
		d.window.Say(context.WithoutCancel(ctx), "Sluice has stopped", f.Say+"\n\n"+f.Hint)
	}
	d.linger()
	mayTerminate()
	if !d.system.Load() {
		d.window.Quit()
	}
}

// linger ends the process when the loop does not. An open dialog has one of its
// own, which nobody but the user ends.
func (d *desktop) linger() {
	code := cli.ExitOK
	if d.failed != nil {
		code = cli.ExitFailed
	}
	time.AfterFunc(lingering, func() { os.Exit(code) })
}

// terminate begins to end the app for the system, which waits for mayTerminate.
func (d *desktop) terminate() {
	d.system.Store(true)
	d.end()
}

// leave is asked before the loop ends, and lets it end once, when everything
// else has.
func (d *desktop) leave() (stay bool) {
	d.end()
	<-d.stopped
	if d.system.Load() || d.left.Swap(true) {
		return true
	}
	d.linger()
	d.window.settle()
	wakeLoop()
	return false
}

// insist ends the process the hard way at the second signal: the first has
// begun to end it gently.
func insist(done <-chan struct{}) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	for range 2 {
		select {
		case <-done:
			return
		case <-signals:
		}
	}
	os.Exit(cli.ExitFailed)
}

// apologize shows in a dialog why the app cannot start. The error is given
// back: who started it in a terminal reads it there.
func apologize(ctx context.Context, err error) error {
	w := newWindow(true, newFrames(""), logger())
	f := fault.From(err)
	quit := context.AfterFunc(ctx, func() { time.AfterFunc(lingering, func() { os.Exit(cli.ExitFailed) }) })
	defer quit()
	hookSystem(false, hooks{reopen: func() {}, terminate: mayTerminate, pageEnded: func() {}})
	var group sync.WaitGroup
	group.Go(func() {
		w.Say(ctx, "Sluice cannot start", f.Say+"\n\n"+f.Hint)
		w.Quit()
	})
	shown := w.Run(course{
		page:    http.NotFoundHandler(),
		opened:  func(...string) {},
		asked:   func() {},
		started: func() {},
		leaving: func() bool { wakeLoop(); return false },
		ended:   func() {},
	})
	group.Wait()
	if shown != nil {
		w.log.Debug("dialog not shown", "err", shown)
	}
	return err
}

// newHost looks at this system and this program. Where there is no home, a login
// and shells have nowhere to look: both cannot be set then.
func newHost() host {
	program, err := os.Executable()
	home, none := os.UserHomeDir()
	if errors.Join(err, none) != nil {
		return host{login: install.NewLogin(install.LoginConfig{})}
	}
	return host{
		login: install.NewLogin(install.LoginConfig{
			System: runtime.GOOS, Home: home, Config: os.Getenv("XDG_CONFIG_HOME"), Program: program,
		}),
		tool: install.NewTool(install.ToolConfig{
			System: runtime.GOOS, Home: home, Program: program, Path: os.Getenv("PATH"),
		}),
	}
}

// openAddress opens a page in the user's browser.
func openAddress(ctx context.Context, address string) error {
	return exec.CommandContext(ctx, opener, address).Run()
}

// heed tells of a click in the menu that came to nothing.
func (s *shell) heed(err error) {
	if err != nil {
		s.screen.Show() // it is said there
		s.fail(err)
	}
}

// lose hears that the page's process has ended: nobody looks at it, and it has
// yet to stand again.
func (s *shell) lose() {
	s.veil(false)
	s.looking.Store(false)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stood = false
}
