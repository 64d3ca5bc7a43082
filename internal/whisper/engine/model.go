//go:build cgo

package engine

/*
#cgo CFLAGS: -I${SRCDIR}/../../../build/cache/whisper/include -I${SRCDIR}/../../../build/cache/whisper/ggml/include
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <whisper.h>

// What the binding has no words for: how a model is opened, how decoding is
// bounded, and how a run is watched and stopped.

struct watch {
	int  abort;
	long steps;
};

static bool watch_step(void *data) {
	struct watch *w = data;
	__atomic_fetch_add(&w->steps, 1, __ATOMIC_RELAXED);
	return __atomic_load_n(&w->abort, __ATOMIC_ACQUIRE) != 0;
}

static bool watch_encoder(struct whisper_context *ctx, struct whisper_state *state, void *data) {
	(void)ctx;
	(void)state;
	return !watch_step(data);
}

static void watch_abort(struct watch *w, int abort) { __atomic_store_n(&w->abort, abort, __ATOMIC_RELEASE); }
static int  watch_aborted(struct watch *w) { return __atomic_load_n(&w->abort, __ATOMIC_ACQUIRE); }
static long watch_steps(struct watch *w) { return __atomic_load_n(&w->steps, __ATOMIC_RELAXED); }

struct log_state {
	int verbose;
	int printing; // whether a line is being continued
	int no_memory;
};

static void log_line(enum ggml_log_level level, const char *text, void *data) {
	struct log_state *s = data;
	if (level != GGML_LOG_LEVEL_CONT) {
		s->printing = s->verbose || level == GGML_LOG_LEVEL_WARN || level == GGML_LOG_LEVEL_ERROR;
	}
	if (level == GGML_LOG_LEVEL_ERROR && strstr(text, "alloc") != NULL) {
		s->no_memory = 1;
	}
	if (s->printing) {
		fputs(text, stderr);
	}
}

static void log_to_stderr(struct log_state *s) {
	whisper_log_set(log_line, s);
	ggml_log_set(log_line, s);
}

static struct whisper_context *open_model(const char *path, bool gpu, bool flash) {
	struct whisper_context_params p = whisper_context_default_params();
	p.use_gpu = gpu;
	p.flash_attn = flash;
	return whisper_init_from_file_with_params(path, p);
}

static void bound(struct whisper_full_params *p, struct watch *w) {
	p->no_context = true;
	p->n_max_text_ctx = 0;
	p->suppress_blank = true;
	p->suppress_nst = false; // without these tokens a small model talks on where it would be silent
	p->temperature = 0.0f;
	p->temperature_inc = 0.2f;
	p->entropy_thold = 2.4f;
	p->logprob_thold = -1.0f;
	p->no_speech_thold = 0.6f;
	p->print_progress = false;
	p->print_realtime = false;
	p->print_timestamps = false;
	p->abort_callback = watch_step;
	p->abort_callback_user_data = w;
	p->encoder_begin_callback = watch_encoder;
	p->encoder_begin_callback_user_data = w;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	binding "github.com/ggerganov/whisper.cpp/bindings/go"

	"sluice/internal/fault"
	"sluice/internal/whisper"
)

type model struct {
	ctx   *binding.Context
	watch *C.struct_watch
	log   *C.struct_log_state
}

func open(cfg Config) (recogniser, error) {
	// The log lives as long as the process: whisper.cpp keeps the pointer.
	log := (*C.struct_log_state)(C.calloc(1, C.sizeof_struct_log_state))
	if cfg.Verbose {
		log.verbose = 1
	}
	C.log_to_stderr(log)

	path := C.CString(cfg.Model)
	defer C.free(unsafe.Pointer(path))
	ctx := (*binding.Context)(unsafe.Pointer(C.open_model(path, C.bool(!cfg.NoGPU), C.bool(!cfg.NoFlash))))
	if ctx == nil {
		if log.no_memory != 0 {
			return nil, noMemory(errors.New("whisper.cpp could not load the model"))
		}
		return nil, fault.New(fault.ModelDamaged, "The speech model cannot be loaded.", errors.New("whisper.cpp refused it"))
	}
	return &model{ctx: ctx, watch: (*C.struct_watch)(C.calloc(1, C.sizeof_struct_watch)), log: log}, nil
}

func noMemory(err error) error {
	return fault.New(fault.EngineOutOfMemory, "The speech engine got no memory.", err)
}

func (m *model) multilingual() bool { return m.ctx.Whisper_is_multilingual() != 0 }
func (m *model) abort()             { C.watch_abort(m.watch, 1) }
func (m *model) allow()             { C.watch_abort(m.watch, 0) }
func (m *model) aborted() bool      { return C.watch_aborted(m.watch) != 0 }
func (m *model) steps() int64       { return int64(C.watch_steps(m.watch)) }

func (m *model) close() {
	m.ctx.Whisper_free()
	C.free(unsafe.Pointer(m.watch))
}

func (m *model) detect(samples []float32, threads int) (string, float64, error) {
	if err := m.ctx.Whisper_pcm_to_mel(samples, threads); err != nil {
		return "", 0, m.failed(err)
	}
	if m.aborted() {
		return "", 0, errAborted
	}
	probabilities, err := m.ctx.Whisper_lang_auto_detect(0, threads)
	if err != nil {
		return "", 0, m.failed(err)
	}
	best := 0
	for id, p := range probabilities {
		if p > probabilities[best] {
			best = id
		}
	}
	return binding.Whisper_lang_str(best), float64(probabilities[best]), nil
}

func (m *model) hear(samples []float32, r whisper.Request, each func(rawSegment), progress func(float64)) ([]rawSegment, error) {
	strategy := binding.SAMPLING_GREEDY
	if r.Beam > 1 {
		strategy = binding.SAMPLING_BEAM_SEARCH
	}
	params := m.ctx.Whisper_full_default_params(strategy)
	params.SetBeamSize(min(max(r.Beam, 1), maxBeam))
	params.SetThreads(r.Threads)
	params.SetTokenTimestamps(r.Words)
	language := m.ctx.Whisper_lang_id(r.Language)
	if err := params.SetLanguage(language); err != nil {
		return nil, fmt.Errorf("language %q: %w", r.Language, err)
	}
	C.bound((*C.struct_whisper_full_params)(unsafe.Pointer(&params)), m.watch)

	told := 0
	onSegment := func(int) {
		for n := m.ctx.Whisper_full_n_segments(); told < n; told++ {
			each(m.segment(told))
		}
	}
	onProgress := func(percent int) { progress(float64(percent) / 100) }
	err := m.ctx.Whisper_full(params, samples, nil, onSegment, onProgress)
	// An abort between two windows looks like success.
	if m.aborted() {
		return nil, errAborted
	}
	if err != nil {
		return nil, m.failed(err)
	}
	segments := make([]rawSegment, m.ctx.Whisper_full_n_segments())
	for i := range segments {
		segments[i] = m.segment(i)
	}
	return segments, nil
}

// maxBeam is WHISPER_MAX_DECODERS: with more, whisper.cpp refuses to run.
const maxBeam = 8

// segment reads one segment; whisper.cpp counts in 10 ms.
func (m *model) segment(i int) rawSegment {
	s := rawSegment{
		start: 10 * m.ctx.Whisper_full_get_segment_t0(i),
		end:   10 * m.ctx.Whisper_full_get_segment_t1(i),
	}
	special := m.ctx.Whisper_token_eot()
	for k := range m.ctx.Whisper_full_n_tokens(i) {
		data := m.ctx.Whisper_full_get_token_data(i, k)
		if data.Id() >= special {
			continue
		}
		s.tokens = append(s.tokens, rawToken{
			start: 10 * data.T0(), end: 10 * data.T1(), text: m.ctx.Whisper_full_get_token_text(i, k),
		})
	}
	return s
}

func (m *model) failed(err error) error {
	if m.log.no_memory != 0 {
		return noMemory(err)
	}
	return fault.New(fault.EngineCrashed, "The speech engine could not go on.", err)
}
