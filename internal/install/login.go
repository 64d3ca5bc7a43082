package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// LoginConfig says whose login it is, and what it is to open.
type LoginConfig struct {
	System  string // as runtime.GOOS
	Home    string // the user's folder
	Config  string // ~/.config: XDG_CONFIG_HOME of this process; not asked for on a Mac
	Program string // as os.Executable says
}

// Login is whether Sluice opens, with its icon alone, when its user logs in.
type Login struct {
	program program
	home    string
	dir     string      // where the system looks
	name    string      // our file in it
	mode    fs.FileMode // of the folder where it is missing
	form    form        // nil where it is not known how a login starts programs
}

// LoginState is what the next login does.
type LoginState struct {
	On       bool // it opens this very Sluice
	Possible bool // it can be made to
	Note     Note // what else there is to say
}

// form is how one system writes down what it starts.
type form interface {
	// opened is the path that stands for a program in an entry.
	opened(p program) string
	// write gives an entry that opens a program.
	write(p program) ([]byte, error)
	// read gives the path that an entry opens, and whether it says itself that
	// it is to be left out.
	read(entry []byte) (path string, off bool, err error)
}

// NewLogin looks at nothing yet.
func NewLogin(cfg LoginConfig) *Login {
	l := &Login{program: find(cfg.System, cfg.Program), home: cfg.Home}
	switch cfg.System {
	case "darwin":
		l.form, l.mode = launchAgent{}, 0o755
		l.dir, l.name = filepath.Join(cfg.Home, "Library", "LaunchAgents"), agentLabel+".plist"
	case "linux":
		config := cfg.Config
		if !filepath.IsAbs(config) { // the XDG rules say that it is to be ignored then
			config = filepath.Join(cfg.Home, ".config")
		}
		l.form, l.mode = autostart{}, 0o700
		l.dir, l.name = filepath.Join(config, "autostart"), "sluice.desktop"
	}
	return l
}

// On says whether the next login opens this very Sluice.
func (l *Login) On() (bool, error) {
	s, err := l.State()
	return s.On, err
}

// State says what the next login does; the error says why that cannot be known.
func (l *Login) State() (LoginState, error) {
	if l.form == nil {
		return LoginState{}, nil
	}
	s := LoginState{Possible: l.check() == nil}
	if !s.Possible {
		s.Note = NoteMisplaced
	}
	entry, err := l.entry()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, nil
	case errors.Is(err, fs.ErrPermission):
		return s, l.refused(err)
	case err != nil:
		s.Note = NoteStrange
		return s, nil
	}
	path, off, err := l.form.read(entry)
	switch {
	case err != nil:
		s.Note = NoteStrange
	case off:
		s.Note = NoteBarred
	case !same(path, l.form.opened(l.program)) && !same(path, l.program.path):
		s.Note = NoteOther
	default:
		s.On, s.Note = true, NoteNone
	}
	return s, nil
}

// Set makes the next login open this very Sluice, or none at all. An entry
// that does as is wanted stays as it is: a Mac tells its user of each change.
func (l *Login) Set(on bool) error {
	if l.form == nil {
		return denied("Sluice does not know how this system starts programs at login.", "Add Sluice in the settings of the system.", nil)
	}
	if !on {
		return l.remove()
	}
	if err := l.check(); err != nil {
		return err
	}
	if s, err := l.State(); err == nil && s.On {
		return nil
	}
	text, err := l.form.write(l.program)
	if err != nil {
		return fmt.Errorf("write login entry: %w", err)
	}
	if err := os.MkdirAll(l.dir, l.mode); err != nil {
		return l.refused(err)
	}
	root, err := open(l.dir)
	if err != nil {
		return l.refused(err)
	}
	defer func() { _ = root.Close() }()
	if err := free(root, l.name); err != nil {
		return l.refused(err)
	}
	if err := put(root, l.name, text); err != nil {
		return l.refused(err)
	}
	return nil
}

func (l *Login) remove() error {
	root, err := open(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return l.refused(err)
	}
	defer func() { _ = root.Close() }()
	err = free(root, l.name)
	if err == nil {
		err = root.Remove(l.name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return l.refused(err)
	}
	return nil
}

// entry reads our file, be it a link within the folder.
func (l *Login) entry() ([]byte, error) {
	root, err := open(l.dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	return get(root, l.name)
}

// check says why the login cannot open the program.
func (l *Login) check() error {
	if !l.program.lasts() {
		return misplaced("Sluice runs from a place where it will not be found again.")
	}
	if _, err := l.form.write(l.program); err != nil {
		return misplaced("Sluice is in a folder whose name cannot be written down for the login.")
	}
	return nil
}

// refused tells of a place that cannot be changed.
func (l *Login) refused(err error) error {
	return refusal(tilde(l.home, filepath.Join(l.dir, l.name)), err)
}
