package app_test

import (
	"maps"
	"net/http"
	"strings"
)

// hostileHosts come from other sites, or from here under other names.
func hostileHosts() map[string]attack {
	out := map[string]attack{}
	for name, host := range map[string]string{
		"a foreign host": "evil.example", "a foreign host on our port": "evil.example:@port@", "a name that begins like ours": "127.0.0.1.evil.example:@port@", "a name that ends like ours": "evil.localhost:@port@",
		"our address without its port": "127.0.0.1", "another port": "127.0.0.1:1", "our port twice": "127.0.0.1:@port@:@port@", "a port with a sign": "127.0.0.1:+@port@", "a port with zeros": "127.0.0.1:0@port@",
		"another address of the loopback": "127.0.0.2:@port@", "our address as one number": "2130706433:@port@", "our address in octal": "0177.0.0.1:@port@", "our address in hex": "0x7f.0.0.1:@port@", "our address cut short": "127.1:@port@",
		"our address as IPv6 writes it": "[::ffff:127.0.0.1]:@port@", "an IPv6 address": "[2001:db8::1]:@port@", "the address of all": "0.0.0.0:@port@", "all of IPv6": "[::]:@port@",
		"a dot behind our name": "localhost.:@port@", "a rebound name": "127-0-0-1.rebind.example:@port@", "another rebound name": "7f000001.c0a80001.rbndr.example:@port@", "no host at all": "", "a host of many letters": strings.Repeat("a", 5000) + ":@port@",
		"a host that is a list": "127.0.0.1:@port@,evil.example", "the address of a cloud": "169.254.169.254",
	} {
		out["host: "+name] = attack{head: []string{"Host: " + host}, status: 421, code: "host_refused"}
	}
	for name, origin := range map[string]string{
		"another": "http://evil.example", "null": "null", "with our port": "http://evil.example:@port@", "ours by another scheme": "ftp://@host@", "ours without a scheme": "@host@", "ours with a path": "http://@host@/",
		"ours by another name": "http://localhost:@port@", "ours without a port": "http://127.0.0.1", "ours with a user": "http://@host@@evil.example", "a user called as we are": "http://evil.example@@host@", "IPv6": "http://[::1]:@port@",
		"mapped": "http://[::ffff:127.0.0.1]:@port@", "empty": "", "two in one": "http://@host@ http://evil.example", "a file": "file://", "an extension": "chrome-extension://abcdefgh", "a tail": "http://@host@.evil.example", "Wails": "wails://wails", "a number": "http://2130706433:@port@",
	} {
		out["origin: "+name] = attack{head: []string{"Origin: " + origin}, status: 403, code: "origin_refused"}
	}
	for name, site := range map[string]string{"cross-site": "cross-site", "same-site": "same-site", "none": "none", "in capitals": "CROSS-SITE", "made up": "x", "a list": "same-origin, cross-site", "empty": ""} {
		out["site: "+name] = attack{head: []string{"Sec-Fetch-Site: " + site}, status: 403, code: "origin_refused"}
	}
	maps.Copy(out, map[string]attack{
		"a host of another alphabet":        {head: []string{"Host: ⓛocalhost:@port@"}, status: 400},
		"a second origin":                   {head: []string{"Origin: http://@host@", "Origin: http://evil.example"}, status: 403, code: "origin_refused"},
		"a second site":                     {head: []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"}, status: 403, code: "origin_refused"},
		"a foreign origin that orders":      {method: http.MethodPost, path: "/api/v1/jobs", head: []string{"Origin: http://evil.example", "Content-Type: text/plain"}, body: `{"source":"@dir@/talk.wav"}`, status: 403, code: "origin_refused"},
		"a foreign form":                    {method: http.MethodPost, path: "/process", head: []string{"Origin: null", "Content-Type: application/x-www-form-urlencoded"}, body: "path=@dir@/talk.wav", status: 403, code: "origin_refused"},
		"a foreign page that pauses":        {method: http.MethodPost, path: "/api/v1/queue/pause", head: []string{"Sec-Fetch-Site: cross-site"}, status: 403, code: "origin_refused"},
		"a foreign page that listens":       {path: "/api/v1/events", head: []string{"Origin: http://evil.example"}, status: 403, code: "origin_refused"},
		"a foreign frame of the page":       {path: "/", head: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}, status: 403, code: "origin_refused"},
		"a foreign script of the page":      {path: "/assets/app.js", head: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: script"}, status: 403, code: "origin_refused"},
		"a foreign site asks before":        {method: http.MethodOptions, path: "/api/v1/jobs", head: []string{"Origin: http://evil.example", "Access-Control-Request-Method: POST"}, status: 403, code: "origin_refused"},
		"our own page asks before":          {method: http.MethodOptions, path: "/api/v1/jobs", head: []string{"Origin: http://@host@", "Access-Control-Request-Method: POST"}, status: 405, code: "method_refused"},
		"a private network is asked for":    {method: http.MethodOptions, path: "/", head: []string{"Origin: http://evil.example", "Access-Control-Request-Private-Network: true"}, status: 403, code: "origin_refused"},
		"the name we go by, in the address": {raw: "GET http://evil.example/api/v1/board HTTP/1.1\r\nHost: @host@\r\nConnection: close\r\n\r\n", status: 421, code: "host_refused"},
		"a name that a proxy says":          {head: []string{"X-Forwarded-Host: evil.example", "Forwarded: host=evil.example", "X-Original-URL: /admin"}, status: 200},
		"a method that a proxy says":        {method: http.MethodPost, path: "/api/v1/jobs/@job@", head: []string{"X-HTTP-Method-Override: DELETE", "Content-Length: 0"}, status: 405, code: "method_refused"},
	})
	return out
}
