package models

import (
	"context"

	"sluice/internal/job"
)

// Smaller names the catalog model to offer when name needed more memory than
// there is: the largest one that needs clearly less, both than below and than
// name was thought to need; one that is installed comes before one that must
// be downloaded. It understands all languages, or is English like name. "" if
// there is none.
func (s *Store) Smaller(ctx context.Context, name string, below int64) string {
	own, languages := s.size(name)
	limit := below
	if own > 0 {
		limit = min(limit, own)
	}
	// A model that dies for memory shows that estimates are too low on this
	// machine, so a few percent less would only die again.
	limit -= limit / 4
	var best Entry
	var ready bool // best is installed
	for _, e := range s.cfg.Catalog {
		if ctx.Err() != nil {
			return ""
		}
		if e.NeedBytes > limit || e.Languages != job.Multilingual && e.Languages != languages {
			continue
		}
		switch here := s.installed(e); {
		case here && !ready, here == ready && better(e, best, languages):
			best, ready = e, here
		}
	}
	return best.Name
}

// Largest names the catalog model to offer instead of name, which can never
// fit: the largest one that does. It understands all languages; or, when English
// is spoken or name knows nothing else, that alone. "" if there is none.
func (s *Store) Largest(name, language string, fits func(need int64) bool) string {
	_, languages := s.size(name)
	if language == "en" {
		languages = job.English
	}
	var best Entry
	for _, e := range s.cfg.Catalog {
		if e.Languages != job.Multilingual && e.Languages != languages {
			continue
		}
		if fits(e.NeedBytes) && better(e, best, languages) {
			best = e
		}
	}
	return best.Name
}

// better says whether e is to be offered before best, which the catalog lists
// earlier: when it is larger. Of two that need about the same the catalog has
// the better one first, but who chose an English model speaks English.
func better(e, best Entry, languages job.Languages) bool {
	if e.NeedBytes > best.NeedBytes+best.NeedBytes/20 {
		return true
	}
	return e.Languages == languages && best.Languages != languages && e.NeedBytes > best.NeedBytes-best.NeedBytes/20
}

// size is what a model is thought to need and what it understands.
func (s *Store) size(name string) (need int64, languages job.Languages) {
	if e, ok := s.entry(name); ok {
		return e.NeedBytes, e.Languages
	}
	if f, ok := s.find(name); ok {
		return NeedBytes(f.info.Size()), languagesOf(f.path)
	}
	return 0, ""
}

// installed says that a model of the catalog is there and looks sound.
func (s *Store) installed(e Entry) bool {
	f, ok := s.find(e.Name)
	return ok && s.inspect(f, &e) == nil
}
