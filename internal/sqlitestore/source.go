package sqlitestore

import (
	"context"
	"database/sql"
)

// sourceDB is a file of which nothing is known for sure but that it is to be
// read.
type sourceDB struct {
	db    *sql.DB
	stmts map[string]prepared
}

// read calls each for every row until there is an error.
func (d *sourceDB) read(ctx context.Context, query string, args []any, width int, each func([]any) error) error {
	stmt, ok := d.stmts[query]
	if !ok {
		p, err := d.db.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		stmt = prepared{p}
		d.stmts[query] = stmt
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	return drain(rows, func(row scanner) error {
		values, err := scanAll(row, width)
		if err != nil {
			return err
		}
		return each(values)
	})
}

// scanAll reads the columns of a row as they are.
func scanAll(row scanner, width int) ([]any, error) {
	values := make([]any, width)
	into := make([]any, width)
	for i := range values {
		into[i] = &values[i]
	}
	return values, row.Scan(into...)
}

func (d *sourceDB) close() {
	for _, stmt := range d.stmts {
		_ = stmt.Close()
	}
	_ = d.db.Close()
}
