package httpapi

import (
	"bytes"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

func (a *api) transcriptRoute() {
	format := textParam("query", "format", "json gives what is there so far; the others only a complete transcript")
	format.Schema = schema[transcript.Format](a)
	lang := textParam("query", "lang", "Code of the language of the text; without it, the one that was spoken")
	most := maxLang
	lang.Schema.MaxLength = &most
	files := map[string]*huma.MediaType{}
	for _, f := range transcript.Formats() {
		s := &huma.Schema{Type: huma.TypeString}
		if f == transcript.JSON {
			s = schema[transcript.Transcript](a)
		}
		files[f.ContentType()] = &huma.MediaType{Schema: s}
	}
	a.plain(huma.Operation{
		OperationID: "get-transcript", Method: http.MethodGet, Path: "/api/v1/jobs/{id}/transcript", Tags: []string{"jobs"},
		Summary:    "Get the transcript",
		Parameters: []*huma.Param{textParam("path", "id", "Id of the job"), format, lang},
		Responses: a.answers(map[string]*huma.Response{
			"200": {
				Description: "The transcript, as a file",
				Headers:     map[string]*huma.Header{"Content-Disposition": {Description: "A file name", Schema: &huma.Schema{Type: huma.TypeString}}},
				Content:     files,
			},
		}, 404, 409, 422),
	}, a.transcript)
}

func (a *api) transcript(w http.ResponseWriter, r *http.Request) {
	f, lang, err := exportOf(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	j, err := a.Desk.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if err := a.checkLang(r, j.ID, lang); err != nil {
		a.fail(w, r, err)
		return
	}
	var body bytes.Buffer // whole before the first byte goes out: an error later could not be told
	if err := a.Library.Export(r.Context(), &body, j.ID, f); err != nil {
		a.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.ContentType())
	h.Set("Content-Disposition", disposition(exportName(j), f.Ext()))
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	_, _ = w.Write(body.Bytes())
}

const maxLang = 16 // bytes

// exportOf reads which text is wanted, and how.
func exportOf(r *http.Request) (f transcript.Format, lang string, err error) {
	query := r.URL.Query()
	for name := range query {
		if name != "format" && name != "lang" {
			return "", "", invalidField(name, "unknown query parameter")
		}
	}
	f, lang = transcript.JSON, strings.ToLower(query.Get("lang"))
	if name := query.Get("format"); name != "" {
		if f, err = transcript.ParseFormat(name); err != nil {
			return "", "", invalidField("format", "expected one of json, srt, vtt, txt, md")
		}
	}
	if len(lang) > maxLang || strings.Trim(lang, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", "", invalidField("lang", "expected the code of a language, such as ko")
	}
	return f, lang, nil
}

// checkLang refuses a language that there is no text of.
func (a *api) checkLang(r *http.Request, id, lang string) error {
	if lang == "" {
		return nil
	}
	t, err := a.Library.Transcript(r.Context(), id)
	switch {
	case err != nil:
		return err
	case t.Language == lang:
		return nil
	case t.Language == "" && !t.Complete:
		return fault.New(fault.NotReady, "The language of this job is not known yet.", nil)
	}
	return fault.New(fault.NotReady, fmt.Sprintf("There is no text in %q of this job.", lang), nil).
		WithHint("Leave lang out: the text is in the language that was spoken.")
}

// exportName is what an export is called: the title, else the source.
func exportName(j job.Job) string {
	if j.Title != "" && j.Title != j.Source.Name {
		return j.Title
	}
	return strings.TrimSuffix(j.Source.Name, path.Ext(j.Source.Name))
}

// maxFileName keeps a file name, in UTF-8 and with its extension, below what
// file systems take.
const maxFileName = 200 // bytes

// disposition names a download after RFC 6266: once in ASCII for old clients,
// and once in full when that is not the same.
func disposition(name, ext string) string {
	name = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsControl(c), unicode.Is(unicode.Cf, c), c == unicode.ReplacementChar:
			return -1 // invisible, or turns the text around it
		case strings.ContainsRune(`/\:*?"<>|`, c):
			return '_' // means something in some file system
		}
		return c
	}, name)
	for len(name) > maxFileName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	if name = strings.Trim(name, " ."); name == "" {
		name = "transcript"
	}
	ascii := strings.Map(func(c rune) rune {
		if c > unicode.MaxASCII {
			return '_'
		}
		return c
	}, name)
	if ascii == name {
		return `attachment; filename="` + name + ext + `"`
	}
	if strings.Trim(ascii, "_ .-()") == "" {
		ascii = "transcript"
	}
	return `attachment; filename="` + ascii + ext + `"; filename*=UTF-8''` + extValue(name+ext)
}

// extValue writes s as RFC 8187 wants it: what is no attr-char is percented.
func extValue(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("!#$&+-.^_`|~", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}
