package ollama

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

var errShape = errors.New("the answer is not of the shape that was asked for")

// object finds the JSON object in an answer: models put fences and words
// around it, however they are asked.
func object(said string) ([]byte, error) {
	text := withoutThoughts(said)
	start := strings.IndexByte(text, '{')
	if start < 0 {
		return nil, fmt.Errorf("%w: no object", errShape)
	}
	var raw json.RawMessage
	if err := json.NewDecoder(strings.NewReader(text[start:])).Decode(&raw); err != nil {
		return nil, fmt.Errorf("%w: %w", errShape, err)
	}
	return raw, nil
}

// keyed reads an object of ids and texts. An id that was not asked for, or that
// comes twice, makes all of it worthless: the model has lost count.
func keyed(said string, asked func(id int) bool) (map[int]string, error) {
	raw, err := object(said)
	if err != nil {
		return nil, err
	}
	texts := map[int]string{}
	for d, open := json.NewDecoder(strings.NewReader(string(raw))), false; ; {
		token, err := d.Token()
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: %w", errShape, err)
		case !open:
			open = true
			continue
		case token == json.Delim('}'):
			return texts, nil
		}
		id, err := strconv.Atoi(fmt.Sprint(token))
		if err != nil || !asked(id) {
			return nil, fmt.Errorf("%w: key %.20q", errShape, token)
		}
		if _, twice := texts[id]; twice {
			return nil, fmt.Errorf("%w: %d comes twice", errShape, id)
		}
		var text json.RawMessage
		if err := d.Decode(&text); err != nil {
			return nil, fmt.Errorf("%w: %w", errShape, err)
		}
		var s string
		if json.Unmarshal(text, &s) != nil {
			return nil, fmt.Errorf("%w: %d is no text", errShape, id)
		}
		texts[id] = s
	}
}

// numbered is the schema of such an object. Its keys stand in the order of the
// ids.
func numbered(ids []int) json.RawMessage {
	var properties, required []string
	for _, id := range ids {
		properties = append(properties, fmt.Sprintf(`"%d":{"type":"string"}`, id))
		required = append(required, fmt.Sprintf(`"%d"`, id))
	}
	return json.RawMessage(fmt.Sprintf(`{"type":"object","properties":{%s},"required":[%s],"additionalProperties":false}`,
		strings.Join(properties, ","), strings.Join(required, ",")))
}
