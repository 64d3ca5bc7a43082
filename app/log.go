package app

import (
	"log/slog"
	"os"
)

// logger writes text to stderr: headless, somebody else keeps the log.
func logger() *slog.Logger {
	return veiled(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: logLevel()}))
}

func logLevel() slog.Level {
	if os.Getenv("SLUICE_DEBUG") == "1" {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
