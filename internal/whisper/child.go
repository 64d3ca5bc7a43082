package whisper

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"sluice/internal/fault"
)

// child is a living engine with one model. Its process is waited for by
// exactly one goroutine, whatever ends it.
type child struct {
	model        string
	multilingual bool
	threads      int

	log      *slog.Logger
	pid      int
	in       io.WriteCloser
	messages chan Message  // closed when the engine's output ends
	gone     chan struct{} // closed when the process is waited for
	state    *os.ProcessState
	stderr   *tail
	nextID   int64
	beam     int // the widest search it was asked for

	footprint   atomic.Int64 // bytes, as the engine told it last
	loaded      atomic.Bool  // its model
	memoryShort func() bool  // whether memory ran out since the start
}

// startChild starts the process; the model is loaded when it says ready.
func startChild(cfg Config, model string, log *slog.Logger) (*child, error) {
	command := append(slices.Clone(cfg.Command), "--model", model)
	cmd := exec.Command(command[0], command[1:]...) //nolint:noctx // an engine outlives the request it was started for
	cmd.Env = slices.Concat(os.Environ(), calm(), cfg.Env)
	cmd.SysProcAttr = ownGroup()
	cmd.WaitDelay = 2 * time.Second
	c := &child{
		model: model, log: log, stderr: &tail{},
		messages: make(chan Message, 64), gone: make(chan struct{}),
		memoryShort: watchMemory(cfg),
	}
	cmd.Stderr = c.stderr
	var err error
	if c.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	started := make(chan error)
	go func() {
		// The kernel ends the engine when the thread that started it ends, and
		// this thread lives exactly as long as the engine: it is never unlocked.
		runtime.LockOSThread()
		defer close(c.gone)
		err := cmd.Start()
		if err == nil {
			c.pid = cmd.Process.Pid
			beNice(c.pid)
		}
		started <- err
		if err != nil {
			return
		}
		c.listen(out)
		_ = cmd.Wait()
		c.state = cmd.ProcessState
	}()
	if err := <-started; err != nil {
		<-c.gone
		return nil, fmt.Errorf("start engine: %w", err)
	}
	log.Debug("engine started", "pid", c.pid)
	return c, nil
}

// calm is what the engine's libraries are told. Threads that spin while they
// wait cost ten times the processor on a machine that has other work: they sleep.
// One malloc arena for all threads: with glibc's usual one for each, an engine of
// 76 MB took 99 MB after twenty minutes of speech.
func calm() []string {
	return []string{"GOTRACEBACK=single", "OMP_WAIT_POLICY=passive", "MALLOC_ARENA_MAX=1"}
}

// listen reads messages until the output ends.
func (c *child) listen(out io.Reader) {
	defer close(c.messages)
	readMessages(out, func(m Message) {
		if m.Type == MsgMemory {
			c.footprint.Store(m.Bytes)
		}
		c.messages <- m
	}, func(bytes int) { c.log.Debug("engine said something else", "bytes", bytes) })
}

// readMessages hands on one message for each line, and tells of lines that are
// none: a library may say something on the wrong stream.
func readMessages(out io.Reader, each func(Message), other func(bytes int)) {
	lines := bufio.NewReaderSize(out, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var m Message
		if err := json.Unmarshal(line, &m); err != nil || m.Type == "" {
			other(len(line))
			continue
		}
		each(m)
	}
}

// send writes one request. A pipe that is closed shows as the engine's death.
func (c *child) send(r Request) {
	line, err := json.Marshal(r)
	if err == nil {
		_, err = c.in.Write(append(line, '\n'))
	}
	if err != nil {
		c.log.Debug("engine does not listen", "err", err)
	}
}

// ask sends a span and gives its id.
func (c *child) ask(r Request) int64 {
	c.nextID++
	r.ID, r.Op = c.nextID, OpSpan
	c.send(r)
	return c.nextID
}

// stop ends the engine politely, then less so, and waits until it is gone.
func (c *child) stop(polite time.Duration) {
	_ = c.in.Close()
	if c.waitGone(polite) {
		return
	}
	signalGroup(c.pid, terminate)
	if c.waitGone(500 * time.Millisecond) {
		return
	}
	c.kill()
}

// kill ends it at once and waits until it is gone.
func (c *child) kill() {
	_ = c.in.Close()
	select {
	case <-c.gone:
	default:
		signalGroup(c.pid, kill)
	}
	c.drain()
	<-c.gone
}

func (c *child) waitGone(most time.Duration) bool {
	timer := time.NewTimer(most)
	defer timer.Stop()
	messages := c.messages
	for {
		select {
		case <-c.gone:
			return true
		case _, ok := <-messages:
			if !ok {
				messages = nil
			}
		case <-timer.C:
			return false
		}
	}
}

// drain lets listen end: nobody wants the messages any more.
func (c *child) drain() {
	for range c.messages {
		continue
	}
}

// death waits until the process is gone and says why.
func (c *child) death() error {
	memoryShort := c.memoryShort() // before what it held is free again
	_ = c.in.Close()
	if !c.waitGone(2 * time.Second) {
		c.kill() // it closed its output and lives on
	}
	return deathFault(c, memoryShort)
}

// untilReady waits for the model to be loaded.
func (c *child) untilReady(ctx context.Context, stuckAfter time.Duration) error {
	timer := time.NewTimer(stuckAfter)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			c.kill()
			return context.Cause(ctx)
		case <-timer.C:
			c.kill()
			return stuckFault("it did not load the model within "+stuckAfter.String(), c.stderr.text())
		case m, ok := <-c.messages:
			switch {
			case !ok:
				return c.death()
			case m.Type == MsgError:
				c.stop(time.Second)
				return toldFault(m, c.stderr)
			case m.Type == MsgReady && m.Protocol != Protocol:
				c.stop(time.Second)
				return fault.New(fault.EngineCrashed, "Sluice was replaced by another version while it ran.",
					fmt.Errorf("engine speaks protocol %d", m.Protocol)).WithHint("Quit Sluice and start it again.")
			case m.Type == MsgReady:
				c.multilingual, c.threads = m.Multilingual, m.Threads
				c.loaded.Store(true)
				return nil
			}
		}
	}
}

func stuckFault(why, log string) error {
	return fault.New(fault.EngineStuck, "The speech engine stopped answering.",
		fmt.Errorf("engine: %s", strings.TrimSpace(why+"\n"+log)))
}
