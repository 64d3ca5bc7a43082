package models

import "math"

// NeedBytes guesses the memory of a model that is not in the catalog from the
// size of its file: the file, 16 MiB, and 22 MiB times the root of the file's
// MiB. The root comes from whisper.cpp's README: what its models take beyond
// their files grows from 198 MiB (tiny, 75 MiB) to about 1050 MiB (large, 2.9
// GiB), close to the root of the size; the formula is within a tenth above
// those figures, and gives 83 MiB for a test model of 7 MiB, which measures 50
// to 90. A quantised file hides how large its model is: one of large with five
// bits would come out a fifth low. That is why the catalog has its own figures
// and why the measured peak replaces them all.
func NeedBytes(fileBytes int64) int64 {
	if fileBytes <= 0 {
		return 0
	}
	root := math.Sqrt(float64(fileBytes) / mib)
	return fileBytes + 16*mib + int64(22*mib*root)
}
