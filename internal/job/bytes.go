package job

import "strconv"

// FormatBytes writes a size for people, in decimal units as the Finder and
// disk makers count: "640 MB", "1.3 GB". From a gigabyte on there is one
// digit after the point; nobody plans memory closer than that.
func FormatBytes(n int64) string {
	const kB, MB, GB, TB = 1e3, 1e6, 1e9, 1e12
	if n < 0 {
		return "-" + FormatBytes(-max(n, -1<<63+1))
	}
	// Each bound is where rounding would reach the next unit, so that
	// "1000 MB" is never said.
	switch f := float64(n); {
	case f < kB:
		return strconv.FormatInt(n, 10) + " B"
	case f < MB-kB/2:
		return strconv.FormatFloat(f/kB, 'f', 0, 64) + " kB"
	case f < GB-MB/2:
		return strconv.FormatFloat(f/MB, 'f', 0, 64) + " MB"
	case f < TB-GB/20:
		return strconv.FormatFloat(f/GB, 'f', 1, 64) + " GB"
	default:
		return strconv.FormatFloat(f/TB, 'f', 1, 64) + " TB"
	}
}
