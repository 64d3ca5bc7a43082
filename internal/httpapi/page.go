package httpapi

import (
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// pagePolicy is what the page may load: its own files, and images it makes.
const pagePolicy = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// pagePolicy lets the page play media from the listener too: the window's own
// scheme cannot stream.
func (a *api) pagePolicy() string {
	if address := a.address(); address != "" {
		return pagePolicy + "; media-src 'self' blob: " + address
	}
	return pagePolicy
}

// page serves the built frontend. Views live behind the hash of the address,
// so "/" is the only address that is the index.
func (a *api) page(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	if a.Page == nil || !fs.ValidPath(name) || strings.HasPrefix(name, "api/") {
		a.fail(w, r, errNoRoute())
		return
	}
	body, err := readFile(a.Page, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		a.fail(w, r, errNoRoute())
		return
	case err != nil:
		a.fail(w, r, fmt.Errorf("page: %w", err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", pageType(name))
	h.Set("Content-Security-Policy", a.pagePolicy())
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") { // the build puts a hash of the content into these names
		h.Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// readFile reads a regular file; a folder is nothing that is there.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	return fs.ReadFile(fsys, name)
}

// pageType does not ask the machine's own table first: nosniff makes a wrong
// type fatal for scripts.
func pageType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".woff2":
		return "font/woff2"
	case ".ico":
		return "image/x-icon"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}
