package httpapi

import (
	"context"
	"net"
	"net/http"
	"time"
)

// NewServer makes a server that lets who is refused in the midst of an upload
// read why, and whose event streams end when its Shutdown begins,
// so that Shutdown does not wait for clients who never leave. It has no read
// or write timeout as a whole, since uploads and streams take as long as they
// take; the routes watch over their own.
func NewServer(h http.Handler) *http.Server {
	closing, stop := context.WithCancel(context.Background())
	s := &http.Server{
		Handler:           lingering(h),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,

		DisableGeneralOptionsHandler: true, // "OPTIONS *" is for the guard to judge, as all else is
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.Background(), closingKey{}, closing)
		},
	}
	s.RegisterOnShutdown(stop)
	return s
}

// closingKey is where a server leaves the context that ends with Shutdown.
type closingKey struct{}
