package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/oklog/ulid/v2"
	"golang.org/x/sync/errgroup"

	"sluice/internal/admission"
	"sluice/internal/board"
	"sluice/internal/delivery"
	"sluice/internal/disk"
	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/intake"
	"sluice/internal/job"
	"sluice/internal/library"
	"sluice/internal/media"
	"sluice/internal/models"
	"sluice/internal/ollama"
	"sluice/internal/pipeline"
	"sluice/internal/power"
	"sluice/internal/queue"
	"sluice/internal/settings"
	"sluice/internal/sqlitestore"
	"sluice/internal/whisper"
)

// core is the headless whole: the line, its worker and all they need. The
// server and 'sluice transcribe' both run one.
type core struct {
	log      *slog.Logger
	boot     string // names this start
	store    *sqlitestore.Store
	intake   *intake.Intake
	media    *media.FFmpeg
	models   *finder
	gate     *admission.Gate
	board    *board.Board
	machine  *machine
	recorder *board.Recorder
	library  *library.Library
	editor   *editor
	pipeline *pipeline.Pipeline
	engine   *whisper.Transcriber
	examined examined
	relay    *relay
	queue    *queue.Queue
	desk     *desk
	settings inForce
	rewatch  chan struct{}  // other folders may be watched
	wanted   chan struct{}  // auto_download may have been switched on
	book     *settings.Book // of a server; nil = nothing changes while it runs
	room     room
	updates  *updates

	ollama *ollama.Server // of our own, started where nobody listens; nil = the settings forbid it
	llms   *llms
	sender *delivery.Sender

	metrics *httpapi.Metrics
}

// plan is what a core is built from.
type plan struct {
	settings inForce
	data     string // the folder for the line, workdirs and uploads
	locks    string // the folder for what one user has once, whatever the line
	learnt   string // a database that knows more of models than the line's own; "" = none does
	log      *slog.Logger
}

// newCore builds everything and starts nothing. The caller closes it.
func newCore(ctx context.Context, p plan) (*core, error) {
	c := &core{log: p.log, boot: ulid.Make().String(), settings: p.settings, wanted: make(chan struct{}, 1), rewatch: make(chan struct{}, 1)}
	s := p.settings.Now()
	for _, dir := range []string{p.data, p.locks} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make data folder: %w", err)
		}
	}
	var err error
	if c.store, err = sqlitestore.Open(ctx, sqlitestore.Config{
		Path: databaseFile(p.data), MinFree: floor(min(s.Disk.MinFree, sqlitestore.MinFree)),
	}, p.log); err != nil {
		return nil, err
	}
	c.room = room{dir: p.data, minFree: s.Disk.MinFree, short: newShortage()}
	web, err := newWeb(s)
	if err != nil {
		return nil, errors.Join(err, c.store.Close())
	}
	web.Short = c.room.short.tell
	c.intake = intake.New(intake.Config{
		UploadDir: filepath.Join(p.data, "uploads"),
		MaxUpload: s.Uploads.Max,
		MinFree:   floor(s.Disk.MinFree),
		Web:       web,
		Limits:    limits(p.settings),
	})
	around := surroundings{power: power.New(p.log), engine: func() int64 {
		_, bytes := c.engine.Holding() // nobody asks before it is made
		return bytes
	}}
	if c.ollama, around.ollama, err = newOllama(s, p.locks, p.log); err != nil {
		return nil, errors.Join(err, c.store.Close())
	}
	probe := newProbe(s, around.engine)
	c.gate = newGate(p.settings, probe, around, p.log)
	if c.models, err = newFinder(p.settings, c.knownPeaks(p), c.gate); err != nil {
		return nil, errors.Join(err, c.store.Close())
	}
	growing := func(path string) *pipeline.Sound { return c.pipeline.Growing(path) } // nobody asks before it is made
	if c.engine, err = newEngine(filepath.Join(p.locks, "engine.lock"), c.gate, probe, growing, p.log); err != nil {
		return nil, errors.Join(err, c.store.Close())
	}
	c.examined = examine(p.settings, c.gate, around, c.models, p.log)
	c.examined.engine = c.engine.Holding
	c.metrics = httpapi.NewMetrics(version)
	c.relay = newRelay(power.NewAwake(p.log))
	c.relay.saw = c.metrics.JobChanged
	c.llms = &llms{
		Client: around.ollama, server: c.ollama, settings: p.settings, gate: c.gate, peaks: c.knownPeaks(p), suits: c.examined.suits,
		learn: func(m pipeline.Model, peak int64) { c.relay.Measured(m, peak) },
	}
	c.llms.pulls = ollama.NewPulls(ollama.PullsDeps{Client: around.ollama, Changed: c.pulled, Log: p.log})
	c.media = media.New(media.Config{FFmpeg: s.Media.FFmpeg, MinFree: floor(s.Disk.MinFree)}, p.log)
	var folder *exporter
	if p.learnt == "" { // a run in the foreground says itself where its texts go
		if folder, err = newExporter(p.settings, c.store); err != nil {
			return nil, errors.Join(err, c.store.Close())
		}
	}
	c.pipeline = pipeline.New(pipeline.Deps{
		Sources:     c.intake,
		Extractor:   c.media,
		Models:      c.models,
		Transcriber: c.engine,
		Checkpoints: c.store,
		Gate:        c.gate,
		Room:        c.room,
		Listener:    c.relay,

		LanguageModels: c.llms,
		Translator:     c.llms,
		Summarizer:     c.llms,
		Exporter:       folder.orNone(),
	}, pipeline.Config{
		WorkDir: filepath.Join(p.data, "work"),
		Context: c.llms.context(),
		FinishWithoutOllama: func() bool {
			return p.settings.Now().Ollama.WhenAway == "finish" || p.learnt != "" // nobody waits in front of a terminal
		},
		Exports: folder.wanted,
	})
	c.queue = queue.New(queue.Deps{
		Store:    c.store,
		Runner:   c.pipeline,
		Gate:     c.gate,
		Check:    c.models,
		Listener: c.relay,
		Idle:     c.engine.Release,
		Log:      p.log,
	}, queue.Config{Owner: c.boot, CleanStart: !c.store.Unclean()})
	c.updates = newUpdates(p.settings, p.data, c.store, c.relay.LineChanged, p.log)
	c.board = board.New(c.boot, standing{c.queue, c.updates}, c.gate)
	c.recorder = board.NewRecorder(board.RecorderDeps{
		Machine: c.gate, History: c.store, Log: p.log,
		Counts: func(ctx context.Context) (map[job.State]int, error) { return c.queue.Counts(ctx) },
		Engine: func() int64 { _, bytes := c.engine.Holding(); return bytes },
	})
	c.machine = &machine{Gate: c.gate, Recorder: c.recorder, engine: c.engine, past: c.store, started: time.Now()}
	c.relay.board, c.relay.line, c.relay.peaks, c.relay.machine = c.board, c.queue, c.store, c.gate
	c.models.downloads = models.NewDownloads(models.DownloadsDeps{Store: c.models.Store, Changed: c.relay.ModelChanged, Log: p.log})
	c.library = library.New(c.store, c.queue)
	c.editor = newEditor(c.library, c.store, folder, p.log)
	hooks, err := newHooks(s)
	if err != nil {
		return nil, errors.Join(err, c.store.Close())
	}
	box, err := newBox(s)
	if err != nil {
		return nil, errors.Join(err, c.store.Close())
	}
	c.sender = newSender(p.settings, hooks, box, c)
	c.relay.ended = c.sender.Wake
	mayTell := func(address string) error { return checkHook(hooks, address) }
	meant := func() defaults {
		s := p.settings.Now()
		return newDefaults(s, c.models.standard, newWishes(s, c.llms, mayTell))
	}
	c.desk = &desk{Queue: c.queue, sources: c.intake, gather: intake.Gather, defaults: meant, language: whisper.KnowsLanguage, notices: c.updates, changed: c.relay.LineChanged, accepted: c.models.fetch}
	c.machine.line = c.desk
	return c, nil
}

// knownPeaks is who knows what models take.
func (c *core) knownPeaks(p plan) knownPeaks {
	if p.learnt != "" {
		return sqlitestore.PeaksIn(p.learnt)
	}
	return c.store
}

func databaseFile(data string) string { return filepath.Join(data, "sluice.db") }

// floor is disk.min_free as the adapters take it: for them 0 means their own
// default, and less than that no floor.
func floor(minFree int64) int64 {
	if minFree == 0 {
		return -1
	}
	return minFree
}

// room is the disk of the data folder; it implements pipeline.Room.
type room struct {
	dir     string
	minFree int64
	short   shortage
}

// Check says whether there is space for more work.
func (r room) Check(context.Context) error {
	free, err := disk.Free(r.dir)
	if err != nil || free >= r.minFree {
		return nil // a disk that cannot be asked is tried
	}
	r.short.tell(r.minFree - free)
	return fault.New(fault.DiskFull, fmt.Sprintf("The disk has %s free, and %s are to stay free.",
		job.FormatBytes(free), job.FormatBytes(r.minFree)), nil).
		WithHint("Free some space, or lower disk.min_free; nothing was lost.")
}

// newEngine prepares the speech engine: this same binary in another process.
func newEngine(lock string, gate *admission.Gate, probe probe, growing func(path string) *pipeline.Sound, log *slog.Logger) (*whisper.Transcriber, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own binary: %w", err)
	}
	return whisper.New(whisper.Config{
		Command:        []string{self, "engine"},
		LockPath:       lock,
		Planning:       whisper.Planning{Growing: growing},
		MemoryCritical: gate.Critical,
		OutOfMemoryKills: func() int64 {
			n, err := probe.OutOfMemoryCount(context.Background())
			if err != nil {
				return -1 // a system without such a counter
			}
			return n
		},
	}, log), nil
}

// Run works until ctx ends or a part fails for good. A job that runs is put
// back uncounted and the engine is gone when Run returns.
func (c *core) Run(ctx context.Context, more ...func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	parts := append([]func(context.Context) error{c.gate.Run, c.relay.Run, c.work, c.watchModels, c.watchOllama, c.serveOllama}, more...)
	for _, part := range parts {
		g.Go(func() error { return part(ctx) })
	}
	done := make(chan error, 1)
	go func() { done <- g.Wait() }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		// A look at a file on a share that is gone may never return, and no context
		// ends it. By now the worker has long put its job back.
		select {
		case err = <-done:
		case <-time.After(stopPatience):
			c.log.Error("a part does not end and is left behind")
			if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
				err = cause // what another part has failed with
			}
		}
	}
	c.engine.Release()
	return err
}

// work runs the line and sweeps after it. What a process has left that nobody
// closed is looked at first: nothing may be taken, and nothing removed, by what
// a damaged database says.
func (c *core) work(ctx context.Context) error {
	for c.store.Unclean() {
		err := c.store.Verify(ctx)
		if err == nil {
			break
		}
		if ctx.Err() == nil { // a full disk, for one
			c.log.Error("line stands still: database not verified", "err", err)
		}
		if !pause(ctx, verifyAgain) {
			return nil
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.queue.Run(ctx) })
	g.Go(func() error { return c.sweep(ctx) })
	return g.Wait()
}

// verifyAgain is how soon a database is looked at again that could not be.
const verifyAgain = 5 * time.Second

// keep watches over the database; see sqlitestore.Store.WatchOver.
func (c *core) keep(ctx context.Context) error {
	return c.store.WatchOver(ctx, func() {
		c.board.Publish(board.Event{Kind: board.Reset})
		c.queue.Wake()
	})
}

// stopPatience is how long the parts may take to end: longer than the worker
// needs to stop a job and to write it back.
const stopPatience = 15 * time.Second

// Close ends what newCore opened.
func (c *core) Close() error { return c.store.Close() }
