package job_test

import (
	"math"
	"testing"

	"sluice/internal/job"
)

func TestFormatBytes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		n    int64
		want string
	}{
		"nothing":                              {0, "0 B"},
		"bytes are whole":                      {999, "999 B"},
		"a thousand bytes":                     {1000, "1 kB"},
		"just under a megabyte rounds up":      {999_500, "1 MB"},
		"still kilobytes":                      {999_499, "999 kB"},
		"megabytes have no fraction":           {640_400_000, "640 MB"},
		"1000 MB is never said":                {999_600_000, "1.0 GB"},
		"a gibibyte in decimal":                {1 << 30, "1.1 GB"},
		"one digit from a gigabyte on":         {6_940_000_000, "6.9 GB"},
		"18 GiB of RAM":                        {18 << 30, "19.3 GB"},
		"1000 GB is never said":                {999_960_000_000, "1.0 TB"},
		"terabytes":                            {2_500_000_000_000, "2.5 TB"},
		"less than nothing keeps its sign":     {-1_300_000_000, "-1.3 GB"},
		"the smallest number does not recurse": {math.MinInt64, "-9223372.0 TB"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := job.FormatBytes(tt.n); got != tt.want {
				t.Errorf("FormatBytes(%d) = %q, want %q", tt.n, got, tt.want)
			}
		})
	}
}
