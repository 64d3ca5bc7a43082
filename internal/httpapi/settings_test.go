package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/settings"
)

// fakeSettings has every setting at its default and takes what is not "wrong".
type fakeSettings struct {
	changed map[string]json.RawMessage
	trusted bool
}

func (s *fakeSettings) List() settings.Listing {
	set, err := settings.Load(settings.Options{
		Environ: []string{"SLUICE_SPEECH_WORDS=true", "SLUICE_SERVER_TOKEN=hidden"}, Home: "/nowhere", OS: "linux",
	})
	if err != nil {
		panic(err)
	}
	return settings.NewBook(set, settings.Options{
		Environ: []string{"SLUICE_SPEECH_WORDS=true", "SLUICE_SERVER_TOKEN=hidden"}, Home: "/nowhere", OS: "linux",
	}, settings.BookConfig{}).List()
}

func (s *fakeSettings) Change(_ context.Context, changes map[string]json.RawMessage, trusted bool) error {
	s.changed, s.trusted = changes, trusted
	if string(changes["speech.language"]) == `"wrong"` {
		return &settings.Wrong{Keys: []settings.WrongKey{{
			Key: "speech.language", Err: fault.New(fault.SettingInvalid, "speech.language is wrong.", nil).WithHint("Write auto."),
		}}}
	}
	if _, ok := changes["server.listen"]; ok && !trusted {
		return fault.New(fault.SettingLocked, "server.listen cannot be changed here.", nil)
	}
	return nil
}

func TestSettings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, body string
		bare         bool // through the window's handler
		status       int
		has, hasNot  []string // of the answer
	}{
		"every setting with where it comes from": {
			method: http.MethodGet, status: 200,
			has: []string{
				`"key":"speech.words"`, `"origin":"environment"`, `"locked_why":"environment"`, `"env":"SLUICE_SPEECH_WORDS"`,
				`"key":"speech.beam_size"`, `"minimum":1,"maximum":8`, `"choices":["srt","vtt","txt","md","json"]`,
				`"overlay":"~/.config/sluice/settings.ui.toml"`, `"locked_why":"door"`,
			},
			hasNot: []string{"hidden"},
		},
		"nothing is locked by its door in the window": {
			method: http.MethodGet, bare: true, status: 200, hasNot: []string{`"door"`, "hidden"},
		},
		"a change gives the list": {
			method: http.MethodPut, body: `{"changes":{"speech.words":true,"speech.prompt":null}}`, status: 200, has: []string{`"settings":[`},
		},
		"a wrong value names its field": {
			method: http.MethodPut, body: `{"changes":{"speech.language":"wrong"}}`, status: 422,
			has: []string{`"code":"setting_invalid"`, `"fields":[{"field":"speech.language","message":"speech.language is wrong."}]`, `"hint":"Write auto."`},
		},
		"what opens doors is locked over a connection": {
			method: http.MethodPut, body: `{"changes":{"server.listen":"0.0.0.0:1"}}`, status: 403, has: []string{`"code":"setting_locked"`},
		},
		"and open in the window": {
			method: http.MethodPut, body: `{"changes":{"server.listen":"0.0.0.0:1"}}`, bare: true, status: 200,
		},
		"a value of no kind at all": {
			method: http.MethodPut, body: `{"changes":{"speech.language":{"deep":1}}}`, status: 422, has: []string{`"code":"request_invalid"`},
		},
		"an unknown member": {
			method: http.MethodPut, body: `{"change":{}}`, status: 422, has: []string{`"code":"request_invalid"`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newWorld(t).routes
			if !tt.bare {
				var err error
				if h, err = httpapi.Guard(httpapi.GuardConfig{Listen: "127.0.0.1:7584"}, h); err != nil {
					t.Fatal(err)
				}
			}
			r := httptest.NewRequest(tt.method, "http://127.0.0.1:7584/api/v1/settings", strings.NewReader(tt.body))
			if tt.body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Fatalf("%d, not %d: %s", w.Code, tt.status, w.Body)
			}
			for _, want := range tt.has {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("without %s: %s", want, w.Body)
				}
			}
			for _, never := range tt.hasNot {
				if strings.Contains(w.Body.String(), never) {
					t.Errorf("with %s: %s", never, w.Body)
				}
			}
		})
	}
}
