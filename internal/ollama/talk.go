package ollama

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"unicode/utf8"

	"github.com/ollama/ollama/api"

	"sluice/internal/pipeline"
)

// talk is one stage's conversation with a model: many questions, none of which
// knows of the others.
type talk struct {
	c       *Client
	name    string
	manner  manner
	context int // tokens, the same for every question of a job
	gauge   gauge
	usage   pipeline.Usage
	tell    func(pipeline.Usage)
}

// begin finds the model and how it wants to be asked.
func (c *Client) begin(ctx context.Context, model string, context int, tell func(pipeline.Usage)) (*talk, error) {
	if err := c.wake(ctx); err != nil {
		return nil, err
	}
	m, err := c.find(ctx, model)
	if err != nil {
		return nil, err
	}
	t, err := c.traits(ctx, m)
	if err != nil {
		return nil, err
	}
	return &talk{c: c, name: m.Name, manner: t.manner, context: t.manner.clamp(context), tell: tell}, nil
}

// query is what one question says.
type query struct {
	system string
	user   string
	format json.RawMessage // JSON schema; nil = free text
	room   int             // tokens for the answer
	heat   float64
	seed   string // the same words draw the same answer
	again  bool   // an earlier question was for the same
	prove  bool   // it must be certain that all of it was read
}

func (q query) reckoned() float64 { return reckon(q.system) + reckon(q.user) }

// left is how many tokens there are beside a question, so much more text of it,
// and its answer; less than none when it does not fit.
func (t *talk) left(q query, more float64) int {
	return t.gauge.left(q.reckoned()+more, q.room+t.manner.musing, t.context)
}

func (t *talk) fits(q query) bool { return t.left(q, 0) >= 0 }

// ask asks, and learns from what the server counts. Read is the share of the
// question that the model has read; when that is not all, the error is
// errTooLong and the answer is there all the same.
func (t *talk) ask(ctx context.Context, q query) (a answer, read float64, err error) {
	a, err = t.send(ctx, q)
	if errors.Is(err, errTooLong) {
		t.gauge.tooShort()
		return a, 0, err
	}
	if err != nil && !errors.Is(err, errLength) { // that one has counts too
		return a, 0, err
	}
	if a.in == 0 && !q.prove { // not told
		return a, 1, err
	}
	reckoned, k := q.reckoned(), kindOf(q.user)
	v := t.gauge.judge(reckoned, k, a.in, t.context)
	if v == doubtful && q.prove {
		var failed error
		if v, failed = t.verify(ctx, q, a.in); failed != nil {
			return a, 0, failed
		}
	}
	if v == cutShort {
		there := float64(t.gauge.tokens(reckoned))
		return a, min(float64(a.in)/there, 0.99), fmt.Errorf("%w: it has read %d tokens of it", errTooLong, a.in)
	}
	t.gauge.saw(reckoned, k, a.in)
	return a, 1, err
}

// send asks and counts what it costs.
func (t *talk) send(ctx context.Context, q query) (answer, error) {
	a, err := t.c.chat(ctx, question{
		model: t.name, messages: q.messages(), format: q.format, think: t.manner.think,
		context: t.context, room: q.room + t.manner.musing, heat: q.heat, seed: seed(q.seed), reckoned: q.reckoned(),
	})
	t.usage.Requests++
	if q.again {
		t.usage.Retries++
	}
	t.usage.TokensIn += a.in
	t.usage.TokensOut += a.out
	if t.tell != nil {
		t.tell(t.usage)
	}
	return a, err
}

// verify has both halves of a question counted by themselves, and says whether
// the whole was read: then they come to no more than was counted of it.
func (t *talk) verify(ctx context.Context, q query, counted int) (verdict, error) {
	middle := len(q.user) / 2
	for middle < len(q.user) && !utf8.RuneStart(q.user[middle]) {
		middle++
	}
	sum := 0
	for _, part := range []string{q.user[:middle], q.user[middle:]} {
		a, err := t.send(ctx, query{user: part, room: 1, seed: q.seed})
		switch {
		case errors.Is(err, errTooLong):
			t.gauge.tooShort()
			return cutShort, nil
		case err != nil && !unusable(err):
			return cutShort, err
		}
		sum += a.in - overhead
	}
	around := reckon(q.system) * max(t.gauge.least[letters], 0.6) // instructions are in English
	if float64(counted) >= 0.93*(float64(sum)+0.8*around) {
		return whole, nil
	}
	t.gauge.limit = counted
	return cutShort, nil
}

func (q query) messages() []api.Message {
	if q.system == "" {
		return []api.Message{{Role: "user", Content: q.user}}
	}
	return []api.Message{{Role: "system", Content: q.system}, {Role: "user", Content: q.user}}
}

// seed makes a number of what a question is about.
func seed(about string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(about))
	return int(h.Sum32() >> 1)
}

// unusable says whether an error is the model's answer and no failure of the
// server: something else can be asked.
func unusable(err error) bool {
	return errors.Is(err, errLength) || errors.Is(err, errTooLong) || errors.Is(err, errLoop) || errors.Is(err, errShape)
}
