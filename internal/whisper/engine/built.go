//go:build cgo

package engine

// Built says whether this binary holds whisper.cpp.
const Built = true
