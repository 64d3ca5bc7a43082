package job_test

import (
	"testing"

	"sluice/internal/job"
)

func TestAnAddressIsShownWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://backend.example.com":                       "https://backend.example.com",
		"https://backend.example.com/":                      "https://backend.example.com",
		"https://hooks.example.com/catch/1/SECRET":          "https://hooks.example.com/…",
		"https://ann:SECRET@example.com:8443/in?key=SECRET": "https://example.com:8443/…",
		"https://example.com?key=SECRET":                    "https://example.com/…",
		"https://example.com/a@b":                           "https://example.com/…",
		"SECRET":                                            "",
		"":                                                  "",
	} {
		if got := job.ShownURL(url); got != want {
			t.Errorf("%q is shown as %q, want %q", url, got, want)
		}
	}
}
