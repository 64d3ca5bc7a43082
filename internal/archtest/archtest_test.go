package archtest_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const module = "sluice"

func TestTheArrowsGoDown(t *testing.T) {
	t.Parallel()
	wrong, files := check(t, os.DirFS("../.."))
	for _, w := range wrong {
		t.Error(w)
	}
	if files < 20 {
		t.Errorf("only %d files were read: this looks at the wrong place", files)
	}
}

// The table itself could be wrong, so it is held to the same rule.
func TestTheTableItselfGoesDown(t *testing.T) {
	t.Parallel()
	all := places()
	for name, p := range all {
		for _, to := range strings.Fields(p.imports) {
			if to == "everything" {
				continue
			}
			target, ok := all[to]
			switch {
			case !ok:
				t.Errorf("%s may import %s, which is not in the table", name, to)
			case p.layer <= core:
				t.Errorf("%s may import %s, but vocabulary and core import no package of ours but the vocabulary", name, to)
			case target.layer >= p.layer && !exceptions()[[2]string{name, to}]:
				t.Errorf("%s may import %s, which is no lower", name, to)
			}
		}
	}
	for prefix, users := range libraries() {
		for _, user := range strings.Fields(users) {
			p, ok := all[user]
			switch {
			case !ok:
				t.Errorf("%s may be imported by %s, which is not in the table", prefix, user)
			case p.layer == core:
				t.Errorf("%s may be imported by %s, but core needs the standard library only", prefix, user)
			}
		}
	}
}

// A test that never fails proves nothing: here is one example of each mistake.
func TestEveryMistakeIsSeen(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ file, source, want string }{
		"an adapter that knows another": {
			"internal/media/x.go", `package media; import _ "sluice/internal/whisper"`,
			"internal/media/x.go imports internal/whisper",
		},
		"core that knows other core": {
			"internal/queue/x.go", `package queue; import _ "sluice/internal/pipeline"`,
			"internal/queue/x.go imports internal/pipeline",
		},
		"vocabulary that knows other vocabulary": {
			"internal/job/x.go", `package job; import _ "sluice/internal/transcript"`,
			"internal/job/x.go imports internal/transcript",
		},
		"a test of the vocabulary that knows core": {
			"internal/job/x_test.go", `package job_test; import _ "sluice/internal/queue"`,
			"internal/job/x_test.go imports internal/queue",
		},
		"an arrow up to app": {
			"internal/cli/x.go", `package cli; import _ "sluice/app"`,
			"internal/cli/x.go imports app",
		},
		"main that does more than call app": {
			"main.go", `package main; import _ "sluice/internal/queue"`,
			"main.go imports internal/queue",
		},
		"a mistake behind a build tag": {
			"internal/whisper/x.go", "//go:build darwin && metal\n\npackage whisper\n\nimport _ \"sluice/internal/media\"\n",
			"internal/whisper/x.go imports internal/media",
		},
		"a package that is not in the table": {
			"internal/novelty/x.go", `package novelty`,
			"internal/novelty is not in the table of packages",
		},
		"a library outside of its adapter": {
			"internal/httpapi/x.go", `package httpapi; import _ "github.com/redis/go-redis/v9"`,
			"internal/httpapi/x.go imports github.com/redis/go-redis/v9",
		},
		"a library that nobody decided on": {
			"internal/media/x.go", `package media; import _ "github.com/someone/ffmpeg"`,
			"internal/media/x.go imports github.com/someone/ffmpeg",
		},
		"a library whose name only starts like a known one": {
			"internal/sqlitestore/x.go", `package sqlitestore; import _ "modernc.org/sqlite3"`,
			"internal/sqlitestore/x.go imports modernc.org/sqlite3",
		},
		"C outside of its places": {
			"internal/memory/x.go", `package memory; import "C"`,
			"internal/memory/x.go imports C",
		},
		"SQL outside of its store": {
			"internal/httpapi/x.go", `package httpapi; import _ "database/sql"`,
			"internal/httpapi/x.go imports database/sql",
		},
		"core that starts programs": {
			"internal/pipeline/x.go", `package pipeline; import _ "os/exec"`,
			"internal/pipeline/x.go imports os/exec",
		},
		"vocabulary that opens files": {
			"internal/transcript/x.go", `package transcript; import _ "os"`,
			"internal/transcript/x.go imports os",
		},
		"an init function": {
			"internal/media/x.go", `package media; func init() {}`,
			"internal/media/x.go has an init function",
		},
		"a method called init is none": {
			"internal/media/x.go", `package media; type T struct{}; func (T) init() {}`,
			"",
		},
		"a vague name": {
			"internal/util/x.go", `package util`,
			"internal/util is named util",
		},
		"the test of an adapter may use others": {
			"internal/media/x_test.go", `package media_test; import (_ "sluice/internal/whisper"; _ "github.com/someone/x")`,
			"",
		},
		"test data is no source": {
			"internal/media/testdata/x.go", `package util; func init() {}`,
			"",
		},
		"what is right": {
			"internal/sqlitestore/x.go",
			`package sqlitestore; import (_ "database/sql"; _ "os"; _ "modernc.org/sqlite/lib"; _ "sluice/internal/queue"; _ "sluice/internal/job")`,
			"",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wrong, _ := check(t, fstest.MapFS{tt.file: {Data: []byte(tt.source)}})
			switch {
			case tt.want == "" && len(wrong) > 0:
				t.Errorf("found %q", wrong)
			case tt.want != "" && !slices.ContainsFunc(wrong, func(w string) bool { return strings.HasPrefix(w, tt.want) }):
				t.Errorf("found %q, want %q", wrong, tt.want)
			}
		})
	}
}

// Files that no Go program sees are not looked at.
func TestForeignFoldersAreLeftAlone(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{}
	for _, dir := range []string{".git", "frontend/node_modules/x", "build/cache/x", "build/npm/x", "internal/_old", "vendor/x"} {
		tree[dir+"/x.go"] = &fstest.MapFile{Data: []byte("package util")}
	}
	wrong, files := check(t, tree)
	if diff := cmp.Diff(0, files); diff != "" || len(wrong) > 0 {
		t.Errorf("read %d files and found %q", files, wrong)
	}
}

// check reads every Go file below root and returns what breaks a rule.
func check(t *testing.T, root fs.FS) (wrong []string, files int) {
	t.Helper()
	seen := map[string]bool{}
	complain := func(format string, args ...any) {
		if text := fmt.Sprintf(format, args...); !seen[text] {
			seen[text] = true
			wrong = append(wrong, text)
		}
	}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if foreign(name) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files++
		checkFile(name, f, complain)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(wrong)
	return wrong, files
}

// foreign says that a folder holds no source of ours.
func foreign(dir string) bool {
	switch base := path.Base(dir); {
	case dir == ".":
		return false
	case base == "testdata", base == "node_modules", base == "vendor", base[0] == '.', base[0] == '_':
		return true
	}
	return slices.Contains([]string{"build/bin", "build/cache", "build/npm"}, dir)
}

func checkFile(name string, f *ast.File, complain func(string, ...any)) {
	pkg, test := path.Dir(name), strings.HasSuffix(name, "_test.go")
	if vague(f.Name.Name) || vague(path.Base(pkg)) {
		complain("%s is named %s: name it after what it does", pkg, f.Name.Name)
	}
	p, known := places()[pkg]
	if !known {
		if !test { // a folder of tests alone is no package that others could import
			complain("%s is not in the table of packages: add it to rules_test.go", pkg)
		}
		return
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			complain("%s has an init function: let a constructor do it", name)
		}
	}
	for _, spec := range f.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			complain("%s: %v", name, err)
			continue
		}
		if why := refused(pkg, p, target, test); why != "" {
			complain("%s imports %s: %s", name, strings.TrimPrefix(target, module+"/"), why)
		}
	}
}

// refused says why a package may not import another; "" when it may.
func refused(pkg string, p place, target string, test bool) string {
	if ours, ok := strings.CutPrefix(target, module+"/"); ok {
		switch {
		case test && ours == pkg, test && p.layer > vocabulary:
			return "" // tests put things together as they need
		case p.imports == "everything", p.layer > vocabulary && places()[ours].layer == vocabulary && known(ours):
			return ""
		case slices.Contains(strings.Fields(p.imports), ours):
			return ""
		}
		return "its row in the table does not have it"
	}
	switch {
	case test:
		return ""
	case target != "C" && !strings.Contains(strings.SplitN(target, "/", 2)[0], "."): // standard library
		if standard(pkg, p.layer, target) {
			return ""
		}
		return "not from this height"
	}
	prefix, users := longest(target)
	switch {
	case prefix == "":
		return "no package is listed for this library"
	case slices.Contains(strings.Fields(users), pkg):
		return ""
	}
	return "only for: " + users
}

func known(pkg string) bool { _, ok := places()[pkg]; return ok }

// longest finds the most exact entry for a library.
func longest(target string) (prefix, users string) {
	for p, u := range libraries() {
		if (target == p || strings.HasPrefix(target, p+"/")) && len(p) > len(prefix) {
			prefix, users = p, u
		}
	}
	return prefix, users
}
