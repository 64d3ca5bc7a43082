package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Gather says what a drop means: the media files among the paths, and those
// in the folders among them, and why the rest makes no job. Files are told by
// their first bytes and their names; nothing is run and no pipe is waited for.
//
// A folder is opened in the order a person reads it. What is hidden, and what
// belongs to other programs, is passed over; links in it are not followed. A
// file that is reached twice is found once. When ctx ends, so does Gather, with
// what it has by then.
func Gather(ctx context.Context, paths []string) (found []string, refused []job.Refused) {
	return gather(ctx, paths, bounds{files: job.MaxDropped, looks: 20 * job.MaxDropped, named: 100})
}

// bounds keep a drop of a whole disk from taking all day.
type bounds struct {
	files int // found
	looks int // files and folders looked at
	named int // refusals of one folder
}

func gather(ctx context.Context, paths []string, b bounds) ([]string, []job.Refused) {
	g := &gathering{bounds: b, seen: map[string]int{}, named: map[string]bool{}}
	for _, p := range paths {
		if g.over(ctx) {
			break
		}
		g.path(ctx, p)
	}
	return g.found, g.refused
}

// gathering is one drop.
type gathering struct {
	bounds bounds

	found   []string
	refused []job.Refused
	seen    map[string]int  // files by real path: 1 = media
	named   map[string]bool // paths that were refused
	looks   int
	full    bool // a bound is reached, and was told as the last refusal
}

// over says that the drop ends here.
func (g *gathering) over(ctx context.Context) bool { return g.full || ctx.Err() != nil }

// path takes what was dropped itself.
func (g *gathering) path(ctx context.Context, given string) {
	path, err := whole(given)
	if err != nil {
		g.refuse(given, err)
		return
	}
	name := filepath.Base(path)
	place, err := filepath.EvalSymlinks(path)
	if err != nil {
		g.refuse(path, sourceFault(name, path, err))
		return
	}
	info, err := os.Stat(place)
	switch {
	case err != nil:
		g.refuse(path, sourceFault(name, place, err))
	case !info.IsDir():
		g.file(path, place)
	case system(place):
		g.refuse(path, notAFile(name))
	case foreign(place):
		g.refuse(path, fault.New(fault.NotMedia, "This belongs to another program, and Sluice does not look inside.", nil).
			WithHint("Export the video or sound from that program and drop the file."))
	default:
		g.folder(ctx, path, place)
	}
}

// folder takes a dropped folder. Where there is no media at all, that says
// more than a list of what else there is.
func (g *gathering) folder(ctx context.Context, path, place string) {
	before := g.refused
	g.refused = nil
	media := g.walk(ctx, path, place)
	within := g.refused
	g.refused = before
	worse := func(r job.Refused) bool { return r.Code != string(fault.NotMedia) }
	switch {
	case ctx.Err() != nil: // who asked is gone
	case media == 0 && !slices.ContainsFunc(within, worse):
		g.refuse(path, fault.New(fault.NotMedia, "There is no audio or video in this folder.", nil).
			WithHint("Drop a folder with media files in it."))
	default:
		g.refused = append(g.refused, g.few(path, within)...)
	}
}

// few names as many refusals of one folder as a person reads. A bound of the
// whole drop stays the last word.
func (g *gathering) few(path string, all []job.Refused) []job.Refused {
	var last []job.Refused
	if n := len(all); g.full && n > 0 {
		all, last = all[:n-1], all[n-1:]
	}
	if more := len(all) - g.bounds.named; more > 0 {
		code := all[g.bounds.named].Code
		all = append(all[:g.bounds.named:g.bounds.named], job.Refused{
			Path: path, Name: readable(filepath.Base(path)), Code: code,
			Message: fmt.Sprintf("%d more files of this folder are left out.", more),
		})
	}
	return append(all, last...)
}

// walk goes through a folder at a real place and says how much media it has.
func (g *gathering) walk(ctx context.Context, path, place string) (media int) {
	entries, err := os.ReadDir(place)
	if err != nil {
		g.refuse(path, sourceFault(filepath.Base(path), place, err))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return naturally(a.Name(), b.Name()) })
	for _, e := range entries {
		if g.over(ctx) {
			break
		}
		path, place := filepath.Join(path, e.Name()), filepath.Join(place, e.Name())
		switch {
		case litter(e.Name()) || hidden(e):
		case e.Type()&fs.ModeSymlink != 0:
			g.refuse(path, fault.New(fault.NotAFile, "This is a link, and links in folders are not followed.", nil).
				WithHint("Drop the file itself."))
		case !e.IsDir():
			media += g.file(path, place)
		case !foreign(place) && !system(place) && g.look(path):
			media += g.walk(ctx, path, place)
		}
	}
	return media
}

// file takes one file: 1 when it is media.
func (g *gathering) file(path, place string) int {
	if !g.look(path) {
		return 0
	}
	key := place
	if runtime.GOOS == "darwin" { // where one file answers to both spellings of its name
		key = norm.NFC.String(place)
	}
	if media, again := g.seen[key]; again {
		return media
	}
	if err := identify(filepath.Base(path), place); err != nil {
		g.seen[key] = 0
		g.refuse(path, err)
		return 0
	}
	g.seen[key] = 1
	if len(g.found) == g.bounds.files {
		g.full = true
		g.refuse(path, tooMany("One drop brings at most %d files; the rest is left out.", g.bounds.files))
		return 1
	}
	g.found = append(g.found, path)
	return 1
}

// look counts what is looked at, and says whether there may be one more.
func (g *gathering) look(path string) bool {
	if g.looks++; g.looks <= g.bounds.looks {
		return true
	}
	g.full = true
	g.refuse(path, tooMany("This drop holds more than %d files and folders; the rest is left out.", g.bounds.looks))
	return false
}

func tooMany(format string, n int) error {
	return fault.New(fault.RequestTooLarge, fmt.Sprintf(format, n), nil).WithHint("Drop the rest by itself.")
}

// refuse names a path, once.
func (g *gathering) refuse(path string, err error) {
	if g.named[path] && !g.full {
		return
	}
	g.named[path] = true
	f := fault.From(err)
	g.refused = append(g.refused, job.Refused{
		Path: path, Name: readable(filepath.Base(path)), Code: string(f.Code), Message: f.Say, Hint: f.Hint,
	})
}

// identify makes sure that the file at a real place is media, or says what
// else it is.
func identify(name, place string) error {
	f, _, err := open(name, place)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, headBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return sourceFault(name, place, err)
	}
	ext := extension(name)
	k, words := sniff(head[:n], ext)
	switch {
	case unfinished(ext):
		return fault.New(fault.NotMedia, "This is a download that has not ended.", nil).
			WithHint("Drop the file when the download has ended.")
	case k == other:
		return fault.New(fault.NotMedia, "This is "+words+", not audio or video.", nil)
	case k == unknown && !mediaExtension(ext):
		if words = fileWords(ext); words != "" {
			return fault.New(fault.NotMedia, "This is "+words+", not audio or video.", nil)
		}
		return fault.New(fault.NotMedia, "This is not audio or video of a kind Sluice reads.", nil)
	}
	return nil
}

// litter says whether a name is one that systems leave in folders: nobody
// dropped it.
func litter(name string) bool {
	switch strings.ToLower(name) {
	case "desktop.ini", "thumbs.db", "ehthumbs.db", "icon\r", "$recycle.bin", "system volume information", "__macosx", "@eadir", "#recycle", "lost+found":
		return true
	}
	return strings.HasPrefix(name, ".")
}

// foreign says whether a folder is a file to a Mac's user: an app, a library
// or a project, whose parts are not for others.
func foreign(path string) bool {
	switch extension(path) {
	case "app", "appex", "bundle", "framework", "plugin", "kext", "xpc", "prefpane", "pkg", "mpkg",
		"photoslibrary", "photolibrary", "migratedphotolibrary", "aplibrary", "musiclibrary", "tvlibrary", "theater",
		"fcpbundle", "fcpcache", "fcparch", "imovielibrary", "imovieproject", "imoviemobile", "rcproject",
		"logicx", "band", "garageband", "screenflow", "cmproj", "tscproj", "camrec",
		"pages", "numbers", "key", "rtfd", "textbundle", "download",
		"xcodeproj", "xcworkspace", "playground", "sparsebundle", "backupbundle", "vmwarevm", "pvm", "utm":
		return true
	}
	return false
}
