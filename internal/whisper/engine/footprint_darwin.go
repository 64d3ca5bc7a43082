//go:build cgo

package engine

/*
#include <libproc.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

// The physical footprint is what Activity Monitor shows and what the system
// judges by; unlike the resident size it holds Metal's buffers.
static int largest_footprint(uint64_t *bytes) {
	struct rusage_info_v4 usage;
	int err = proc_pid_rusage(getpid(), RUSAGE_INFO_V4, (rusage_info_t *)&usage);
	if (err != 0) {
		return err;
	}
	*bytes = usage.ri_lifetime_max_phys_footprint;
	if (usage.ri_phys_footprint > *bytes) {
		*bytes = usage.ri_phys_footprint;
	}
	return 0;
}
*/
import "C"

import "errors"

// footprint gives the largest physical footprint of this process so far.
func footprint() (int64, error) {
	var bytes C.uint64_t
	if C.largest_footprint(&bytes) != 0 {
		return 0, errors.New("no rusage")
	}
	return int64(bytes), nil
}

func dieFirst() {}
