package whisper_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/pipeline"
	"sluice/internal/whisper"
)

func TestModelFilesAreCheckedBeforeTheyAreLoaded(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile(tiny())
	if err != nil {
		t.Fatal(err)
	}
	changed := func(at int, b byte) []byte {
		c := bytes.Clone(good)
		c[at] = b
		return c
	}
	tests := map[string]struct {
		body []byte
		want fault.Code // "" = good
	}{
		"the small model is good":   {good, ""},
		"an empty file":             {nil, fault.ModelDamaged},
		"a web page":                {[]byte("<!doctype html><title>404</title>"), fault.ModelDamaged},
		"another magic":             {changed(0, 'X'), fault.ModelDamaged},
		"absurd dimensions":         {changed(15, 0x7f), fault.ModelDamaged},
		"cut in the middle":         {good[:len(good)/2], fault.ModelDamaged},
		"cut one byte short":        {good[:len(good)-1], fault.ModelDamaged},
		"something behind the end":  {append(bytes.Clone(good), 1, 2, 3), fault.ModelDamaged},
		"cut before the vocabulary": {good[:100], fault.ModelDamaged},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "model.bin")
			if err := os.WriteFile(path, tt.body, 0o600); err != nil {
				t.Fatal(err)
			}
			err := whisper.CheckModel(path)
			if tt.want == "" && err != nil {
				t.Fatal(err)
			}
			if tt.want != "" && !fault.Is(err, tt.want) {
				t.Errorf("fault is %v, want %s", err, tt.want)
			}
		})
	}
}

func TestADamagedModelIsAFaultOfTheModel(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "model.bin")
	if err := os.WriteFile(path, []byte("not a model"), 0o600); err != nil {
		t.Fatal(err)
	}
	tr := transcriber(t, "real", nil)
	audio := sound(t, clip("seen-000.wav"))
	for want, model := range map[fault.Code]string{fault.ModelDamaged: path, fault.ModelMissing: path + ".gone"} {
		err := tr.Transcribe(t.Context(), pipeline.TranscribeRequest{Audio: audio, Language: "en", Model: model}, pipeline.Watch{})
		if !fault.Is(err, want) {
			t.Errorf("fault is %v, want %s", err, want)
		}
	}
}
