package app_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// ordering is a job of so many fields, by pairs of name and value.
func ordering(status int, code, ends string, pairs ...any) attack {
	fields := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		fields[pairs[i].(string)] = pairs[i+1]
	}
	body, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return attack{method: http.MethodPost, path: "/api/v1/jobs", head: []string{"Content-Type: application/json"}, body: string(body), status: status, code: code, ends: ends}
}

// hostilePaths names as sources what is no file, or not the one it seems.
func hostilePaths() map[string]attack {
	out := map[string]attack{}
	for name, source := range map[string]string{
		"a path that is none": "talk.wav", "a path that begins above": "../../etc/passwd", "a path of the home folder of somebody": "~root/talk.wav",
		"a path with a NUL": "/etc/passwd\x00.wav", "a path with NULs only": "/\x00\x00", "a Windows path": `C:\Windows\talk.wav`, "a share": `\\server\share\talk.wav`,
		"no path": "", "spaces": "   ", "an address of a file": "file:///etc/passwd", "an encoded path": "%2fetc%2fpasswd", "a path with an encoded way up": "..%2f..%2fetc%2fpasswd",
		"a protocol of ffmpeg": "concat:/etc/passwd|/etc/hosts", "another protocol of ffmpeg": "pipe:0", "data as a source": "data:audio/wav;base64,AAAA",
		"a script as a source": "javascript:alert(1)", "an upload without an id": "upload:", "a flag": "-i", "a glob": "*.wav", "an address with one slash": "http:/127.0.0.1/a.wav",
		"a path that is too long": "/" + strings.Repeat("a/", 3000), "a source of another shape": "upload",
	} {
		out[name] = ordering(422, "request_invalid", "", "source", source)
	}
	for name, source := range map[string]string{
		"an upload with a path": "upload:../../etc/passwd", "an upload with an encoded path": "upload:..%2f..%2fsluice.db", "an upload with a NUL": "upload:01\x00", "an upload that nobody sent": "upload:01KKNZ1M3T8Q2M4R7W9XYABCDE",
		"an upload by a whole path": "upload:/etc/passwd", "an upload called dot": "upload:.", "an upload called dot dot": "upload:..", "an upload with a long name": "upload:" + strings.Repeat("A", 5000),
	} {
		out[name] = ordering(422, "upload_unknown", "", "source", source)
	}
	for name, source := range map[string]string{
		"a folder": "@dir@/folder.wav", "the root": "/", "a pipe": "@dir@/fifo.wav", "a socket": "@dir@/socket.wav", "a link to a device": "@dir@/zero.wav", "a link to a process": "@dir@/mem.wav",
		"a link to itself": "@dir@/loop.wav", "links in a circle": "@dir@/ping.wav", "a device": "/dev/zero", "a terminal": "/dev/tty", "what the server was started with": "/proc/self/environ",
		"the memory of the server": "/proc/self/mem", "an open file of the server": "/proc/self/fd/3", "the kernel's settings": "/sys/kernel/uevent_seqnum", "a device by a way around": "/dev/../dev/./zero",
		"a process by a way around": "@dir@/../../../../../../../../proc/self/maps", "the standard input": "/dev/stdin",
	} {
		out[name] = ordering(422, "not_a_file", "", "source", source)
	}
	for name, source := range map[string]string{
		"a file that is not there": "@dir@/missing.wav", "a link to nothing": "@dir@/dangling.wav", "a file below a file": "@dir@/talk.wav/more.wav",
		"an encoded path of a file": "/%2e%2e/%2e%2e/etc/passwd", "a doubly encoded path": "/%252e%252e/etc/passwd", "backslashes in a path": `/etc\..\passwd`,
	} {
		out[name] = ordering(422, "source_missing", "", "source", source)
	}
	maps.Copy(out, map[string]attack{
		"an empty file":                       ordering(422, "file_empty", "", "source", "@dir@/empty.wav"),
		"a link to a name that is no text":    ordering(422, "request_invalid", "", "source", "@dir@/badly.wav"),
		"a link to the passwords":             ordering(202, "", "not_media", "source", "@dir@/passwd.wav"),
		"a linked folder":                     ordering(202, "", "not_media", "source", "@dir@/etc/passwd"),
		"a way up through a linked folder":    ordering(202, "", "not_media", "source", "@dir@/etc/../etc/hosts"),
		"a text that is called sound":         ordering(202, "", "not_media", "source", "@dir@/text.wav"),
		"a playlist that names a file":        ordering(202, "", "not_media", "source", "@dir@/list.m3u8"),
		"a list of ffmpeg that names a file":  ordering(202, "", "not_media", "source", "@dir@/concat.wav"),
		"a file whose name is a script":       ordering(202, "", "done", "source", "@dir@/<img src=x onerror=alert(1)>.wav"),
		"a file whose name steers a terminal": ordering(202, "", "done", "source", "@dir@/line\nfeed\x1b[31m.wav"),
		"one bad file among good ones": {
			method: http.MethodPost, path: "/api/v1/jobs", head: []string{"Content-Type: application/json"},
			body: `{"jobs":[{"source":"@dir@/talk.wav","title":"never"},{"source":"/dev/zero"}]}`, status: 422, code: "not_a_file",
		},
		"a device by the old route":      {method: http.MethodPost, path: "/process", body: "video_id=1&path=/dev/zero", head: []string{"Content-Type: application/x-www-form-urlencoded"}, status: 422, code: "not_a_file"},
		"a way up by the old route":      {method: http.MethodPost, path: "/process", body: "video_id=1&path=../../etc/passwd", head: []string{"Content-Type: application/x-www-form-urlencoded"}, status: 422, code: "request_invalid"},
		"a NUL by the old route":         {method: http.MethodPost, path: "/process", body: "path=/etc/passwd%00.wav", head: []string{"Content-Type: application/x-www-form-urlencoded"}, status: 422, code: "request_invalid"},
		"paths that are dropped":         {method: http.MethodPost, path: "/api/v1/drop", head: []string{"Content-Type: application/json"}, body: `{"paths":["/dev/zero","../x"]}`, status: 200},
		"a model by a path":              ordering(422, "model_unknown", "", "source", "@dir@/talk.wav", "model", "../../etc/passwd"),
		"a model by a whole path":        ordering(422, "model_unknown", "", "source", "@dir@/talk.wav", "model", "/etc/passwd"),
		"a model with a NUL":             ordering(422, "model_unknown", "", "source", "@dir@/talk.wav", "model", "sluice-tiny\x00.bin"),
		"a model to remove by a path":    {method: http.MethodDelete, path: "/api/v1/models/..%2f..%2fsluice.db", status: 422, code: "model_unknown"},
		"a model to remove by a dot dot": {method: http.MethodDelete, path: "/api/v1/models/%2e%2e", status: 422, code: "model_unknown"},
		"a model to pull by an address":  {method: http.MethodPost, path: "/api/v1/models", head: []string{"Content-Type: application/json"}, body: `{"name":"http://127.0.0.1/x.bin"}`, status: 422, code: "model_unknown"},
	})
	for i, path := range []string{"/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2f..%2fetc%2fpasswd", "/%252e%252e/etc/passwd", "/assets/%00", "/..\\..\\etc\\passwd", "/%5c..%5c..%5cetc", "//etc/passwd", "/./assets/../../x.js"} {
		out["a path of the page "+strconv.Itoa(i)] = attack{path: path, status: 404, code: "route_unknown"}
	}
	return out
}
