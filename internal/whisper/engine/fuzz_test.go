package engine_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"sluice/internal/whisper"
	"sluice/internal/whisper/engine"
)

func FuzzWhateverIsAskedGetsAnAnswerThatCanBeRead(f *testing.F) {
	f.Add([]byte(`{"id":1,"op":"span","pcm":"no such file","pieces":[{"from":0,"to":16000}],"language":"ko"}` + "\n"))
	f.Add([]byte(`{"id":1,"op":"span","pcm":"x","pieces":[{"from":-1,"to":9223372036854775807}],"language":"xx"}` + "\n" + `{"id":1,"op":"cancel"}`))
	f.Add([]byte("{\"op\":\"dance\"}\nnot JSON\n\x00\n{\"id\":9e99}\n"))
	f.Fuzz(func(t *testing.T, asked []byte) {
		var out bytes.Buffer
		if err := engine.Serve(t.Context(), bytes.NewReader(asked), &out, &engine.FakeModel{}); err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(out.Bytes()) {
			var m whisper.Message
			if err := json.Unmarshal(line, &m); err != nil || m.Type == "" {
				t.Errorf("it said %q", line)
			}
		}
	})
}
