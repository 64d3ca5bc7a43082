package app

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/install"
)

func TestThePageKnowsHowTheAppStandsInItsSystem(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	program := filepath.Join(home, "apps", "sluice-desktop")
	for _, dir := range []string{filepath.Dir(program), filepath.Join(home, ".local", "bin")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	var kept []frame
	shell := &shell{}
	routes := &shellRoutes{
		shell: shell,
		api:   http.NotFoundHandler(),
		host: host{
			login: install.NewLogin(install.LoginConfig{System: "linux", Home: home, Program: program}),
			tool:  install.NewTool(install.ToolConfig{System: "linux", Home: home, Program: program, Path: "/nowhere", Root: filepath.Join(home, "root")}),
		},
		language: func(string) {},
		resized:  func(f frame) error { kept = append(kept, f); return nil },
		log:      slog.New(slog.DiscardHandler),
	}
	ask := func(route, body string, status int, want string) {
		t.Helper()
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/window/"+route, strings.NewReader(body)))
		if got := w.Body.String(); w.Code != status || !strings.Contains(got, want) {
			t.Errorf("%s %s: %d %s, want %d %s", route, body, w.Code, got, status, want)
		}
	}
	link := filepath.Join(home, ".local", "bin", "sluice")
	entry := filepath.Join(home, ".config", "autostart", "sluice.desktop")

	ask("app", "", 200, `{"login":{"on":false,"possible":true},"tool":{"path":"","in_path":false,"possible":true}}`)
	ask("login", `{"on":true}`, 200, `"login":{"on":true,"possible":true}`)
	if text, err := os.ReadFile(entry); err != nil || !strings.Contains(string(text), program+" desktop --hidden") {
		t.Errorf("what a login reads: %v %s", err, text)
	}
	ask("login", `{}`, 422, `"code":"request_invalid"`)
	ask("login", `{"on":false}`, 200, `"login":{"on":false,"possible":true}`)
	if _, err := os.Stat(entry); !os.IsNotExist(err) {
		t.Errorf("it is still opened at login: %v", err)
	}
	ask("tool", "", 200, `"tool":{"path":"`+link+`","in_path":false,"possible":true}`)
	if to, err := os.Readlink(link); err != nil || to != program {
		t.Errorf("the command runs %q, %v", to, err)
	}

	if err := os.WriteFile(entry, []byte("[Desktop Entry]\nType=Application\nExec=/opt/other/sluice desktop\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask("app", "", 200, "The login opens a Sluice in another place.")
	ask("language", `{"language":"ko"}`, 200, "ko")
	ask("app", "", 200, "다른 위치의 Sluice")

	ask("looking", `{"looking":true}`, 200, "true")
	if !shell.looking.Load() {
		t.Error("nobody is said to look")
	}
	ask("looking", `{"looking":false}`, 200, "false")
	if shell.looking.Load() {
		t.Error("somebody is still said to look")
	}
	ask("resized", `{"width":1000,"height":700}`, 200, "{}")
	ask("resized", `{"width":1,"height":700}`, 422, `"code":"request_invalid"`)
	if len(kept) != 1 || kept[0] != (frame{Width: 1000, Height: 700}) {
		t.Errorf("kept %+v", kept)
	}
}
