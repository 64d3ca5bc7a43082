package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// orderFlags says what to do with each file.
type orderFlags struct {
	model    string
	language string
	track    int
	beam     int
	threads  int
	words    bool
	prompt   string
	english  bool
	noReuse  bool

	translateTo     []string
	summarize       bool
	summaryTemplate string
	summaryLanguage string
	llm             string
	register        string

	cmd *cobra.Command
}

func newOrderFlags(cmd *cobra.Command) *orderFlags {
	o := &orderFlags{cmd: cmd}
	f := cmd.Flags()
	f.StringVarP(&o.model, "model", "m", "", "speech model: a `NAME` of 'sluice models list' or the path of a file (default: speech.model of the settings)")
	f.StringVarP(&o.language, "language", "l", "", "spoken language, a `CODE` such as en or ko, or auto (default: speech.language of the settings)")
	f.IntVar(&o.track, "audio-track", 0, "audio track, counted from 0 (default: the one the file prefers)")
	f.IntVar(&o.beam, "beam", 0, fmt.Sprintf("beam size, 1 to %d; 1 is fastest (default: of the settings)", job.MaxBeamSize))
	f.IntVar(&o.threads, "threads", 0, fmt.Sprintf("processor threads, 1 to %d (default: chosen by the machine)", job.MaxThreads))
	f.BoolVar(&o.words, "words", false, "find the time of every word, for --format json")
	f.StringVar(&o.prompt, "prompt", "", "names and words that are likely to come, as one `TEXT` (default: speech.prompt of the settings)")
	f.BoolVar(&o.english, "to-english", false, "let the recogniser translate to English (not the turbo models, nor those for English only)")
	f.StringSliceVar(&o.translateTo, "translate-to", nil, "translate the text to the languages of this `LIST`, like ko,de; \"\" for none (default: defaults.translate_to of the settings)")
	f.BoolVar(&o.summarize, "summarize", false, "sum the text up (default: defaults.summarize of the settings)")
	f.StringVar(&o.summaryTemplate, "summary-template", "", "sum it up as a `TEMPLATE` says: "+list(job.Templates()))
	f.StringVar(&o.summaryLanguage, "summary-language", "", "`CODE` of the language to sum it up in (default: summary.language of the settings, else its own)")
	f.StringVar(&o.llm, "llm-model", "", "language model of Ollama that does both, a `NAME` of 'sluice models list' (default: ollama.model of the settings)")
	f.StringVar(&o.register, "register", "", "`REGISTER` of a translation to Korean: "+list(job.Registers())+" (default: translate.register of the settings)")
	completeLanguages(cmd, "language", false, cobra.CompletionWithDesc("auto", "find out"))
	completeLanguages(cmd, "translate-to", true)
	completeLanguages(cmd, "summary-language", false)
	completeFlag(cmd, "summary-template", job.Templates())
	completeFlag(cmd, "register", job.Registers())
	f.BoolVar(&o.noReuse, "no-reuse", false, "do everything anew, even what an earlier job has done already")
	return o
}

// check finds values that can never be right.
func (o *orderFlags) check() error {
	switch {
	case o.track < 0:
		return usagef("--audio-track counts from 0; %d is none.", o.track)
	case o.given("beam") && (o.beam < 1 || o.beam > job.MaxBeamSize):
		return usagef("--beam goes from 1 to %d; %d is outside.", job.MaxBeamSize, o.beam)
	case o.given("threads") && (o.threads < 1 || o.threads > job.MaxThreads):
		return usagef("--threads goes from 1 to %d; %d is outside.", job.MaxThreads, o.threads)
	case len(o.prompt) > job.MaxPrompt:
		return usagef("--prompt is %d bytes long; at most %d are taken.", len(o.prompt), job.MaxPrompt)
	case o.given("model") && strings.TrimSpace(o.model) == "":
		return usagef("--model names no model.")
	}
	return o.checkLanguages()
}

func (o *orderFlags) checkLanguages() error {
	if n := len(o.translateTo); n > job.MaxLanguages {
		return usagef("--translate-to names %d languages; at most %d are taken.", n, job.MaxLanguages)
	}
	codes := []string{}
	for _, code := range o.translateTo {
		code = strings.ToLower(strings.TrimSpace(code))
		switch {
		case !isCode(code):
			return &usage{say: fmt.Sprintf("--translate-to takes codes of languages; %q is none.", clean(code)), hint: "Like --translate-to ko,de."}
		case !slices.Contains(codes, code):
			codes = append(codes, code)
		}
	}
	o.translateTo = codes
	how := o.given("summary-template") || o.given("summary-language")
	switch {
	case o.given("summary-template") && !slices.Contains(job.Templates(), o.summaryTemplate):
		return usagef("There is no template %q: choose %s.", clean(o.summaryTemplate), list(job.Templates()))
	case o.given("summary-language") && !isCode(o.summaryLanguage):
		return usagef("--summary-language takes the code of a language; %q is none.", clean(o.summaryLanguage))
	case o.register != "" && !slices.Contains(job.Registers(), o.register):
		return usagef("There is no register %q: choose %s.", clean(o.register), list(job.Registers()))
	case o.given("llm-model") && strings.TrimSpace(o.llm) == "":
		return usagef("--llm-model names no model.")
	case how && o.given("summarize") && !o.summarize:
		return usagef("--summarize=false and the flags that say how to sum up exclude each other.")
	}
	o.summarize = o.summarize || how // to say how is to want it
	return nil
}

// list writes what can be chosen: "a, b or c".
func list(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// isCode says whether s may be the code of a language. Such codes become parts
// of file names.
func isCode(s string) bool {
	return s != "" && len(s) <= maxCode && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

const maxCode = 16 // bytes

func (o *orderFlags) given(flag string) bool { return o.cmd.Flags().Changed(flag) }

// orders makes one order for each file.
func (o *orderFlags) orders(files []string) ([]job.Order, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	name, file, err := model(o.model)
	if err != nil {
		return nil, err
	}
	orders := make([]job.Order, len(files))
	for i, f := range files {
		source, err := source(f)
		if err != nil {
			return nil, err
		}
		order := job.Order{
			Source: source, Language: o.language, Model: name, ModelPath: file,
			BeamSize: o.beam, Threads: o.threads, ToEnglish: o.english,
			Summary: job.Summary{Template: o.summaryTemplate, Language: o.summaryLanguage}, LLMModel: o.llm,
		}
		if o.given("translate-to") {
			order.TranslateTo = &o.translateTo
		}
		if o.summarize || o.given("summarize") {
			order.Summarize = &o.summarize
		}
		if o.given("register") {
			order.Register = &o.register
		}
		if o.given("audio-track") {
			order.AudioTrack = &o.track
		}
		if o.given("words") {
			order.Words = &o.words
		}
		if o.given("prompt") {
			order.Prompt = &o.prompt
		}
		if o.noReuse {
			reuse := false
			order.Reuse = &reuse
		}
		orders[i] = order
	}
	return orders, nil
}

// source is what a server is told of a file, or of an address on the web.
func source(typed string) (string, error) {
	if onWeb(typed) {
		return typed, nil
	}
	if err := isFile(typed); err != nil {
		return "", err
	}
	whole, err := filepath.Abs(typed)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", typed, err)
	}
	return whole, nil
}

// onWeb says whether an address on the web was typed.
func onWeb(typed string) bool {
	scheme, _, ok := strings.Cut(typed, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// baseName is the name of a file without its folder and its ending; of an
// address, that of the file it leads to.
func baseName(typed string) string {
	if onWeb(typed) {
		if u, err := url.Parse(typed); err == nil {
			typed = filepath.Base(u.Path)
			if strings.Trim(typed, "./") == "" {
				return u.Hostname()
			}
		}
	}
	base := filepath.Base(typed)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// isFile refuses what is meant for a file but can never be one.
func isFile(typed string) error {
	scheme, _, address := strings.Cut(typed, "://")
	address = address && scheme != "" && strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
	switch {
	case typed == "":
		return usagef("A file without a name was given.")
	case typed == "-":
		return &usage{say: "Sound from stdin is not taken.", hint: "Save it to a file first. A file with that name is ./-."}
	case address && strings.EqualFold(scheme, "file"):
		return &usage{say: fmt.Sprintf("%s is an address; a path is taken.", clean(typed)), hint: "Give the path alone, like /home/me/talk.mp4."}
	case address && onWeb(typed):
		return &usage{say: fmt.Sprintf("%s is an address on the web; a file is taken here.", clean(typed)), hint: "'sluice add' takes addresses."}
	case address:
		return &usage{say: fmt.Sprintf("%s: only addresses that start with https:// or http:// are taken.", clean(typed)), hint: "Download it first, and give the file."}
	}
	return nil
}

// model tells a path from a name: a path has a slash, or is a file here whose
// name ends like those of models.
func model(s string) (name, file string, err error) {
	isPath := strings.ContainsRune(s, filepath.Separator)
	if !isPath && filepath.Ext(s) == ".bin" {
		_, err := os.Stat(s)
		isPath = err == nil
	}
	if !isPath {
		return s, "", nil
	}
	if file, err = filepath.Abs(s); err != nil {
		return "", "", fmt.Errorf("find model %s: %w", s, err)
	}
	return "", file, nil
}

// nameModels replaces the path of a model by its name, since a server takes
// no paths: the file must be one of its own models.
func (c *console) nameModels(ctx context.Context, orders []job.Order) error {
	if len(orders) == 0 || orders[0].ModelPath == "" {
		return nil
	}
	file := orders[0].ModelPath // they all have the same
	want, err := os.Stat(file)
	if err != nil {
		return fault.New(fault.ModelMissing, "There is no model at "+file+".", err).
			WithHint("Give the path of a file, or a name of 'sluice models list'.")
	}
	name := ""
	if c.cmds.Models.List != nil {
		found, err := c.cmds.Models.List(ctx)
		if err != nil {
			return err
		}
		for _, m := range found {
			if st, err := os.Stat(m.Path); m.Path != "" && err == nil && os.SameFile(st, want) {
				name = m.Name
			}
		}
	}
	if name == "" {
		return fault.New(fault.ModelUnknown, "A server takes only models of its own folder, and "+file+" is none.", errForeign).
			WithHint("Put the file into the models folder (models.dir), or use 'sluice transcribe' without a server.")
	}
	for i := range orders {
		orders[i].Model, orders[i].ModelPath = name, ""
	}
	return nil
}

// modelOfServer names a model, typed as a name or a path, to a server.
func (c *console) modelOfServer(ctx context.Context, typed string) (string, error) {
	name, file, err := model(typed)
	if err != nil {
		return "", err
	}
	orders := []job.Order{{Model: name, ModelPath: file}}
	err = c.nameModels(ctx, orders)
	return orders[0].Model, err
}

// errForeign marks a model file that no server knows.
var errForeign = errors.New("foreign model")

// wire puts an order into the words of the API.
func wire(o job.Order) orderBody {
	b := orderBody{
		Source: o.Source, Title: o.Title, Language: o.Language, Model: o.Model,
		AudioTrack: o.AudioTrack, BeamSize: o.BeamSize, Threads: o.Threads, Words: o.Words, Reuse: o.Reuse,
		Prompt: o.Prompt, ToEnglish: o.ToEnglish,
		Summarize: o.Summarize, LLMModel: o.LLMModel, Register: o.Register, Webhook: o.Webhook,
		Priority: o.Priority, Metadata: o.Metadata,
	}
	if o.TranslateTo != nil {
		b.TranslateTo = append([]string{}, *o.TranslateTo...) // none is a list, too
	}
	if o.Summary != (job.Summary{}) {
		b.Summary = &o.Summary
	}
	if !o.NotBefore.IsZero() {
		at := o.NotBefore.UTC()
		b.NotBefore = &at
	}
	return b
}
