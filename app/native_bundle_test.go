package app_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheBundleIsWhatAMacExpects(t *testing.T) {
	t.Parallel()
	info := readPlist(t, "../build/darwin/Info.plist")
	want := map[string]any{
		"CFBundlePackageType":        "APPL",
		"CFBundleIdentifier":         "io.github.sluice-app.Sluice",
		"CFBundleExecutable":         "Sluice",
		"CFBundleIconFile":           "Sluice",
		"CFBundleShortVersionString": "@VERSION@",
		"CFBundleVersion":            "@VERSION@",
		"CFBundleLocalizations":      []any{"en", "ko"},
		"LSMinimumSystemVersion":     "13.0",
		"LSUIElement":                true,
		"NSAppSleepDisabled":         true,
		"CFBundleDocumentTypes": []any{map[string]any{
			"CFBundleTypeName":   "Video or audio",
			"CFBundleTypeRole":   "Viewer",
			"LSHandlerRank":      "Alternate",
			"LSItemContentTypes": []any{"public.movie", "public.audio"},
		}},
	}
	got := map[string]any{}
	for key := range want {
		got[key] = info[key]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for key, v := range info {
		if s, ok := v.(string); strings.HasSuffix(key, "UsageDescription") && (!ok || !strings.HasSuffix(s, ".")) {
			t.Errorf("%s is no sentence: %v", key, v)
		}
	}
	licence, err := os.ReadFile("../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	_, holder, _ := strings.Cut(string(licence), "Copyright (c) ")
	holder, _, _ = strings.Cut(holder, "\n")
	if c, _ := info["NSHumanReadableCopyright"].(string); !strings.Contains(c, holder) {
		t.Errorf("copyright of %q, the licence of %q", c, holder)
	}
}

// Both systems look for an icon by its name, and take its size from there.
func TestEveryIconIsAsLargeAsItsNameSays(t *testing.T) {
	t.Parallel()
	want := map[string]int{"native_icon.png": 128}
	for _, size := range []int{16, 32, 128, 256, 512} {
		want[fmt.Sprintf("../build/darwin/Sluice.iconset/icon_%dx%d.png", size, size)] = size
		want[fmt.Sprintf("../build/darwin/Sluice.iconset/icon_%dx%d@2x.png", size, size)] = 2 * size
	}
	for _, size := range []int{16, 22, 24, 32, 48, 64, 128, 256, 512} {
		want[fmt.Sprintf("../build/linux/hicolor/%dx%d/apps/sluice.png", size, size)] = size
	}
	got := map[string]int{}
	for _, pattern := range []string{"native_icon.png", "../build/darwin/Sluice.iconset/*", "../build/linux/hicolor/*/apps/*.png"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			icon, err := png.Decode(bytes.NewReader(b))
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			size := icon.Bounds().Size()
			if got[path] = size.X; size.Y != size.X {
				t.Errorf("%s is %v", path, size)
			}
			if _, _, _, a := icon.At(0, 0).RGBA(); a != 0 {
				t.Errorf("%s has a corner", path)
			}
			if _, _, _, a := icon.At(size.X/2, size.Y/2).RGBA(); a != 0xffff {
				t.Errorf("%s is empty in the middle", path)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// readPlist reads the dictionary of an XML property list.
func readPlist(t *testing.T, path string) map[string]any {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	d := xml.NewDecoder(f)
	for {
		tok, err := d.Token()
		if err != nil {
			t.Fatalf("%s holds no dictionary: %v", path, err)
		}
		if start, ok := tok.(xml.StartElement); ok && start.Name.Local == "dict" {
			v, err := value(d, start)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			return v.(map[string]any) //nolint:errcheck,forcetypeassert // it begins a dictionary
		}
	}
}

// value reads one value of a property list up to its end.
func value(d *xml.Decoder, start xml.StartElement) (any, error) {
	kind := start.Name.Local
	var text strings.Builder
	var list []any
	dict, key := map[string]any{}, ""
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		switch tok := tok.(type) {
		case xml.CharData:
			text.Write(tok)
		case xml.StartElement:
			v, err := value(d, tok)
			switch {
			case err != nil:
				return nil, err
			case tok.Name.Local == "key":
				key, _ = v.(string)
			case kind == "array":
				list = append(list, v)
			case kind == "dict" && key != "":
				if _, twice := dict[key]; twice {
					return nil, fmt.Errorf("%s stands there twice", key)
				}
				dict[key], key = v, ""
			default:
				return nil, fmt.Errorf("a %s without a place", tok.Name.Local)
			}
		case xml.EndElement:
			switch kind {
			case "array":
				return list, nil
			case "dict":
				return dict, nil
			case "true", "false":
				return kind == "true", nil
			case "string", "key":
				return text.String(), nil
			}
			return nil, fmt.Errorf("unknown kind %s", kind)
		}
	}
}
