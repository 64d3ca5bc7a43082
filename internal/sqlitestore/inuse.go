package sqlitestore

import (
	"context"
	"os"
)

// ModelsInUse says which models the live jobs of a database file need, by name,
// and how many of them. It only reads, whatever the version of the schema: a
// server, also an older one, may run on the file. One that is not there has no
// jobs.
func ModelsInUse(ctx context.Context, path string) (map[string]int, error) {
	return inUse(ctx, path, `SELECT model, count(*) FROM jobs INDEXED BY jobs_state WHERE state IN ('queued', 'running') GROUP BY 1`)
}

// LanguageModelsInUse is ModelsInUse for the models that translate and sum up.
func LanguageModelsInUse(ctx context.Context, path string) (map[string]int, error) {
	return inUse(ctx, path, `SELECT json_extract(options, '$.llm_model'), count(*) FROM jobs INDEXED BY jobs_state
		WHERE state IN ('queued', 'running') AND json_extract(options, '$.llm_model') <> '' GROUP BY 1`)
}

func inUse(ctx context.Context, path, query string) (map[string]int, error) {
	used := map[string]int{}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return used, nil
	}
	db, err := connect(ctx, path, "mode=ro", readerPragmas(), 1)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	err = drain(rows, func(row scanner) error {
		var name string
		var n int
		err := row.Scan(&name, &n)
		used[name] = n
		return err
	})
	return used, err
}
