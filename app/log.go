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

// logger writes text to stderr: headless, somebody else keeps the log.
func logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: logLevel()}))
}

// fileLogger writes JSON to a file of the logs folder, and warnings to stderr
// too: an app that was opened by a click has nobody who reads there.
func fileLogger(d settings.Dirs) (*slog.Logger, io.Closer) {
	file := &lumberjack.Logger{
		Filename: filepath.Join(d.Logs, "sluice.log"),
		MaxSize:  logMegabytes, MaxBackups: logBackups, MaxAge: logDays, Compress: true,
	}
	return slog.New(slog.NewMultiHandler(
		slog.NewJSONHandler(file, &slog.HandlerOptions{Level: logLevel()}),
		slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}),
	)), file
}

func logLevel() slog.Level {
	if os.Getenv("SLUICE_DEBUG") == "1" {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
