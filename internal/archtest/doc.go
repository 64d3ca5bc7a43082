// Package archtest holds a test and nothing else: which package may import
// which, and which one alone may know an outside library. It reads the source
// of every platform and build tag, so nothing hides behind a tag and no C
// header has to be there.
package archtest
