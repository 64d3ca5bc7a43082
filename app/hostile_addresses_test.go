package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// private are places that are only reached from here, however they are spelt.
func private() map[string]string {
	return map[string]string{
		"loopback": "http://127.0.0.1/a.wav", "loopback with a port": "http://127.0.0.1:8080/a.wav", "another loopback": "http://127.8.8.8/a.wav", "IPv6": "http://[::1]/a.wav", "a mapped address": "http://[::ffff:127.0.0.1]/a.wav",
		"a mapped address in hex": "http://[::ffff:7f00:1]/a.wav", "all of them": "http://0.0.0.0/a.wav", "all of IPv6": "http://[::]/a.wav", "a cloud": "http://169.254.169.254/latest/meta-data", "a mapped cloud": "http://[::ffff:169.254.169.254]/", "a network of one's own": "http://10.0.0.1/a.wav",
		"another": "http://192.168.1.1/a.wav", "a third": "http://172.16.0.1/a.wav", "a carrier's": "http://100.64.0.1/a.wav", "a local one of IPv6": "http://[fe80::1]/a.wav", "one with a zone": "http://[fe80::1%25eth0]/a.wav", "a unique one": "http://[fd00::1]/a.wav", "an embedded one": "http://[64:ff9b::7f00:1]/a.wav",
		"many at once": "http://224.0.0.1/a.wav", "all at once": "http://255.255.255.255/a.wav", "a documented one": "http://192.0.2.1/a.wav", "a user and password": "http://user:secret@example.com/a.wav", "a user that looks like a host": "http://example.com@127.0.0.1/a.wav", "a port of mail": "http://example.com:25/a.wav",
		"a port of files": "https://example.com:445/a.wav", "no port there is": "http://example.com:70000/a.wav",
		"one number": "http://2130706433/a.wav", "hex": "http://0x7f000001/a.wav", "octal": "http://0177.0.0.1/a.wav", "two numbers": "http://127.1/a.wav", "nought": "http://0/a.wav", "a dot behind": "http://127.0.0.1./a.wav",
	}
}

// hostileAddresses are sources and webhooks that lead inside.
func hostileAddresses() map[string]attack {
	out := map[string]attack{}
	for name, address := range private() {
		out["a source at "+name] = ordering(422, "url_refused", "", "source", address)
		out["a webhook at "+name] = ordering(422, "webhook_refused", "", "source", "@dir@/talk.wav", "webhook", address)
	}
	for i, address := range []string{"http://localhost/a.wav", "http://LocalHost:443/a.wav"} {
		out[fmt.Sprintf("a source by name %d", i)] = ordering(202, "", "url_refused", "source", address)
		out[fmt.Sprintf("a redirect by name %d", i)] = ordering(202, "", "url_refused", "source", "@web@/to?"+address)
	}
	for name, address := range private() {
		if !strings.Contains(address, "example.com") {
			out["a redirect to "+name] = ordering(202, "", "url_refused", "source", "@web@/to?"+address)
		}
	}
	for name, address := range map[string]string{"a file": "file:///etc/passwd", "another protocol": "gopher://127.0.0.1/", "a script": "javascript:alert(1)", "data": "data:audio/wav;base64,AAAA", "FTP": "ftp://example.com/a.wav"} {
		out["a redirect to "+name] = ordering(202, "", "url_refused", "source", "@web@/to?"+address)
		out["a webhook at "+name] = ordering(422, "webhook_refused", "", "source", "@dir@/talk.wav", "webhook", address)
	}
	for name, path := range map[string]string{"a page": "/page", "a script called sound": "/script.wav", "a list of ffmpeg": "/list.m3u8"} {
		out["an address of "+name] = ordering(202, "", "not_media", "source", "@web@"+path)
	}
	out["redirects without an end"] = ordering(202, "", "url_refused", "source", "@web@/round")
	out["an address with a long path"] = ordering(422, "request_invalid", "", "source", "https://example.com/"+strings.Repeat("a", 5000))
	out["an address with control characters"] = ordering(422, "request_invalid", "", "source", "http://example.com/\r\nHost: evil\x00")
	out["a source that names its file"] = ordering(202, "", "done", "source", "@web@/named")
	return out
}

// badWeb is a web server of ill will.
func badWeb(t *testing.T) (address string) {
	t.Helper()
	answer := func(kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write([]byte(body))
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/to", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.RawQuery)
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) })
	mux.HandleFunc("/page", answer("text/html", "<html><script>alert(1)</script></html>"))
	mux.HandleFunc("/script.wav", answer("audio/wav", "#!/bin/sh\ntouch /tmp/x\n"))
	mux.HandleFunc("/list.m3u8", answer("application/vnd.apple.mpegurl", "#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"))
	mux.HandleFunc("/named", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="../../../../tmp/<script>.wav"`)
		http.ServeFile(w, r, clip(t, "seen-004.wav"))
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL
}
