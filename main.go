// Sluice runs the heavy local-AI pipeline for videos, one job at a time, and
// only when the machine has the memory for it.
package main

import (
	"embed"
	"io/fs"
	"os"

	"sluice/app"
)

//go:embed all:frontend/dist
var page embed.FS

func main() {
	dist, err := fs.Sub(page, "frontend/dist")
	if err != nil {
		panic(err) // the path above is a constant
	}
	os.Exit(app.Main(os.Args[1:], dist))
}
