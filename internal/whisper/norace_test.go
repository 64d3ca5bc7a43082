//go:build !race

package whisper_test

const raced = false
