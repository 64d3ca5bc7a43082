package app_test

import (
	"embed"
	"io/fs"
	"os"
	"testing"

	"go.uber.org/goleak"

	"sluice/app"
)

//go:embed testdata/page
var page embed.FS

// asSluice makes the test binary be the program: the tests start the very code
// that ships, in processes of its own that can be killed.
const asSluice = "SLUICE_TEST_BINARY"

// asVersion makes that program be a release.
const asVersion = "SLUICE_TEST_VERSION"

func TestMain(m *testing.M) {
	if os.Getenv(asSluice) != "" {
		if v := os.Getenv(asVersion); v != "" {
			app.SetVersion(v)
		}
		dist, err := fs.Sub(page, "testdata/page")
		if err != nil {
			panic(err)
		}
		os.Exit(app.Main(os.Args[1:], dist))
	}
	goleak.VerifyTestMain(m)
}
