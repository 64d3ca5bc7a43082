package app

import (
	"net/http"

	"sluice/internal/fault"
	"sluice/internal/install"
)

// host is what the system around the app has of it: whether a login opens it,
// and the command sluice.
type host struct {
	login *install.Login
	tool  *install.Tool // nil = it cannot be installed
}

// appState is how the app stands in its system.
type appState struct {
	Login struct {
		On       bool   `json:"on"`
		Possible bool   `json:"possible"`
		Note     string `json:"note,omitempty"` // a sentence; "" = nothing to say
	} `json:"login"`
	Tool struct {
		Path     string `json:"path"` // "" = not installed
		InPath   bool   `json:"in_path"`
		Possible bool   `json:"possible"`
	} `json:"tool"`
}

func (h *shellRoutes) state(*http.Request) (any, error) { return h.appState() }

func (h *shellRoutes) appState() (any, error) {
	var s appState
	// What is wrong with the one must not hide the other.
	login, err := h.host.login.State()
	s.Login.On, s.Login.Possible, s.Login.Note = login.On, login.Possible && err == nil, login.Note.Say(h.spoken())
	if err != nil {
		h.log.Warn("login not looked at", "err", err)
		s.Login.Note = fault.From(err).Say
	}
	if h.host.tool != nil {
		tool := h.host.tool.State()
		s.Tool.Path, s.Tool.InPath, s.Tool.Possible = tool.Path, tool.InPath, tool.Possible
	}
	return s, nil
}

// login has the app opened at login, or not.
func (h *shellRoutes) login(r *http.Request) (any, error) {
	var in struct {
		On *bool `json:"on"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if in.On == nil {
		return nil, invalid("on: expected true or false.")
	}
	if err := h.host.login.Set(*in.On); err != nil {
		return nil, err
	}
	return h.appState()
}

// tool puts the command sluice where shells look.
func (h *shellRoutes) tool(*http.Request) (any, error) {
	if h.host.tool == nil {
		return nil, fault.New(fault.AppMisplaced, "Without a home folder there is no place for the command.", nil)
	}
	if _, err := h.host.tool.Install(); err != nil {
		return nil, err
	}
	return h.appState()
}

// look hears whether somebody has the page before them: then they need no
// notification. And whether it is hidden: then it is told nothing.
func (h *shellRoutes) look(r *http.Request) (any, error) {
	var in struct {
		Looking bool `json:"looking"`
		Hidden  bool `json:"hidden"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	h.shell.looking.Store(in.Looking)
	h.shell.veil(in.Hidden)
	h.log.Debug("the page is looked at", "looking", in.Looking, "hidden", in.Hidden)
	return in, nil
}

// resize keeps the size that the page has now.
func (h *shellRoutes) resize(r *http.Request) (any, error) {
	var in frame
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if !in.right() {
		return nil, fault.New(fault.RequestInvalid, "This is no size of the window.", nil)
	}
	return struct{}{}, h.resized(in)
}

// spoken is the language of the page.
func (h *shellRoutes) spoken() string {
	if code := h.code.Load(); code != nil {
		return *code
	}
	return ""
}
