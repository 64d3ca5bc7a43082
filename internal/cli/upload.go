package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"sluice/internal/fault"
)

// storePatience is how long a server may take to put a file down for good once
// all of it has arrived.
const storePatience = 5 * time.Minute

// uploaded sends the files of orders to the server and names them by what it
// calls them; addresses on the web it can fetch itself. Files of an upload
// that no job comes of go from the server within a day.
func (c *console) uploaded(ctx context.Context, s *client, files []string, orders []orderBody) error {
	for _, file := range files { // all of them, before the first is on its way
		if info, err := os.Stat(file); !onWeb(file) && (err != nil || !info.Mode().IsRegular()) {
			if err == nil {
				err = fault.New(fault.NotAFile, clean(file)+" is no file.", nil)
			}
			return unreadable(file, err)
		}
	}
	patient := s.within(storePatience)
	defer patient.close()
	for i, file := range files {
		if onWeb(file) {
			continue
		}
		name := filepath.Base(file)
		report, done := c.transferring("Uploading", clean(name))
		source, err := patient.upload(ctx, file, name, report)
		done()
		if err != nil {
			if ctx.Err() == nil && len(files) > 1 {
				c.note("%s: nothing was put into the line.", clean(file))
			}
			return err
		}
		orders[i].Source = source
	}
	return nil
}

// upload streams a file to the server and gives the source to name it by.
func (s *client) upload(ctx context.Context, file, name string, report func(done, total int64)) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", unreadable(file, err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return "", unreadable(file, err)
	}
	report(0, info.Size())
	body := &counted{r: f, total: info.Size(), report: report}
	req, err := s.request(ctx, http.MethodPut, "/api/v1/uploads/"+url.PathEscape(name), body, http.Header{
		"Content-Type": {"application/octet-stream"},
		"Expect":       {"100-continue"}, // a server that refuses says so before the file is sent
	})
	if err != nil {
		return "", err
	}
	req.ContentLength = info.Size()
	res, err := s.send(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return "", s.away(ctx, err)
	}
	var stored struct {
		Source string `json:"source"`
	}
	if err := s.decode(answer, &stored); err != nil {
		return "", err
	}
	if stored.Source == "" {
		return "", s.stranger("it does not say what it calls the file")
	}
	return stored.Source, nil
}

func unreadable(file string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.SourceMissing, "There is no file "+clean(file)+".", err)
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.SourceDenied, clean(file)+" may not be read.", err)
	}
	return fmt.Errorf("read %s: %w", clean(file), err)
}

// counted tells how much of a file was read.
type counted struct {
	r      io.Reader
	done   int64
	total  int64
	report func(done, total int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.done += int64(n)
	c.report(c.done, c.total)
	return n, err
}
