//go:build cgo

package engine

/*
#cgo CFLAGS: -I${SRCDIR}/../../../build/cache/whisper/include -I${SRCDIR}/../../../build/cache/whisper/ggml/include
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <whisper.h>

// What the binding has no words for: how a model is opened, how decoding is
// bounded, how a run is watched and stopped, and how sure the model is.

struct watch {
	int  abort;
	long steps;

	int   threads;
	int   look;        // whether the language is wanted
	int   windows;     // begun in this run
	int   language;    // most probable in the first window; -1 = nobody looked
	float probability; // of that language

	float *no_speech; // for each segment of this run: that nobody speaks in its window
	int    segments;  // that have one
	int    room;      // for so many
};

static bool watch_step(void *data) {
	struct watch *w = data;
	__atomic_fetch_add(&w->steps, 1, __ATOMIC_RELAXED);
	return __atomic_load_n(&w->abort, __ATOMIC_ACQUIRE) != 0;
}

// look_language says which language was spoken, by what may come first.
static void look_language(struct whisper_context *ctx, struct watch *w, const float *logits) {
	int best = 0;
	for (int id = 1; id <= whisper_lang_max_id(); id++) {
		if (logits[whisper_token_lang(ctx, id)] > logits[whisper_token_lang(ctx, best)]) {
			best = id;
		}
	}
	double sum = 0;
	for (int id = 0; id <= whisper_lang_max_id(); id++) {
		sum += exp(logits[whisper_token_lang(ctx, id)] - logits[whisper_token_lang(ctx, best)]);
	}
	w->language = best;
	w->probability = 1.0 / sum;
}

// silence_of gives the probability that nobody speaks, by what may come first.
static float silence_of(struct whisper_context *ctx, const float *logits) {
	int nobody = whisper_token_nosp(ctx);
	double sum = 0;
	for (int id = 0; id < whisper_n_vocab(ctx); id++) {
		sum += exp(logits[id] - logits[nobody]);
	}
	return 1.0 / sum;
}

// note_silence gives the segments that are new their window's probability.
static void note_silence(struct watch *w, int segments, float probability) {
	if (segments > w->room) {
		int room = 2 * segments;
		float *grown = realloc(w->no_speech, room * sizeof(float));
		if (grown == NULL) {
			return;
		}
		w->no_speech = grown;
		w->room = room;
	}
	while (w->segments < segments) {
		w->no_speech[w->segments++] = probability;
	}
}

// end_window looks at the window that was encoded last, which is still there,
// with one step of the decoder. whisper.cpp's own detection of the language
// encodes the window anew, and its probability that nobody speaks is right
// only when the prompt is one token: else it is left from what ran before.
static void end_window(struct whisper_context *ctx, struct watch *w) {
	int segments = whisper_full_n_segments(ctx);
	bool look = w->windows == 1 && w->look;
	if (w->windows == 0 || (segments == w->segments && !look)) {
		return;
	}
	whisper_token start = whisper_token_sot(ctx);
	if (whisper_decode(ctx, &start, 1, 0, w->threads) != 0) {
		return;
	}
	const float *logits = whisper_get_logits(ctx);
	if (look) {
		look_language(ctx, w, logits);
	}
	note_silence(w, segments, silence_of(ctx, logits));
}

static bool watch_encoder(struct whisper_context *ctx, struct whisper_state *state, void *data) {
	struct watch *w = data;
	(void)state;
	end_window(ctx, w);
	w->windows++;
	return !watch_step(w);
}

static void begin_run(struct whisper_context *ctx, struct watch *w, int threads, bool look) {
	w->threads = threads;
	w->look = look && whisper_is_multilingual(ctx);
	w->windows = 0;
	w->language = -1;
	w->segments = 0;
}

// no_speech_of is 0 for a segment whose window could not be looked at.
static float no_speech_of(struct watch *w, int segment) {
	return segment < w->segments ? w->no_speech[segment] : 0;
}

static void free_watch(struct watch *w) {
	free(w->no_speech);
	free(w);
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

// how is what a request may choose.
struct how {
	float       temperature;
	int         decoders;   // guesses that are followed at once, also when they are drawn
	int         max_tokens; // of one window
	bool        translate;
	const char *prompt; // may be NULL
};

static void bound(struct whisper_context *ctx, struct whisper_full_params *p, struct watch *w, struct how h) {
	p->no_context = true;
	p->n_max_text_ctx = 0;
	p->suppress_blank = true;
	p->suppress_nst = false; // without these tokens a small model talks on where it would be silent
	p->temperature = h.temperature;
	p->temperature_inc = 0.0f; // whoever asks judges the text, and asks again
	p->greedy.best_of = h.decoders;
	p->max_tokens = h.max_tokens;
	p->translate = h.translate;
	p->logprob_thold = -1.0f;
	p->no_speech_thold = 2.0f; // never: it leaves out a whole window without a word
	p->print_progress = false;
	p->print_realtime = false;
	p->print_timestamps = false;
	p->abort_callback = watch_step;
	p->abort_callback_user_data = w;
	p->encoder_begin_callback = watch_encoder;
	p->encoder_begin_callback_user_data = w;
	if (h.prompt != NULL) {
		// Before every window, with no room left for what was said before. The
		// end of a prompt that is too long is taken.
		p->initial_prompt = h.prompt;
		p->carry_initial_prompt = true;
		int most = whisper_n_text_ctx(ctx) / 2;
		int tokens = whisper_token_count(ctx, h.prompt) + 1;
		p->n_max_text_ctx = tokens < most ? tokens : most;
	}
}

static float log_prob(struct whisper_token_data t) { return t.plog; }
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
	C.free_watch(m.watch)
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

func (m *model) hear(samples []float32, r whisper.Request, each func(rawSegment), progress func(float64)) (hearing, error) {
	strategy := binding.SAMPLING_GREEDY
	if r.Beam > 1 {
		strategy = binding.SAMPLING_BEAM_SEARCH
	}
	params := m.ctx.Whisper_full_default_params(strategy)
	beam := min(max(r.Beam, 1), maxBeam)
	params.SetBeamSize(beam)
	params.SetThreads(r.Threads)
	params.SetTokenTimestamps(r.Words)
	language := m.ctx.Whisper_lang_id(r.Language)
	if err := params.SetLanguage(language); err != nil {
		return hearing{}, fmt.Errorf("language %q: %w", r.Language, err)
	}
	how := C.struct_how{
		temperature: C.float(r.Temperature), decoders: C.int(beam), max_tokens: C.int(mostTokens(len(samples))),
		translate: C.bool(r.ToEnglish),
	}
	if r.Prompt != "" {
		how.prompt = C.CString(r.Prompt)
		defer C.free(unsafe.Pointer(how.prompt))
	}
	ctx := (*C.struct_whisper_context)(unsafe.Pointer(m.ctx))
	C.bound(ctx, (*C.struct_whisper_full_params)(unsafe.Pointer(&params)), m.watch, how)

	told := 0
	onSegment := func(int) {
		for n := m.ctx.Whisper_full_n_segments(); told < n; told++ {
			each(m.segment(told))
		}
	}
	onProgress := func(percent int) { progress(float64(percent) / 100) }
	C.begin_run(ctx, m.watch, C.int(r.Threads), C.bool(r.Spoken != ""))
	err := m.ctx.Whisper_full(params, samples, nil, onSegment, onProgress)
	// An abort between two windows looks like success.
	if m.aborted() {
		return hearing{}, errAborted
	}
	if err != nil {
		return hearing{}, m.failed(err)
	}
	C.end_window(ctx, m.watch)
	h := hearing{segments: make([]rawSegment, m.ctx.Whisper_full_n_segments())}
	for i := range h.segments {
		h.segments[i] = m.segment(i)
		h.segments[i].noSpeech = float64(C.no_speech_of(m.watch, C.int(i)))
	}
	if id := int(m.watch.language); id >= 0 {
		h.language, h.probability = binding.Whisper_lang_str(id), float64(m.watch.probability)
	}
	return h, nil
}

// mostTokens bounds what one window may say: nobody says 25 tokens in a second,
// in any language, but a model that is caught in a loop goes on to its end.
func mostTokens(samples int) int { return 20 + 25*min(samples/whisper.SampleRate+1, 30) }

// maxBeam is WHISPER_MAX_DECODERS: with more, whisper.cpp refuses to run.
const maxBeam = 8

// segment reads one segment; whisper.cpp counts in 10 ms.
func (m *model) segment(i int) rawSegment {
	s := rawSegment{
		start: 10 * m.ctx.Whisper_full_get_segment_t0(i),
		end:   10 * m.ctx.Whisper_full_get_segment_t1(i),
	}
	special := m.ctx.Whisper_token_eot()
	tokens := m.ctx.Whisper_full_n_tokens(i)
	for k := range tokens {
		data := m.ctx.Whisper_full_get_token_data(i, k)
		s.logProb += float64(C.log_prob(*(*C.struct_whisper_token_data)(unsafe.Pointer(&data)))) / float64(tokens)
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
