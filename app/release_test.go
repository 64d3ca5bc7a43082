package app_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/settings"
)

// yard is a copy of what packing needs, in a folder with spaces in its name, and
// made-up programs of a Mac in front of the real ones. So everything about a
// release is tested here but what Apple's programs do.
type yard struct {
	t   *testing.T
	dir string // the project
	env map[string]string
}

func newYard(t *testing.T) yard {
	t.Helper()
	base := filepath.Join(t.TempDir(), "a place with spaces")
	y := yard{t: t, dir: filepath.Join(base, "sluice"), env: map[string]string{
		"HOME":   filepath.Join(base, "home"),
		"TMPDIR": filepath.Join(base, "temporary"),
		"TOLD":   filepath.Join(base, "told.txt"),
		"PATH":   filepath.Join(base, "tools") + ":" + os.Getenv("PATH"),
	}}
	for _, dir := range []string{"home", "temporary", "tools"} {
		y.check(os.MkdirAll(filepath.Join(base, dir), 0o700))
	}
	for _, dir := range []string{"darwin", "linux"} {
		y.check(os.CopyFS(filepath.Join(y.dir, "build", dir), os.DirFS(filepath.Join(root(t), "build", dir))))
	}
	for _, file := range []string{"LICENSE", "NOTICE", "build/notes.sh"} {
		b, err := os.ReadFile(filepath.Join(root(t), file))
		y.check(err)
		y.write(file, string(b), 0o755)
	}
	tool := filepath.Join(root(t), "app", "testdata", "mac", "tool")
	for _, name := range []string{
		"uname", "mktemp", "sleep", "go", "plutil", "iconutil", "codesign",
		"ditto", "hdiutil", "security", "xcrun", "spctl", "curl", "screencapture",
	} {
		y.check(os.Symlink(tool, filepath.Join(base, "tools", name)))
	}
	return y
}

// secrets are what a Mac is given that may sign in the authors' name.
var secrets = map[string]string{
	"APPLE_CERT_P12":      "dGhlIGNlcnRpZmljYXRl",
	"APPLE_CERT_PASSWORD": "opens it",
	"APPLE_NOTARY_KEY":    "dGhlIGtleQ==",
	"APPLE_NOTARY_KEY_ID": "KEYID12345",
	"APPLE_NOTARY_ISSUER": "69a6de7e-0000-47e3-e053-5b8c7c11a4d1",
}

// never is what must stand in no output: the secrets, and what is in them.
var never = append(slices.Collect(maps.Values(secrets)), "the certificate", "the key")

func (y yard) check(err error) {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
}

func (y yard) write(path, text string, mode os.FileMode) {
	y.t.Helper()
	path = filepath.Join(y.dir, path)
	y.check(os.MkdirAll(filepath.Dir(path), 0o755))
	y.check(os.WriteFile(path, []byte(text), mode))
}

func (y yard) read(path string) string {
	y.t.Helper()
	b, err := os.ReadFile(filepath.Join(y.dir, path))
	y.check(err)
	return string(b)
}

// app stands in for what 'make app' leaves behind.
func (y yard) app() {
	y.t.Helper()
	y.write("build/bin/Sluice.app/Contents/MacOS/Sluice", "program", 0o755)
}

// run runs a script of the project with more of an environment.
func (y yard) run(more map[string]string, script string, args ...string) (stdout, stderr string, ok bool) {
	y.t.Helper()
	y.check(os.RemoveAll(y.env["TOLD"]))
	cmd := exec.CommandContext(y.t.Context(), filepath.Join(y.dir, script), args...) //nolint:gosec // a script of ours
	cmd.Dir = y.dir
	for _, env := range []map[string]string{y.env, more} {
		for name, value := range env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	ok = err == nil
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		y.t.Fatal(err)
	}
	for _, secret := range never {
		if strings.Contains(out.String()+said.String(), secret) {
			y.t.Errorf("%s prints %q", script, secret)
		}
	}
	left, err := os.ReadDir(y.env["TMPDIR"])
	y.check(err)
	if len(left) > 0 {
		y.t.Errorf("%s leaves %s behind", script, left[0])
	}
	return out.String(), said.String(), ok
}

var (
	madeUp    = regexp.MustCompile(`\b[0-9a-f]{48}\b`)
	temporary = regexp.MustCompile(`[^\[ ]*/temporary/tmp\.[0-9.]+`)
)

// told is what the made-up programs were told, in their order.
func (y yard) told() []string {
	y.t.Helper()
	b, err := os.ReadFile(y.env["TOLD"])
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	y.check(err)
	text := strings.ReplaceAll(string(b), filepath.Dir(y.dir)+"/temporary", "/temporary")
	text = temporary.ReplaceAllString(text, "TMP")
	text = madeUp.ReplaceAllString(text, "PASSWORD")
	return strings.Split(strings.TrimSpace(text), "\n")
}

func TestTheAppIsBundledAndSealed(t *testing.T) {
	t.Parallel()
	versions := map[string]string{
		"v1.2.3":               "1.2.3",
		"v1.2.3-4-gdeadbee":    "1.2.3",
		"1.2":                  "1.2",
		"v2.0.0-rc.1":          "2.0.0",
		"deadbee":              "0.0.0",
		"1234567":              "0.0.0",
		"dev":                  "0.0.0",
		"v1.2.3-4-g1234-dirty": "1.2.3",
	}
	for version, number := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			if _, said, ok := y.run(nil, "build/darwin/bundle.sh", version); !ok {
				t.Fatal(said)
			}
			want := []string{
				"plutil [-lint] [-s] [build/bin/new/Sluice.app/Contents/Info.plist]",
				"iconutil [-c] [icns] [-o] [build/bin/new/Sluice.app/Contents/Resources/Sluice.icns] [build/darwin/Sluice.iconset]",
				"plutil [-extract] [LSMinimumSystemVersion] [raw] [-o] [-] [build/bin/new/Sluice.app/Contents/Info.plist]",
				"go [build] [-trimpath] [-tags] [desktop,production] [-ldflags] [-s -w -X sluice/app.version=" + version + "] [-o] [build/bin/new/Sluice.app/Contents/MacOS/Sluice] [.]",
				"  for 13.0, cgo 1",
				"codesign [--force] [--timestamp=none] [--sign] [-] [build/bin/new/Sluice.app]",
				"codesign [--verify] [--strict] [build/bin/new/Sluice.app]",
			}
			if diff := cmp.Diff(want, y.told()); diff != "" {
				t.Error(diff)
			}
			info := readPlist(t, filepath.Join(y.dir, "build/bin/Sluice.app/Contents/Info.plist"))
			if info["CFBundleShortVersionString"] != number || info["CFBundleVersion"] != number {
				t.Errorf("%v and %v, want %s", info["CFBundleShortVersionString"], info["CFBundleVersion"], number)
			}
			for _, file := range []string{"PkgInfo", "MacOS/Sluice", "Resources/Sluice.icns", "Resources/LICENSE", "Resources/NOTICE"} {
				if y.read("build/bin/Sluice.app/Contents/"+file) == "" {
					t.Errorf("%s is empty", file)
				}
			}
		})
	}
}

func TestABundleThatCannotBeBuiltLeavesTheOldOne(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"plutil .-lint", "plutil .-extract", "iconutil", "go ", "codesign .--force", "codesign .--verify"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			y.write("build/bin/Sluice.app/old", "old", 0o644)
			if _, _, ok := y.run(map[string]string{"BREAK": "^" + tool}, "build/darwin/bundle.sh", "v1.2.3"); ok {
				t.Error("it says that all is well")
			}
			if y.read("build/bin/Sluice.app/old") != "old" {
				t.Error("the old one is gone")
			}
			if _, err := os.Stat(filepath.Join(y.dir, "build/bin/new")); err == nil {
				t.Error("half a bundle is left")
			}
		})
	}
}

// The disk image of somebody who has no secrets.
func TestWithoutSecretsTheDiskImageHoldsAnAppThatIsSealedOnly(t *testing.T) {
	t.Parallel()
	// A workflow sets the variables of secrets that nobody gave it to nothing.
	nothing := map[string]string{}
	for name := range secrets {
		nothing[name] = ""
	}
	for name, env := range map[string]map[string]string{"not set": nil, "empty": nothing} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			y.app()
			out, said, ok := y.run(env, "build/darwin/dmg.sh", "v1.2.3")
			if !ok || !strings.Contains(out, "not notarised") {
				t.Fatal(out, said)
			}
			want := []string{
				"codesign [--force] [--timestamp=none] [--sign] [-] [build/bin/Sluice.app]",
				"codesign [--verify] [--strict] [build/bin/Sluice.app]",
				"ditto [build/bin/Sluice.app] [TMP/Sluice/Sluice.app]",
				"hdiutil [create] [-quiet] [-ov] [-volname] [Sluice] [-srcfolder] [TMP/Sluice] [-fs] [HFS+] [-format] [UDZO] [-imagekey] [zlib-level=9] [TMP/Sluice-1.2.3-arm64.dmg]",
				"  holds: ./Applications ./Sluice.app -> /Applications",
				"hdiutil [verify] [-quiet] [TMP/Sluice-1.2.3-arm64.dmg]",
			}
			if diff := cmp.Diff(want, y.told()); diff != "" {
				t.Error(diff)
			}
			// sha256 of "image"
			sum := "6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d  Sluice-1.2.3-arm64.dmg\n"
			if got := y.read("build/bin/Sluice-1.2.3-arm64.dmg.sha256"); got != sum {
				t.Errorf("%q, want %q", got, sum)
			}
		})
	}
}

// withSecrets is all that happens where there are secrets.
var withSecrets = slices.Concat(
	signed("build/bin/Sluice.app", " [--options] [runtime]"),
	[]string{
		"ditto [-c] [-k] [--keepParent] [build/bin/Sluice.app] [TMP/Sluice.zip]",
		submit("TMP/Sluice.zip"),
		"  key: the key, 600",
		"xcrun [stapler] [staple] [build/bin/Sluice.app]",
		"xcrun [stapler] [validate] [build/bin/Sluice.app]",
		"spctl [--assess] [--type] [execute] [build/bin/Sluice.app]",
		"ditto [build/bin/Sluice.app] [TMP/Sluice/Sluice.app]",
		"hdiutil [create] [-quiet] [-ov] [-volname] [Sluice] [-srcfolder] [TMP/Sluice] [-fs] [HFS+] [-format] [UDZO] [-imagekey] [zlib-level=9] [TMP/Sluice-1.2.3-arm64.dmg]",
		"  holds: ./Applications ./Sluice.app -> /Applications",
	},
	signed("TMP/Sluice-1.2.3-arm64.dmg", ""),
	[]string{
		submit("TMP/Sluice-1.2.3-arm64.dmg"),
		"  key: the key, 600",
		"xcrun [stapler] [staple] [TMP/Sluice-1.2.3-arm64.dmg]",
		"xcrun [stapler] [validate] [TMP/Sluice-1.2.3-arm64.dmg]",
		"spctl [--assess] [--type] [open] [--context] [context:primary-signature] [TMP/Sluice-1.2.3-arm64.dmg]",
		"hdiutil [verify] [-quiet] [TMP/Sluice-1.2.3-arm64.dmg]",
	},
)

func signed(target, options string) []string {
	const (
		own    = "[TMP/sign.keychain-db]"
		before = "[/Users/me/Library/Keychains/login.keychain-db]"
	)
	return []string{
		"security [list-keychains] [-d] [user]",
		"security [create-keychain] [-p] [PASSWORD] " + own,
		"security [set-keychain-settings] [-lut] [3600] " + own,
		"security [unlock-keychain] [-p] [PASSWORD] " + own,
		"security [import] [TMP/cert.p12] [-k] " + own + " [-f] [pkcs12] [-P] [opens it] [-T] [/usr/bin/codesign]",
		"  certificate: the certificate, 600",
		"security [set-key-partition-list] [-S] [apple-tool:,apple:] [-s] [-k] [PASSWORD] " + own,
		"security [list-keychains] [-d] [user] [-s] " + own + " " + before,
		"security [find-identity] [-v] [-p] [codesigning] " + own,
		"codesign [--force]" + options + " [--timestamp] [--sign] [2222222222222222222222222222222222222222] [" + target + "]",
		"codesign [--verify] [--strict] [" + target + "]",
		"security [list-keychains] [-d] [user] [-s] " + before,
		"security [delete-keychain] " + own,
	}
}

func submit(sent string) string {
	return "xcrun [notarytool] [submit] [" + sent + "] [--key] [TMP/key.p8] [--key-id] [KEYID12345]" +
		" [--issuer] [69a6de7e-0000-47e3-e053-5b8c7c11a4d1] [--wait] [--timeout] [45m] [--output-format] [json]"
}

func TestWithSecretsAppleLooksAtTheAppAndThenAtTheDiskImage(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.app()
	out, said, ok := y.run(secrets, "build/darwin/dmg.sh", "v1.2.3")
	if !ok {
		t.Fatal(out, said)
	}
	if diff := cmp.Diff(withSecrets, y.told()); diff != "" {
		t.Error(diff)
	}
	if y.read("build/bin/Sluice-1.2.3-arm64.dmg") != "image" {
		t.Error("there is no disk image")
	}
}

// Every program that fails stops it: nothing is packed that is not what it says.
func TestWhateverFailsThereIsNoDiskImage(t *testing.T) {
	t.Parallel()
	steps := map[string]bool{}
	for _, line := range withSecrets {
		words := strings.Fields(line)
		if !strings.HasPrefix(line, " ") && !strings.Contains(line, "delete-keychain") {
			steps[strings.Join(words[:min(len(words), 3)], " ")] = true
		}
	}
	if len(steps) < 15 {
		t.Fatalf("only %d steps", len(steps))
	}
	for step := range steps {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			y.app()
			env := maps.Clone(secrets)
			env["BREAK"] = "^" + strings.ReplaceAll(regexp.QuoteMeta(step), "TMP", ".*")
			if out, _, ok := y.run(env, "build/darwin/dmg.sh", "v1.2.3"); ok {
				t.Error("it says that all is well: " + out)
			}
			left, err := filepath.Glob(filepath.Join(y.dir, "build/bin/*.dmg*"))
			if err != nil || len(left) > 0 {
				t.Error(left, err)
			}
			told := strings.Join(y.told(), "\n")
			if strings.Count(told, "create-keychain") > strings.Count(told, "delete-keychain") && step != "security [create-keychain] [-p]" {
				t.Error("a keychain stays behind")
			}
		})
	}
}

func TestWhatCannotBeRightIsRefusedInWords(t *testing.T) {
	t.Parallel()
	without := func(names ...string) map[string]string {
		env := maps.Clone(secrets)
		for _, name := range names {
			delete(env, name)
		}
		return env
	}
	with := func(name, value string) map[string]string {
		env := maps.Clone(secrets)
		env[name] = value
		return env
	}
	tests := map[string]struct {
		env  map[string]string
		want string
	}{
		"a certificate without its password":   {without("APPLE_CERT_PASSWORD"), "APPLE_CERT_PASSWORD is not"},
		"half of what Apple wants to know":     {without("APPLE_NOTARY_KEY_ID"), "not set: APPLE_NOTARY_KEY_ID"},
		"a key that is missing":                {without("APPLE_NOTARY_KEY"), "not set: APPLE_NOTARY_KEY"},
		"an app that nobody has signed":        {without("APPLE_CERT_P12", "APPLE_CERT_PASSWORD"), "signed ad hoc"},
		"a certificate that is no base64":      {with("APPLE_CERT_P12", "&&&"), "APPLE_CERT_P12 is no base64"},
		"a key that is no base64":              {with("APPLE_NOTARY_KEY", "&&&"), "APPLE_NOTARY_KEY is no base64"},
		"a certificate for something else":     {with("NOBODY", "1"), "no valid Developer ID"},
		"an app that Apple does not like":      {with("STATUS", "Invalid"), "the signature of Contents/MacOS/Sluice is wrong"},
		"an answer that is none":               {with("STATUS", ""), "Apple says nothing"},
		"an answer that does not come in time": {with("STATUS", "In Progress"), "Apple says In Progress"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			y.app()
			_, said, ok := y.run(tt.env, "build/darwin/dmg.sh", "v1.2.3")
			if ok || !strings.Contains(said, tt.want) {
				t.Errorf("%v, %s", ok, said)
			}
		})
	}
}

func TestAnIdentityOfOnesOwnKeychainSignsToo(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.app()
	env := map[string]string{"APPLE_SIGN_IDENTITY": "Developer ID Application: Some One (CCCCCCCCCC)"}
	if _, said, ok := y.run(env, "build/darwin/sign.sh", "build/bin/Sluice.app"); !ok {
		t.Fatal(said)
	}
	want := []string{
		"codesign [--force] [--options] [runtime] [--timestamp] [--sign] [Developer ID Application: Some One (CCCCCCCCCC)] [build/bin/Sluice.app]",
		"codesign [--verify] [--strict] [build/bin/Sluice.app]",
	}
	if diff := cmp.Diff(want, y.told()); diff != "" {
		t.Error(diff)
	}
}

func TestADiskImageNeedsAnAppAndAVersion(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		app  bool
		args []string
		want string
	}{
		"no app":                    {false, []string{"v1.2.3"}, "make app"},
		"no version":                {true, nil, "which version"},
		"a version that is a path":  {true, []string{"v1/../../x"}, "is no version"},
		"a version with a space":    {true, []string{"1.2 3"}, "is no version"},
		"a version that is a quote": {true, []string{"1'2"}, "is no version"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			if tt.app {
				y.app()
			}
			_, said, ok := y.run(nil, "build/darwin/dmg.sh", tt.args...)
			if ok || !strings.Contains(said, tt.want) {
				t.Errorf("%v, %s", ok, said)
			}
		})
	}
}

// "Resource busy" of a system that looks into the new image comes and goes.
func TestPackingIsTriedAgain(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.app()
	if _, _, ok := y.run(map[string]string{"BREAK": `^hdiutil \[create`}, "build/darwin/dmg.sh", "v1.2.3"); ok {
		t.Error("it says that all is well")
	}
	tries := 0
	for _, line := range y.told() {
		if strings.HasPrefix(line, "hdiutil [create]") {
			tries++
		}
	}
	if tries != 3 {
		t.Errorf("%d tries", tries)
	}
}

func TestWhatWasPackedIsStartedAsPeopleDo(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.write("build/bin/Sluice-1.2.3-arm64.dmg", "image", 0o644)
	y.write("made/Sluice.app/Contents/MacOS/Sluice", `#!/usr/bin/env bash
trap 'rm "$SLUICE_HOME/server.json"; exit 0' TERM
echo '{"url":"http://127.0.0.1:1"}' >"$SLUICE_HOME/new.json"
mv "$SLUICE_HOME/new.json" "$SLUICE_HOME/server.json"
while :; do /bin/sleep 0.05; done
`, 0o755)
	env := map[string]string{"APP": filepath.Join(y.dir, "made/Sluice.app")}
	out, said, ok := y.run(env, "build/darwin/smoke.sh", "build/bin/Sluice-1.2.3-arm64.dmg")
	if !ok || !strings.Contains(out, "smoke: fine") {
		t.Fatal(out, said)
	}
	want := []string{
		"hdiutil [attach] [-quiet] [-nobrowse] [-readonly] [-mountpoint] [TMP/volume] [build/bin/Sluice-1.2.3-arm64.dmg]",
		"ditto [TMP/volume/Sluice.app] [TMP/Sluice.app]",
		"hdiutil [detach] [-quiet] [TMP/volume]",
		"codesign [--verify] [--strict] [TMP/Sluice.app]",
		"sleep [10]",
		"curl [-fsS] [http://127.0.0.1:1/healthz]",
		"curl [-fsS] [-X] [POST] [http://127.0.0.1:1/api/v1/window/show]",
		"screencapture [-x] [build/bin/smoke.png]",
	}
	if diff := cmp.Diff(want, y.told()); diff != "" {
		t.Error(diff)
	}
}

func TestTheCaskNamesTheRelease(t *testing.T) {
	t.Parallel()
	image := "build/bin/Sluice-1.2.3-arm64.dmg"
	for name, tt := range map[string]struct {
		notarised bool
		env       map[string]string
	}{
		"that Apple has seen":     {true, nil},
		"that Apple has not seen": {false, map[string]string{"BREAK": `^xcrun \[stapler`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			y.write(image, "image", 0o644)
			cask, said, ok := y.run(tt.env, "build/darwin/cask.sh", "v1.2.3", image)
			if !ok {
				t.Fatal(said)
			}
			for _, want := range []string{
				`cask "sluice" do`,
				`  version "1.2.3"`,
				`  sha256 "6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d"`,
				`  app "Sluice.app"`,
				"end",
			} {
				if !strings.Contains(cask, want+"\n") {
					t.Errorf("it lacks %q:\n%s", want, cask)
				}
			}
			if strings.Contains(cask, "@") {
				t.Error("something is not filled in:\n" + cask)
			}
			if strings.Contains(cask, "caveats") == tt.notarised {
				t.Error("it is wrong about whether it opens:\n" + cask)
			}
			if _, err := exec.LookPath("ruby"); err == nil {
				check := exec.CommandContext(t.Context(), "ruby", "-wc")
				check.Stdin = strings.NewReader(cask)
				if out, err := check.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "Syntax OK" {
					t.Errorf("%v, %s", err, out)
				}
			}
		})
	}
}

func TestACaskIsMadeOfARightReleaseOnly(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.write("Sluice-1.2.3-arm64.dmg", "image", 0o644)
	y.write("Sluice-1.2-arm64.dmg", "image", 0o644)
	for name, args := range map[string][]string{
		"a version that is none":      {"1.2", "Sluice-1.2-arm64.dmg"},
		"an image of another version": {"1.2.4", "Sluice-1.2.3-arm64.dmg"},
		"an image that is not there":  {"1.2.4", "Sluice-1.2.4-arm64.dmg"},
		"no image":                    {"1.2.3"},
	} {
		if cask, _, ok := y.run(nil, "build/darwin/cask.sh", args...); ok || cask != "" {
			t.Errorf("%s: %v, %s", name, ok, cask)
		}
	}
}

// The cask knows where Sluice is published, what it leaves on a Mac, and which
// Macs it runs on; all of that is said elsewhere too.
func TestTheCaskKnowsTheApp(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../build/darwin/sluice.rb.in")
	if err != nil {
		t.Fatal(err)
	}
	cask := string(b)
	dirs, err := settings.FindDirs("darwin", "/Users/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	info := readPlist(t, "../build/darwin/Info.plist")
	id := fmt.Sprint(info["CFBundleIdentifier"])
	want := map[string]string{
		"the data folder":       quoted(strings.Replace(dirs.Data, "/Users/me", "~", 1)),
		"the log folder":        quoted(strings.Replace(dirs.Logs, "/Users/me", "~", 1)),
		"what the window keeps": quoted("~/Library/WebKit/" + id),
		"the login item":        quoted("~/Library/LaunchAgents/" + id + ".plist"),
		"what is unloaded":      "zap launchctl: " + quoted(id),
		"what is told to quit":  "uninstall quit: " + quoted(id),
		"the command line":      `binary "#{appdir}/Sluice.app/Contents/MacOS/` + fmt.Sprint(info["CFBundleExecutable"]) + `", target: "sluice"`,
	}
	// The names that Homebrew has for the numbers.
	systems := map[string]string{"13.0": "ventura", "14.0": "sonoma", "15.0": "sequoia"}
	want["the oldest system"] = `macos: ">= :` + systems[fmt.Sprint(info["LSMinimumSystemVersion"])] + `"`
	for _, key := range settings.Keys() {
		if key.Name == "updates.feed" {
			project := strings.TrimSuffix(strings.TrimPrefix(key.Default, "https://api.github.com/repos/"), "/releases/latest")
			want["where it is published"] = `"https://github.com/` + project + `/releases/download/v#{version}/Sluice-#{version}-arm64.dmg"`
			want["its home"] = `homepage "https://github.com/` + project + `"`
		}
	}
	if len(want) != 10 {
		t.Fatalf("%d things are known of the cask", len(want))
	}
	for what, text := range want {
		if !strings.Contains(cask, text) {
			t.Errorf("%s: the cask lacks %s", what, text)
		}
	}
}

func quoted(s string) string { return `"` + s + `"` }

func TestTheNotesOfAReleaseAreThoseOfTheChangelog(t *testing.T) {
	t.Parallel()
	const changelog = "# Changelog\n\nWords.\n\n## Unreleased\n\n### Added\n\n- Soon.\n\n" +
		"## 1.10.0 - 2026-12-01\n\n### Added\n\n- Ten.\n\n## [1.1.0] - 2026-11-01\n\n- One.\n- Two.\n\n## 1.0.0\n\n"
	tests := map[string]struct{ version, want, wrong string }{
		"a version":                         {"v1.10.0", "### Added\n\n- Ten.\n", ""},
		"one whose name begins another's":   {"v1.1.0", "- One.\n- Two.\n", ""},
		"what comes before a version":       {"1.11.0-rc.1", "### Added\n\n- Soon.\n", ""},
		"a version that nobody wrote down":  {"v1.11.0", "", "does not say what is new in 1.11.0"},
		"a version of which nothing is new": {"v1.0.0", "", "does not say"},
		"no version":                        {"Unreleased", "", "is no version"},
		"half a version":                    {"v1.1", "", "is no version"},
	}
	y := newYard(t)
	y.write("CHANGELOG.md", changelog, 0o644)
	for name, tt := range tests {
		out, said, ok := y.run(nil, "build/notes.sh", tt.version)
		if out != tt.want || ok != (tt.wrong == "") || !strings.Contains(said, tt.wrong) {
			t.Errorf("%s: %v, %q, %q", name, ok, out, said)
		}
	}
}

func TestInstallingPutsTheAppIntoTheMenu(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.write("build/bin/sluice", "one", 0o755)
	y.write("build/bin/sluice-desktop", "two", 0o755)
	prefix := filepath.Join(y.env["HOME"], "my programs")
	for range 2 { // again, over itself
		if out, said, ok := y.run(nil, "build/linux/install.sh", prefix); !ok {
			t.Fatal(out, said)
		}
	}
	entry, err := os.ReadFile(filepath.Join(prefix, "share/applications/sluice.desktop"))
	y.check(err)
	if want := "\nExec=\"" + prefix + "/bin/sluice-desktop\" desktop %F\n"; !strings.Contains(string(entry), want) {
		t.Errorf("the entry lacks %s:\n%s", want, entry)
	}
	if name := "Name=Sluice\n"; !strings.Contains(string(entry), name) {
		t.Errorf("the entry is not whole:\n%s", entry)
	}
	for _, file := range []string{
		"bin/sluice", "bin/sluice-desktop",
		"share/icons/hicolor/48x48/apps/sluice.png", "share/icons/hicolor/scalable/apps/sluice.svg",
	} {
		if info, err := os.Stat(filepath.Join(prefix, file)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
	if validate, err := exec.LookPath("desktop-file-validate"); err == nil {
		out, err := exec.CommandContext(context.WithoutCancel(t.Context()), validate, filepath.Join(prefix, "share/applications/sluice.desktop")).CombinedOutput()
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
	for _, prefix := range []string{"/a\"b", "/a$b", "/a%b", "/a`b", `/a\b`, "/a\nb"} {
		if _, said, ok := y.run(nil, "build/linux/install.sh", prefix); ok || !strings.Contains(said, "could not start") {
			t.Errorf("%q: %v, %s", prefix, ok, said)
		}
	}
}

func TestNothingIsInstalledThatWasNotBuilt(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.write("build/bin/sluice", "one", 0o755)
	if _, said, ok := y.run(nil, "build/linux/install.sh", y.env["HOME"]); ok || !strings.Contains(said, "make install") {
		t.Errorf("%v, %s", ok, said)
	}
	if left, err := os.ReadDir(y.env["HOME"]); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}
