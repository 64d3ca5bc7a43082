package whisper_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"sluice/internal/whisper"
)

func FuzzWhatAnEngineSaysIsReadToItsEnd(f *testing.F) {
	f.Add([]byte(`{"type":"ready","protocol":2,"multilingual":true}` + "\n" + `{"type":"memory","bytes":7}` + "\n"))
	f.Add([]byte(`{"type":"result","id":1,"language":"ko","segments":[{"id":0,"start_ms":-9,"end_ms":9e99,"text":"\ud800","avg_logprob":-1e999}]}` + "\n"))
	f.Add([]byte("ggml: something else\n{}\nnull\n[]\n{\"type\":7}\nno end"))
	f.Fuzz(func(t *testing.T, said []byte) {
		messages, other := whisper.ReadMessages(bytes.NewReader(said))
		if lines := bytes.Count(said, []byte{'\n'}); len(messages)+other != lines {
			t.Errorf("%d messages and %d other lines of %d", len(messages), other, lines)
		}
		for _, m := range messages {
			if m.Type == "" {
				t.Error("a message without a type")
			}
		}
	})
}

func FuzzAModelFileIsWalkedWithinItsBounds(f *testing.F) {
	good := smallModel()
	if err := whisper.WalkModel(good); err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(good[:60])
	f.Add(append(bytes.Clone(good), 1))
	f.Add([]byte{})
	for at := 4; at < len(good); at += 8 {
		f.Add(append(append(bytes.Clone(good[:at]), 0xff, 0xff, 0xff, 0x7f), good[min(at+4, len(good)):]...))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if whisper.WalkModel(body) == nil && whisper.WalkModel(body[:len(body)-1]) == nil {
			t.Error("a model is good without its last byte, too")
		}
	})
}

// smallModel is the smallest file that is formed like a model.
func smallModel() []byte {
	var b bytes.Buffer
	put := func(values ...int32) { _ = binary.Write(&b, binary.LittleEndian, values) }
	put(0x67676d6c, 256, 4, 16, 1, 1, 16, 16, 1, 1, 2, 1)
	put(2, 1)
	b.Write(make([]byte, 4*2)) // filters
	put(1, 3)
	b.WriteString("the")
	put(2, 4, 0, 2, 3)
	b.WriteString("bias")
	b.Write(make([]byte, 4*2*3))
	return b.Bytes()
}
