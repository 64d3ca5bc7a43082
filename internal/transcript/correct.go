package transcript

// Correction is what somebody made of one segment. It holds only while the
// segment says what it corrects: a text that was made anew is not the one that
// somebody read.
type Correction struct {
	Segment  int    // its id
	Original string // what it corrects
	Text     string // what it says now; "" leaves it out of exports
}

// Corrected is a copy of the transcript with the corrections that hold. A
// segment that was corrected has no words with times any more: they are of what
// it said before.
func (t Transcript) Corrected(all []Correction) Transcript {
	if len(all) == 0 {
		return t
	}
	type place struct {
		segment  int
		original string
	}
	of := make(map[place]string, len(all))
	for _, c := range all {
		of[place{c.Segment, c.Original}] = c.Text
	}
	segments := make([]Segment, len(t.Segments))
	for i, s := range t.Segments {
		if text, ok := of[place{s.ID, s.Text}]; ok && !s.Edited {
			s.Original, s.Text, s.Edited, s.Words = s.Text, text, true, nil
		}
		segments[i] = s
	}
	t.Segments = segments
	return t
}
