package httpapi

import (
	"bytes"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

func (a *api) transcriptRoute() {
	format := textParam("query", "format", "json gives what is there so far; the others only a complete transcript")
	format.Schema = schema[transcript.Format](a)
	lang := textParam("query", "lang", "Code of the language of the text: one that the job translates to, or the one that was spoken, which it also is without this")
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
	f, err := formatOf(r, transcript.Formats(), "lang")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	lang := strings.ToLower(r.URL.Query().Get("lang"))
	if len(lang) > maxLang || strings.Trim(lang, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		a.fail(w, r, invalidField("lang", "expected the code of a language, such as ko"))
		return
	}
	j, err := a.Desk.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	var body bytes.Buffer // whole before the first byte goes out: an error later could not be told
	if err := a.Library.Export(r.Context(), &body, j.ID, lang, f); err != nil {
		a.fail(w, r, err)
		return
	}
	ext := f.Ext()
	if lang != "" {
		ext = "." + lang + ext
	}
	sendFile(w, f, disposition(exportName(j), ext), body.Bytes())
}

const maxLang = 16 // bytes

// formatOf reads in which of the formats a result is wanted; others are the
// names of what else the query may hold.
func formatOf(r *http.Request, formats []transcript.Format, others ...string) (transcript.Format, error) {
	query := r.URL.Query()
	for name := range query {
		if name != "format" && !slices.Contains(others, name) {
			return "", invalidField(name, "unknown query parameter")
		}
	}
	name := query.Get("format")
	if name == "" {
		return transcript.JSON, nil
	}
	f, err := transcript.ParseFormat(name)
	if err != nil || !slices.Contains(formats, f) {
		names := make([]string, len(formats))
		for i, f := range formats {
			names[i] = string(f)
		}
		return "", invalidField("format", "expected one of "+strings.Join(names, ", "))
	}
	return f, nil
}

// sendFile answers with a file that has a name.
func sendFile(w http.ResponseWriter, f transcript.Format, disposition string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", f.ContentType())
	h.Set("Content-Disposition", disposition)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a client that has gone is no error of ours
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
