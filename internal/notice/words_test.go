package notice_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/notice"
)

func TestTheLanguageChangesWhileItRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "each")
		defer x.end()
		x.SetLanguage("ko-KR")
		x.run("A", done)
		pass(time.Minute)
		x.SetLanguage("de")
		x.run("B", done)
		pass(time.Minute)
		want := []string{"완료: A.mp4 | 받아쓴 글이 준비되었습니다.", "Done: B.mp4 | The text is ready."}
		if diff := cmp.Diff(want, x.take()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestBothLanguagesSayEverything(t *testing.T) {
	t.Parallel()
	many := func(of map[string]int) func(*bench) {
		return func(x *bench) {
			for _, id := range names("D", of["done"]) {
				x.put(id, done)
			}
			for _, id := range names("F", of["failed"]) {
				x.put(id, failed)
			}
		}
	}
	tests := map[string]struct {
		about  string
		story  func(*bench)
		en, ko string
	}{
		"one failed": {
			"line", func(x *bench) { x.put("A", failed) },
			"Failed: A.mp4 | The file has no sound.",
			"실패: A.mp4 | 파일에 소리가 없습니다.",
		},
		"one failed for a reason that has no words": {
			"line", func(x *bench) {
				x.put("A", func(j *job.Job) { failed(j); j.Error = &job.Failure{Code: "gone_fishing"} })
			},
			"Failed: A.mp4 | Open Sluice to see why.",
			"실패: A.mp4 | Sluice를 열어 이유를 확인하세요.",
		},
		"without a name": {
			"line", func(x *bench) { x.put("A", func(j *job.Job) { done(j); j.Title = "" }) },
			"Done: Untitled | The text is ready.",
			"완료: 제목 없음 | 받아쓴 글이 준비되었습니다.",
		},
		"a note": {
			"each", func(x *bench) { x.put("A", func(j *job.Job) { done(j); j.Warnings = make([]job.Warning, 1) }) },
			"Done: A.mp4 | The text is ready, with 1 note.",
			"완료: A.mp4 | 받아쓴 글이 준비되었습니다. 참고 사항이 1개 있습니다.",
		},
		"the line": {
			"line", many(map[string]int{"done": 5}),
			"All done | 5 done.",
			"모든 작업이 끝났습니다 | 완료 5건.",
		},
		"the line but for some": {
			"line", func(x *bench) { x.put("H", waits(job.Held)); many(map[string]int{"done": 5})(x) },
			"Done for now | 5 done. 1 job still waits.",
			"지금 할 수 있는 작업이 모두 끝났습니다 | 완료 5건. 아직 1건이 기다리고 있습니다.",
		},
		"many done": {
			"each", many(map[string]int{"done": 5}),
			"5 jobs are done | D1.mp4, D2.mp4, D3.mp4 and 2 more",
			"작업 5건이 완료되었습니다 | D1.mp4, D2.mp4, D3.mp4 외 2건",
		},
		"many failed": {
			"line", many(map[string]int{"failed": 5}),
			"5 jobs failed | F1.mp4, F2.mp4, F3.mp4 and 2 more",
			"작업 5건이 실패했습니다 | F1.mp4, F2.mp4, F3.mp4 외 2건",
		},
		"many of both": {
			"each", many(map[string]int{"done": 5, "failed": 2}),
			"7 jobs have ended | 5 done, 2 failed.",
			"작업 7건이 끝났습니다 | 완료 5건, 실패 2건.",
		},
	}
	for name, tt := range tests {
		for language, want := range map[string]string{"en": tt.en, "ko": tt.ko} {
			t.Run(name+" in "+language, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					x := start(t, tt.about)
					defer x.end()
					x.SetLanguage(language)
					tt.story(x)
					pass(time.Minute)
					if diff := cmp.Diff([]string{want}, x.take()); diff != "" {
						t.Error(diff)
					}
				})
			})
		}
	}
}

// A folder that is watched for weeks may never be done.
func TestAVeryLongLineIsCountedToTheEnd(t *testing.T) {
	t.Parallel()
	var jobs []job.Job
	for _, id := range names("J", 25_000) {
		jobs = append(jobs, job.Job{ID: id, State: job.Done})
	}
	jobs[0].State, jobs[24_000].State = job.Failed, job.Failed
	if got := notice.TallyOf(jobs).Body; got != "24998 done, 2 failed." {
		t.Errorf("got %q", got)
	}
}

// A failure is called the same in a notification and in the window.
func TestKoreanFailuresAreThoseOfThePage(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../frontend/src/lib/words/ko/faults.ts")
	if err != nil {
		t.Fatal(err)
	}
	page := strings.Join(strings.Fields(string(raw)), " ")
	said := 0
	for _, c := range fault.Codes() {
		text := notice.KoreanFailure(c.Code)
		if text == "" {
			continue
		}
		said++
		if want := string(c.Code) + ": { message: " + strconv.Quote(text); !strings.Contains(page, want) {
			t.Errorf("the page does not say %s", want)
		}
	}
	if said < 30 {
		t.Errorf("only %d codes have words", said)
	}
}

// What ends a job by itself is a fault of the media, or of something that had
// died too often or stayed away: each of them has words.
func TestEveryFaultOfTheMediaHasKoreanWords(t *testing.T) {
	t.Parallel()
	for _, c := range fault.Codes() {
		if (c.Kind == fault.KindMedia || c.Crash) && notice.KoreanFailure(c.Code) == "" {
			t.Errorf("%s has none", c.Code)
		}
	}
}
