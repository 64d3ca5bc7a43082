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
	"unicode/utf8"

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
//
// Whatever is in a folder counts towards the bounds, also what is passed over:
// it has to be read all the same.
//
// A file whose content is in the cloud only is told by its name alone.
func Gather(ctx context.Context, paths []string) (found []string, refused []job.Refused) {
	return gather(ctx, paths, dataless, bounds{files: job.MaxDropped, looks: 20 * job.MaxDropped, named: 100})
}

// bounds keep a drop of a whole disk from taking all day.
type bounds struct {
	files int // found
	looks int // files dropped, and entries of folders
	named int // refusals of one folder
}

func gather(ctx context.Context, paths []string, c cloud, b bounds) ([]string, []job.Refused) {
	g := &gathering{
		bounds: b, cloud: c, seen: map[string]int{}, walked: map[string]int{}, named: map[string]bool{},
		link: fault.New(fault.NotAFile, "This is a link, and links in folders are not followed.", nil).WithHint("Drop the file itself."),
	}
	for _, p := range paths {
		if g.over(ctx) {
			break
		}
		g.path(ctx, p)
	}
	if g.full != nil {
		g.refused = append(g.refused, *g.full)
	}
	return g.found, g.refused
}

// gathering is one drop.
type gathering struct {
	bounds bounds
	cloud  cloud

	found   []string
	refused []job.Refused
	within  *rest           // of the folder that is being looked through; nil = none is
	seen    map[string]int  // files by real path: 1 = media
	walked  map[string]int  // folders by real path: how much media they have
	named   map[string]bool // paths that were refused
	looks   int
	link    error        // what is said of every link in a folder; there may be many
	full    *job.Refused // the bound that was reached: the last word
}

// rest is what a dropped folder has beside its media.
type rest struct {
	named []job.Refused
	more  int    // not named, only counted
	code  string // of the first of those
	worse bool   // some of it should be media, or cannot be looked at
}

// over says that the drop ends here.
func (g *gathering) over(ctx context.Context) bool { return g.full != nil || ctx.Err() != nil }

// path takes what was dropped itself.
func (g *gathering) path(ctx context.Context, given string) {
	path, err := whole(given)
	if err != nil {
		g.refuse(given, err)
		return
	}
	path, _ = stoodFor(path)
	name := filepath.Base(path)
	if place, _, ok := stub(path); ok {
		g.single(path, place)
		return
	}
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
		g.single(path, place)
	case system(place):
		g.refuse(path, notAFile(name))
	case foreign(place):
		g.refuse(path, fault.New(fault.NotMedia, "This belongs to another program, and Sluice does not look inside.", nil).
			WithHint("Export the video or sound from that program and drop the file."))
	default:
		g.folder(ctx, path, place)
	}
}

// single takes a file that was dropped itself.
func (g *gathering) single(path, place string) {
	if g.looks == g.bounds.looks {
		g.tooMuch(path)
		return
	}
	g.looks++
	g.file(path, place)
}

// folder takes a dropped folder. Where there is no media at all, that says
// more than a list of what else there is.
func (g *gathering) folder(ctx context.Context, path, place string) {
	within := &rest{}
	g.within = within
	media := g.walk(ctx, path, place)
	g.within = nil
	switch {
	case ctx.Err() != nil: // who asked is gone
	case media == 0 && !within.worse && g.full == nil:
		g.refuse(path, fault.New(fault.NotMedia, "There is no audio or video in this folder.", nil).
			WithHint("Drop a folder with media files in it."))
	default:
		g.refused = append(g.refused, within.named...)
		if within.more > 0 {
			g.refused = append(g.refused, job.Refused{
				Path: path, Name: readable(filepath.Base(path)), Code: within.code,
				Message: fmt.Sprintf("%d more files of this folder are left out.", within.more),
			})
		}
	}
}

// walk goes through a folder at a real place and says how much media it has. A
// folder that is reached again, by another way, has nothing new to tell.
func (g *gathering) walk(ctx context.Context, path, place string) (media int) {
	if media, again := g.walked[spelt(place)]; again {
		return media
	}
	entries, whole, err := g.read(ctx, place)
	if err != nil {
		g.refuse(path, sourceFault(filepath.Base(path), place, err))
	}
	for _, e := range entries {
		if g.over(ctx) {
			return media
		}
		path, place := filepath.Join(path, e.name), filepath.Join(place, e.name)
		switch {
		case hidden(e) && e.name == e.Name():
		case e.Type()&fs.ModeSymlink != 0:
			g.refuse(path, g.link)
		case !e.IsDir():
			media += g.file(path, place)
		case whole && !foreign(place) && !system(place): // else there is no room for what is in it
			media += g.walk(ctx, path, place)
		}
	}
	if !whole && !g.over(ctx) {
		g.tooMuch(path)
	}
	g.walked[spelt(place)] = media
	return media
}

// entry is one of a folder, and where it stands in it.
type entry struct {
	fs.DirEntry
	name    string // its own; that of a stub is the one it stands for
	natural natural
}

// batch is how many entries are read between two looks at ctx.
const batch = 1000

// read lists a folder in the order a person reads it, without its litter. When
// the bounds end before the folder does, it is not whole: which entries are
// there is for the disk to say then.
func (g *gathering) read(ctx context.Context, place string) (entries []entry, whole bool, err error) {
	f, err := os.Open(place) //nolint:gosec // where the user's drop leads
	if err != nil {
		return nil, true, err
	}
	defer func() { _ = f.Close() }()
	for whole = true; whole && err == nil && ctx.Err() == nil; {
		var some []fs.DirEntry
		some, err = f.ReadDir(min(batch, g.bounds.looks-g.looks+1)) // one more tells whether there is more
		if room := g.bounds.looks - g.looks; len(some) > room {
			some, whole = some[:room], false
		}
		g.looks += len(some)
		for _, e := range some {
			name := e.Name()
			if e.Type().IsRegular() {
				name, _ = stoodFor(name)
			}
			if !litter(name) {
				entries = append(entries, entry{e, name, naturalOf(name)})
			}
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if ctx.Err() == nil { // sorting so many takes its time
		slices.SortFunc(entries, func(a, b entry) int { return a.natural.compare(b.natural) })
	}
	return entries, whole, err
}

// file takes one file: 1 when it is media.
func (g *gathering) file(path, place string) int {
	key := spelt(place)
	if media, again := g.seen[key]; again {
		return media
	}
	err := g.cloud.identify(filepath.Base(path), place)
	if errors.Is(err, errInCloud) {
		err = judge(unknown, "", extension(path))
	}
	if err == nil && !utf8.ValidString(path) {
		err = notText(filepath.Base(path))
	}
	if err != nil {
		g.seen[key] = 0
		g.refuse(path, err)
		return 0
	}
	g.seen[key] = 1
	if len(g.found) == g.bounds.files {
		g.end(path, "One drop brings at most %d files; the rest is left out.", g.bounds.files)
		return 1
	}
	g.found = append(g.found, path)
	return 1
}

// spelt is a path by which a place is known again: on a Mac one file answers to
// both spellings of its name.
func spelt(place string) string {
	if runtime.GOOS == "darwin" {
		return norm.NFC.String(place)
	}
	return place
}

// tooMuch ends the drop at a path: there is no more room to look.
func (g *gathering) tooMuch(path string) {
	g.end(path, "This drop holds more than %d files and folders; the rest is left out.", g.bounds.looks)
}

// end ends the drop with its last word.
func (g *gathering) end(path, format string, bound int) {
	r := refusal(path, fault.New(fault.RequestTooLarge, fmt.Sprintf(format, bound), nil).WithHint("Drop the rest by itself."))
	g.full = &r
}

// refuse names a path, once. Of one folder it names as many as a person reads
// and counts the others.
func (g *gathering) refuse(path string, err error) {
	if g.named[path] {
		return
	}
	w := g.within
	if w == nil {
		g.named[path] = true
		g.refused = append(g.refused, refusal(path, err))
		return
	}
	code := fault.From(err).Code
	w.worse = w.worse || code != fault.NotMedia
	if len(w.named) < g.bounds.named {
		g.named[path] = true
		w.named = append(w.named, refusal(path, err))
		return
	}
	if w.more == 0 {
		w.code = string(code)
	}
	w.more++
}

func refusal(path string, err error) job.Refused {
	f := fault.From(err)
	return job.Refused{Path: path, Name: readable(filepath.Base(path)), Code: string(f.Code), Message: f.Say, Hint: f.Hint}
}

// identify makes sure that the file at a real place is media, or says what
// else it is.
func (c cloud) identify(name, place string) error {
	f, _, err := c.open(name, place)
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
	return judge(k, words, ext)
}

// judge makes sure that a file is media by what its first bytes and its name
// say.
func judge(k kind, words, ext string) error {
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
