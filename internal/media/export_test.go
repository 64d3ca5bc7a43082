package media

import "os"

// WriteTo writes samples as an extraction does.
func WriteTo(file *os.File, samples []byte) error {
	p := &pcmFile{file: file, level: make(levels, 1)}
	_, err := p.Write(samples)
	if err == nil {
		return nil
	}
	return p.err
}
