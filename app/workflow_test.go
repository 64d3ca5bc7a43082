package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// workflow is what these tests look at of a workflow of GitHub's.
type workflow struct {
	Permissions map[string]string `yaml:"permissions"`
	Jobs        map[string]struct {
		RunsOn      string            `yaml:"runs-on"`
		Permissions map[string]string `yaml:"permissions"`
		Timeout     int               `yaml:"timeout-minutes"`
		Steps       []step            `yaml:"steps"`
	} `yaml:"jobs"`
}

type step struct {
	Name string            `yaml:"name"`
	Uses string            `yaml:"uses"`
	With map[string]any    `yaml:"with"`
	Run  string            `yaml:"run"`
	Env  map[string]string `yaml:"env"`
}

// workflows are all that there are, by the names of their files.
func workflows(t *testing.T) (map[string]workflow, map[string]string) {
	t.Helper()
	paths, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(paths) < 2 {
		t.Fatal(paths, err)
	}
	flows, texts := map[string]workflow{}, map[string]string{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var flow workflow
		if err := yaml.Unmarshal(b, &flow); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		flows[filepath.Base(path)], texts[filepath.Base(path)] = flow, string(b)
	}
	return flows, texts
}

var (
	action = regexp.MustCompile(`^([a-z-]+/[a-z-]+)@(v\d+\.\d+\.\d+)$`)
	secret = regexp.MustCompile(`secrets\.(\w+)`)
	script = regexp.MustCompile(`(?:^|[\s(])((?:\.\./darwin|build(?:/\w+)?|\.ci)/[\w.]*(?:\.sh|run))\b`)
	target = regexp.MustCompile(`(?m)^\s*make ([a-z-]+)`)
)

func TestWorkflowsRunWhatThereIs(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	flows, _ := workflows(t)
	pinned, scripts, targets := map[string]string{}, 0, 0
	for file, flow := range flows {
		for name, job := range flow.Jobs {
			where := file + ", " + name
			if job.Timeout == 0 {
				t.Errorf("%s: it may hang for six hours", where)
			}
			for _, step := range job.Steps {
				if step.Uses != "" {
					m := action.FindStringSubmatch(step.Uses)
					if m == nil {
						t.Errorf("%s: %s is not pinned", where, step.Uses)
						continue
					}
					if before := pinned[m[1]]; before != "" && before != m[2] {
						t.Errorf("%s: %s is %s here and %s elsewhere", where, m[1], m[2], before)
					}
					pinned[m[1]] = m[2]
					continue
				}
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: %q is put together by GitHub: a name could be a command", where, step.Name)
				}
				bash := exec.CommandContext(t.Context(), "bash", "-n")
				bash.Stdin = strings.NewReader(step.Run)
				if out, err := bash.CombinedOutput(); err != nil {
					t.Errorf("%s: %q: %s", where, step.Name, out)
				}
				for _, m := range script.FindAllStringSubmatch(step.Run, -1) {
					path := strings.Replace(m[1], "../darwin", "build/darwin", 1)
					if info, err := os.Stat(filepath.Join(root(t), path)); err != nil || info.Mode()&0o111 == 0 {
						t.Errorf("%s: %s cannot be run: %v", where, path, err)
					}
					scripts++
				}
				for _, m := range target.FindAllStringSubmatch(step.Run, -1) {
					if !strings.Contains(string(makefile), "\n"+m[1]+":") {
						t.Errorf("%s: there is nothing to make %s", where, m[1])
					}
					targets++
				}
			}
		}
	}
	if len(pinned) < 4 || scripts < 6 || targets < 5 {
		t.Errorf("only %d actions, %d scripts and %d targets were found", len(pinned), scripts, targets)
	}
}

// What is published is built by one job, which may read only, and published by
// another, which runs nothing of ours; the secrets are seen by one step.
func TestAReleaseTrustsNobodyMoreThanItMust(t *testing.T) {
	t.Parallel()
	flows, texts := workflows(t)
	if diff := cmp.Diff(map[string]string{"contents": "read"}, flows["ci.yml"].Permissions); diff != "" {
		t.Error(diff)
	}
	release := flows["release.yml"]
	if release.Permissions == nil || len(release.Permissions) > 0 {
		t.Errorf("every job may %v", release.Permissions)
	}
	may := map[string]map[string]string{}
	for name, job := range release.Jobs {
		may[name] = job.Permissions
	}
	want := map[string]map[string]string{"build": {"contents": "read"}, "publish": {"contents": "write"}}
	if diff := cmp.Diff(want, may); diff != "" {
		t.Error(diff)
	}
	for _, step := range release.Jobs["publish"].Steps {
		if strings.HasPrefix(step.Uses, "actions/checkout@") || script.MatchString(step.Run) || target.MatchString(step.Run) {
			t.Errorf("the job that may write runs %s%s", step.Uses, step.Run)
		}
	}

	var names, given []string
	for _, script := range []string{"sign.sh", "notarise.sh"} {
		b, err := os.ReadFile("../build/darwin/" + script)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, regexp.MustCompile(`\bAPPLE_[A-Z0-9_]+`).FindAllString(string(b), -1)...)
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "APPLE_SIGN_IDENTITY" }) // of a keychain on one's own Mac
	for _, step := range release.Jobs["build"].Steps {
		if len(step.Env) == 0 {
			continue
		}
		if step.Run != `build/darwin/dmg.sh "$GITHUB_REF_NAME"` {
			t.Errorf("%q is given %v", step.Name, step.Env)
		}
		for name, value := range step.Env {
			if value != "${{ secrets."+name+" }}" {
				t.Errorf("%s is %s", name, value)
			}
			given = append(given, name)
		}
	}
	slices.Sort(given)
	if diff := cmp.Diff(names, given); diff != "" {
		t.Error(diff)
	}
	for file, text := range texts {
		n := len(secret.FindAllString(text, -1))
		if file == "release.yml" {
			n -= len(given)
		}
		if n != 0 {
			t.Errorf("%s: secrets go where they are not needed", file)
		}
	}
	// The token of the checkout would lie in .git for whatever runs later.
	for name, job := range release.Jobs {
		for _, step := range job.Steps {
			if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
				t.Errorf("%s keeps the token", name)
			}
		}
	}
}

// The scripts of the project stop at the first thing that goes wrong, and those
// that a Mac runs can be read by its bash, which is old.
func TestScriptsStopWhenSomethingFails(t *testing.T) {
	t.Parallel()
	var scripts []string
	for _, pattern := range []string{"build/*.sh", "build/*/*.sh", ".ci/run"} {
		found, err := filepath.Glob(filepath.Join(root(t), pattern))
		if err != nil {
			t.Fatal(err)
		}
		scripts = append(scripts, found...)
	}
	if len(scripts) < 12 {
		t.Fatalf("only %d scripts", len(scripts))
	}
	newer := regexp.MustCompile(`\b(mapfile|readarray|declare -A|local -n)\b|\$\{\w+(,,|\^\^|@[A-Z])`)
	for _, path := range scripts {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, text := filepath.Base(path), string(b)
		if !strings.HasPrefix(text, "#!/usr/bin/env bash\n") || !strings.Contains(text, "\nset -euo pipefail\n") {
			t.Errorf("%s does not stop when something fails", name)
		}
		if info, err := os.Stat(path); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s cannot be run: %v", name, err)
		}
		if out, err := exec.CommandContext(t.Context(), "bash", "-n", path).CombinedOutput(); err != nil {
			t.Errorf("%s: %s", name, out)
		}
		onMac := !strings.Contains(path, "/build/shots/") && !strings.Contains(path, "/build/linux/")
		if found := newer.FindString(text); onMac && found != "" {
			t.Errorf("%s: the bash of a Mac does not know %s", name, found)
		}
	}
}
