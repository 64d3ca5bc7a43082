package power

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Awake keeps the machine from falling asleep for want of somebody at it,
// while it is held. The display may go dark, and a lid that is closed still
// sends it to sleep. Where the system offers no way, nothing happens.
//
// A tool of the system does it for as long as it runs. It ends with us however
// we end: caffeinate watches our process, and what systemd-inhibit runs is a
// cat that reads from us, which ends when the pipe does.
type Awake struct {
	log     *slog.Logger
	command func() ([]string, error) // the tool and its arguments

	mu   sync.Mutex
	tool *tool // that runs, or has ended by itself; nil = not held

	said sync.Once // that it does not work
}

// tool is the program that keeps the machine awake while it runs.
type tool struct {
	stdin io.Closer
	end   context.CancelFunc
	gone  chan struct{} // closed when it has ended
	later time.Time     // it gave up by itself: nothing is gained by another before; read it once gone is closed
}

const (
	endLimit = 2 * time.Second // for a tool that was asked to end
	respite  = time.Minute     // after one that found nobody to ask
)

// NewAwake makes one that is not held.
func NewAwake(log *slog.Logger) *Awake {
	return &Awake{log: log, command: func() ([]string, error) { return stayAwake(runtime.GOOS, exec.LookPath) }}
}

// stayAwake is the command that keeps a system of this name awake.
func stayAwake(system string, look func(string) (string, error)) ([]string, error) {
	switch system {
	case "darwin":
		return []string{"/usr/bin/caffeinate", "-i", "-w", strconv.Itoa(os.Getpid())}, nil
	case "linux":
		inhibit, err := look("systemd-inhibit")
		if err != nil {
			return nil, err
		}
		cat, err := look("cat")
		if err != nil {
			return nil, err
		}
		return []string{inhibit, "--what=idle", "--mode=block", "--who=Sluice", "--why=A job is running", cat}, nil
	}
	return nil, errors.ErrUnsupported
}

// Hold keeps the machine awake until Release. Holding twice is holding once.
// It does not wait, and a machine that cannot be kept awake is no error.
func (a *Awake) Hold() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tool != nil {
		if a.tool.runs() || time.Now().Before(a.tool.later) {
			return
		}
		a.tool.stop() // somebody ended it: start another
	}
	var err error
	if a.tool, err = a.start(); err != nil {
		a.complain(err)
	}
}

// Release lets the machine sleep again. It returns when the tool has ended,
// two seconds later at most. Call it before the program ends.
func (a *Awake) Release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tool != nil {
		a.tool.stop()
		a.tool = nil
	}
}

func (a *Awake) start() (*tool, error) {
	args, err := a.command()
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = endLimit
	// Ctrl-C in a terminal is for us, who may still have a job to put back.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		end()
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		end()
		return nil, err
	}
	t := &tool{stdin: stdin, end: end, gone: make(chan struct{})}
	go func() {
		defer close(t.gone)
		// One that ends unasked found nobody to ask, or was ended by somebody.
		err := cmd.Wait()
		if ctx.Err() != nil {
			return
		}
		a.complain(err)
		if cmd.ProcessState.Exited() {
			t.later = time.Now().Add(respite)
		}
	}()
	return t, nil
}

// complain says once that there is no way.
func (a *Awake) complain(err error) {
	a.said.Do(func() { a.log.Debug("machine cannot be kept awake", "err", err) })
}

func (t *tool) runs() bool {
	select {
	case <-t.gone:
		return false
	default:
		return true
	}
}

// stop ends the tool and waits for it. A program below it that reads from us
// ends with the pipe.
func (t *tool) stop() {
	_ = t.stdin.Close() // closed already when the tool has ended
	t.end()
	<-t.gone
}
