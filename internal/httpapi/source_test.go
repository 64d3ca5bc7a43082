package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"sluice/internal/httpapi"
	"sluice/internal/job"
)

func TestOfASourceOnTheWebOnlyTheHarmlessPartShows(t *testing.T) {
	t.Parallel()
	j := job.Job{Source: job.Source{
		Kind: job.FromURL, URL: "https://media.example.com/a.mp4?token=secret", Name: "a.mp4", Fingerprint: "fingerprint of the address",
	}}
	body, err := json.Marshal(httpapi.JobOf(j))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(body); strings.Contains(text, "secret") || strings.Contains(text, "of the address") || !strings.Contains(text, `"url":"https://media.example.com/a.mp4"`) {
		t.Errorf("shows %s", text)
	}
	j.Source.Path, j.Source.Size, j.Source.Fingerprint = "/data/1/source.mp4", 7, "of the content"
	body, err = json.Marshal(httpapi.JobOf(j))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(body); strings.Contains(text, "/data") || !strings.Contains(text, "of the content") {
		t.Errorf("shows %s", text)
	}
}
