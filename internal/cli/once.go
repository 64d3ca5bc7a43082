package cli

import "errors"

var errTwice = errors.New("given twice")

// once is a flag that means one thing: given twice, the first would be dropped
// without a word.
type once struct {
	into  *string
	given bool
}

func newOnce(into *string) *once { return &once{into: into} }

// Set implements pflag.Value.
func (o *once) Set(s string) error {
	if o.given {
		return errTwice
	}
	*o.into, o.given = s, true
	return nil
}

// String implements pflag.Value.
func (o *once) String() string {
	if o.into == nil {
		return ""
	}
	return *o.into
}

// Type implements pflag.Value.
func (*once) Type() string { return "STATE" }
