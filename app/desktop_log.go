//go:build desktop && !bindings && (darwin || linux)

package app

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"gopkg.in/natefinch/lumberjack.v2"

	"sluice/internal/settings"
)

// How much of the log is kept on disk.
const (
	logMegabytes = 10 // per file
	logBackups   = 3
	logDays      = 30
)

// fileLogger writes JSON to a file of the logs folder, and warnings to stderr
// too: an app that was opened by a click has nobody who reads there.
func fileLogger(d settings.Dirs) (*slog.Logger, io.Closer) {
	file := &lumberjack.Logger{
		Filename: filepath.Join(d.Logs, "sluice.log"),
		MaxSize:  logMegabytes, MaxBackups: logBackups, MaxAge: logDays, Compress: true,
	}
	return veiled(slog.NewMultiHandler(
		slog.NewJSONHandler(file, &slog.HandlerOptions{Level: logLevel()}),
		slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}),
	)), file
}
