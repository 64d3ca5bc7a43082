package install

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// command is what people type.
const command = "sluice"

// ToolConfig says for whom the command is, and what it is to run.
type ToolConfig struct {
	System  string // as runtime.GOOS
	Home    string // the user's folder
	Program string // as os.Executable says
	Path    string // PATH of this process
	Root    string // "/": below it are the folders that are not the user's own
}

// Tool is the command sluice: a symbolic link to this program in a folder where
// shells look.
type Tool struct {
	program program
	home    string
	folders []string // where it may go, best first
	path    []string // where shells look, in their order
}

// ToolState is where the command is.
type ToolState struct {
	Path     string // the link; "" = not installed
	InPath   bool   // shells look in its folder
	Possible bool   // this program can be installed at all
}

// NewTool looks at nothing but what the system says of its shells.
func NewTool(cfg ToolConfig) *Tool {
	if cfg.Root == "" {
		cfg.Root = "/"
	}
	t := &Tool{program: find(cfg.System, cfg.Program), home: cfg.Home, path: searchPath(cfg)}
	t.folders = append(t.folders, filepath.Join(cfg.Root, "usr/local/bin"))
	if cfg.System == "darwin" {
		t.folders = append(t.folders, filepath.Join(cfg.Root, brewFolder))
	}
	t.folders = append(t.folders, t.own(), filepath.Join(cfg.Home, "bin"))
	slices.SortStableFunc(t.folders, func(a, b string) int { return t.rank(a) - t.rank(b) })
	return t
}

// own is the folder that is made where no other will do.
func (t *Tool) own() string { return filepath.Join(t.home, ".local", "bin") }

// rank puts folders where shells look first, and those that are missing last.
func (t *Tool) rank(dir string) int {
	if t.inPath(dir) {
		return 0
	}
	if _, err := os.Stat(dir); err == nil {
		return 1
	}
	return 2
}

// State says where the command is. One that runs another Sluice is none.
func (t *Tool) State() ToolState {
	s := ToolState{Possible: t.program.lasts()}
	for _, dir := range slices.Concat(t.path, t.folders) {
		if link := filepath.Join(dir, command); t.runs(link) {
			s.Path, s.InPath = link, t.inPath(dir)
			break
		}
	}
	return s
}

// Install puts the command where it is best, and says where that is. One that
// is installed stays where it is; one of a Sluice that has moved is mended.
func (t *Tool) Install() (ToolState, error) {
	if !t.program.lasts() {
		return t.State(), misplaced("Sluice runs from a place where it will not be found again.")
	}
	if s := t.State(); s.Path != "" {
		return s, nil
	}
	var last error
	for _, dir := range t.order() {
		if other := t.before(dir); other != "" {
			return t.State(), t.taken(other, nil)
		}
		err := t.link(dir)
		switch {
		case err == nil:
			return t.State(), nil
		case errors.Is(err, fs.ErrExist):
			return t.State(), t.taken(filepath.Join(dir, command), err)
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission),
			errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
			last = err // the next one may do
		default:
			return t.State(), refusal(tilde(t.home, filepath.Join(dir, command)), err)
		}
	}
	own := tilde(t.home, t.own())
	return t.State(), denied("There is no folder of programs that Sluice may write to.", "Make a folder "+own+" that belongs to you, and try again.", last)
}

// order is the folders as they are tried: first those with a link of ours that
// leads to a Sluice which has moved away.
func (t *Tool) order() []string {
	dirs := slices.Clone(t.folders)
	slices.SortStableFunc(dirs, func(a, b string) int {
		switch am, bm := t.mine(filepath.Join(a, command)), t.mine(filepath.Join(b, command)); {
		case am && !bm:
			return -1
		case bm && !am:
			return 1
		}
		return 0
	})
	return dirs
}

// before is another command of our name that shells find before one in dir; ""
// when they find ours.
func (t *Tool) before(dir string) string {
	for _, d := range t.path {
		if same(d, dir) {
			return ""
		}
		other := filepath.Join(d, command)
		info, err := os.Stat(other)
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return other
		}
	}
	return ""
}

// link makes the link in a folder. What is there and is none of ours stays.
func (t *Tool) link(dir string) error {
	if dir == t.own() {
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // as everybody has it
			return err
		}
	}
	link := filepath.Join(dir, command)
	err := os.Symlink(t.program.path, link)
	if !errors.Is(err, fs.ErrExist) || !t.mine(link) {
		return err
	}
	temp := filepath.Join(dir, ".sluice-"+rand.Text())
	if err := os.Symlink(t.program.path, temp); err != nil {
		return err
	}
	if err := os.Rename(temp, link); err != nil {
		_ = os.Remove(temp)
		return err
	}
	return nil
}

// runs says whether a command runs this program, or the one without a window that
// is installed beside it on Linux.
func (t *Tool) runs(link string) bool {
	info, err := os.Stat(link)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	return same(link, t.program.path) || same(link, filepath.Join(filepath.Dir(t.program.path), command))
}

// mine says whether a link was made by a Sluice with a window, wherever that
// was. A link to a program that is merely called sluice may be anybody's.
func (t *Tool) mine(link string) bool {
	target, err := os.Readlink(link)
	if err != nil || !filepath.IsAbs(target) {
		return false
	}
	if target == t.program.path {
		return true
	}
	name := filepath.Base(target)
	return name == "sluice-desktop" || name == "Sluice" && bundleOf(target) != ""
}

func (t *Tool) inPath(dir string) bool {
	return slices.ContainsFunc(t.path, func(p string) bool { return same(p, dir) })
}

func (t *Tool) taken(other string, cause error) error {
	return taken("There is another sluice already: "+tilde(t.home, other)+".", "Remove it or give it another name, and try again.", cause)
}
