package ollamatest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// Create installs the tiny model.
func (s *Server) Create(name string) {
	s.t.Helper()
	s.install(name, tinyModel())
}

// Copy installs a model from a file of the shared test data, such as
// models/stories260K.gguf. The test is skipped where there is none.
func (s *Server) Copy(name, file string) {
	s.t.Helper()
	model, err := os.ReadFile(filepath.Join(shared(s.t), file))
	if err != nil {
		s.t.Skipf("no shared test data: %v", err)
	}
	s.install(name, model)
}

// chatTemplate gives a model every message with its role.
const chatTemplate = "{{- range .Messages }}<{{ .Role }}>{{ .Content }}\n{{ end }}<assistant>"

// install makes a model of a file. It is so small that more than one thread
// would only spin.
func (s *Server) install(name string, model []byte) {
	s.t.Helper()
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(model))
	if err := s.ask(s.t.Context(), http.MethodPost, "/api/blobs/"+digest, model, ignore); err != nil {
		s.t.Fatal(err)
	}
	var last string
	err := s.post(s.t.Context(), "/api/create",
		map[string]any{
			"model": name, "files": map[string]string{"tiny.gguf": digest}, "template": chatTemplate,
			"parameters": map[string]any{"num_thread": 1},
		},
		func(a answer) { last = a.Status })
	if err != nil || last != "success" {
		s.t.Fatalf("create: %v; it ended with %q", err, last)
	}
}

// Load loads the model for so many tokens without asking it anything. It stays
// until it is unloaded.
func (s *Server) Load(model string, tokens int) {
	s.t.Helper()
	if err := s.Talk(s.t.Context(), model, "", tokens, func() {}); err != nil {
		s.t.Fatal(err)
	}
}

// Talk lets the model answer, and tells of each piece of the answer. The words
// are drawn from the likelier ones, which the end is never among, and drawn
// well mixed, since a server cuts off what repeats itself; so the answer goes
// on for ten times the context, the most that a server gives.
func (s *Server) Talk(ctx context.Context, model, prompt string, tokens int, heard func()) error {
	return s.post(ctx, "/api/generate", map[string]any{
		"model": model, "prompt": prompt, "keep_alive": "10m",
		"options": map[string]any{"num_ctx": tokens, "num_predict": -1, "temperature": 5, "top_k": 40},
	}, func(answer) { heard() })
}

// Loaded lists the models that the server holds.
func (s *Server) Loaded() (names []string) {
	s.t.Helper()
	err := s.ask(s.t.Context(), http.MethodGet, "/api/ps", nil, func(a answer) {
		for _, m := range a.Models {
			names = append(names, m.Name)
		}
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return names
}

// answer is what is read of any answer; long ones come as many.
type answer struct {
	Status string
	Error  string
	Models []struct{ Name string }
}

func ignore(answer) {}

func (s *Server) post(ctx context.Context, path string, fields map[string]any, each func(answer)) error {
	body, err := json.Marshal(fields)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return s.ask(ctx, http.MethodPost, path, body, each)
}

// ask makes one request and reads its answers until the last.
func (s *Server) ask(ctx context.Context, method, path string, body []byte, each func(answer)) error {
	req, err := http.NewRequestWithContext(ctx, method, s.Host+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	for answers := json.NewDecoder(res.Body); ; {
		var a answer
		switch err := answers.Decode(&a); {
		case errors.Is(err, io.EOF) && res.StatusCode < 300:
			return nil
		case err != nil:
			return fmt.Errorf("%s: %s: %w", path, res.Status, err)
		case a.Error != "":
			return fmt.Errorf("%s: %s: %s", path, res.Status, a.Error)
		}
		each(a)
	}
}
