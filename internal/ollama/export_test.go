package ollama

// Keyed reads an answer to a batch.
func Keyed(said string, asked func(id int) bool) (map[int]string, error) { return keyed(said, asked) }

// Unwrap takes a translation out of what a model said.
func Unwrap(original, said string) string { return unwrap(original, said) }

// EndsInCircles says whether a stream is given up.
func EndsInCircles(text string) bool { return endsInCircles(text) }

// Judge says what a count means for a question of a model that counts as we do:
// whether it was read whole, or cut, or neither is certain.
func Judge(reckoned float64, counted, context int) (isWhole, isCut bool) {
	var g gauge
	g.saw(100, letters, 100+overhead)
	v := g.judge(reckoned, letters, counted, context)
	return v == whole, v == cutShort
}

// MoveAway has a client take its server for one on another machine.
func (c *Client) MoveAway() { c.local = false }
