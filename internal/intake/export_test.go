package intake

import (
	"context"

	"sluice/internal/job"
)

// GatherWithin is Gather with bounds that a test can reach.
func GatherWithin(ctx context.Context, paths []string, files, looks, named int) ([]string, []job.Refused) {
	return gather(ctx, paths, bounds{files: files, looks: looks, named: named})
}
