package engine

import "sluice/internal/whisper"

// ReadPieces reads pieces of a sound as a request does.
func ReadPieces(path string, growing bool, pieces []whisper.Piece) ([]float32, error) {
	return readPieces(path, growing, pieces)
}
