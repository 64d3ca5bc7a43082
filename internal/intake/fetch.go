package intake

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"sluice/internal/disk"
	"sluice/internal/download"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/netguard"
)

// Web says what may be fetched from the web; the zero value reaches the public
// network.
type Web struct {
	Guard   *netguard.Guard // nil = one that allows nothing beyond
	Max     int64           // 20 GB: bytes of one file
	Tries   int             // as in download.Request
	Backoff time.Duration   // "
	Stall   time.Duration   // "

	Short func(missing int64) // hears how many bytes are missing on the disk for a file; may be nil. It must not block
}

const (
	maxURL    = 4096
	fetchPart = "fetch.part"
	fetchNote = "fetched.json"
)

// FromURL makes a source of an address on the web. It asks nobody: what is there
// is found out when the job's turn has come. Until then the address itself is
// what the source is known by. Faults: request_invalid, url_refused.
func (in *Intake) FromURL(_ context.Context, address string) (job.Source, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || len(address) > maxURL {
		// The error would repeat what may be secret.
		return job.Source{}, fault.New(fault.RequestInvalid, "This is no address on the web.", nil).
			WithHint("Give a whole address, such as https://media.example.com/talk.mp4.")
	}
	if err := in.cfg.Web.Guard.Check(u); err != nil {
		return job.Source{}, refusedURL(err)
	}
	u.Fragment, u.RawFragment, u.Host = "", "", strings.ToLower(u.Host)
	sum := sha256.Sum256([]byte("url\n" + u.String()))
	return job.Source{Kind: job.FromURL, URL: u.String(), Name: nameOfURL(u), Fingerprint: hex.EncodeToString(sum[:])}, nil
}

// Fetch brings a source from the web into a folder of the job's own and gives it
// with its path and its content's fingerprint. What was brought there before is
// taken as it is, and what is there in part is gone on with; a source of another
// kind is only opened, and one that was in the cloud when it was submitted is
// given with its content's fingerprint. It blocks until the file is there. Began is called once
// at most, when bytes come, and its error ends the fetch. Faults: those of Open,
// and url_refused, url_unreachable, url_broken, url_failed, source_too_large,
// not_media, file_empty, disk_full.
func (in *Intake) Fetch(ctx context.Context, s job.Source, dir string, began func() error, report func(done, total int64)) (job.Source, error) {
	if s.Kind != job.FromURL {
		now, err := in.now(ctx, s)
		if err == nil && Promised(s) {
			s.Size, s.ModTime, s.Fingerprint = now.Size, now.ModTime, now.Fingerprint
		}
		s.Path = now.Path
		return s, err
	}
	if got, ok := fetched(dir, s); ok {
		return got, nil
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return s, fault.New(fault.Internal, "The address of the source cannot be read.", errors.New("parse source url"))
	}
	if err := in.cfg.Web.Guard.Check(u); err != nil { // what is allowed may have changed
		return s, refusedURL(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return s, fetchFault(u, in.cfg.Limits().Fetch, &download.Local{Err: err})
	}
	client := in.cfg.Web.Guard.Client()
	defer client.CloseIdleConnections()
	done, err := download.Get(ctx, download.Request{
		Client: client, URL: s.URL, Part: filepath.Join(dir, fetchPart),
		Most: in.cfg.Limits().Fetch, Tries: in.cfg.Web.Tries, Backoff: in.cfg.Web.Backoff, Stall: in.cfg.Web.Stall,
		Room: func(more int64) error { return in.fetchRoom(dir, more) },
		Head: func(head []byte, a download.About) error { return sounds(u, head, a) },
		Hard: func(err error) bool {
			refused := &netguard.Refused{}
			return errors.As(err, &refused)
		},
		Began: began, Report: report,
	})
	if err != nil {
		if ctx.Err() != nil {
			return s, context.Cause(ctx)
		}
		err = fetchFault(u, in.cfg.Limits().Fetch, err)
		in.heard(u.Host, err)
		return s, err
	}
	in.heard(u.Host, nil)
	return arrived(ctx, s, u, dir, done)
}

// fetched finds what an earlier run has brought.
func fetched(dir string, s job.Source) (job.Source, bool) {
	var got job.Source
	body, err := os.ReadFile(filepath.Join(dir, fetchNote))
	if err != nil || json.Unmarshal(body, &got) != nil || got.URL != s.URL {
		return s, false
	}
	return got, atHand(got) == nil
}

// atHand says whether a file that was fetched is still here. Nobody but us
// writes to it.
func atHand(s job.Source) error {
	if s.Path == "" {
		return fault.New(fault.SourceMissing, quoted(s.Name)+" is not downloaded yet.", nil).WithHint("It is when its turn has come.")
	}
	info, err := os.Stat(s.Path)
	switch {
	case err != nil:
		return sourceFault(s.Name, s.Path, err)
	case !info.Mode().IsRegular(), info.Size() != s.Size, !info.ModTime().Equal(s.ModTime):
		return changed(s)
	}
	return nil
}

// arrived gives a file that was fetched its place and its name. It says what it
// has done before it does it: whoever is killed in between finds the file again.
func arrived(ctx context.Context, s job.Source, u *url.URL, dir string, done download.Done) (job.Source, error) {
	part := filepath.Join(dir, fetchPart)
	if done.Bytes == 0 {
		download.Discard(part)
		return s, fault.New(fault.FileEmpty, "The file at "+displayName(u.Hostname())+" is empty.", nil)
	}
	sum, err := contentOf(ctx, part)
	if err != nil {
		return s, err
	}
	info, err := os.Stat(part)
	if err != nil {
		return s, fmt.Errorf("fetched source: %w", err)
	}
	s.Name = nameOfFetched(u, done.About)
	s.Path = filepath.Join(dir, diskName(s.Name))
	s.Size, s.ModTime, s.Fingerprint = info.Size(), info.ModTime().UTC(), sum
	text, err := json.Marshal(s)
	if err != nil {
		return s, fmt.Errorf("note of fetched source: %w", err)
	}
	note := filepath.Join(dir, fetchNote)
	_ = os.Remove(note)
	if err := writeSynced(note, text); err != nil {
		return s, keepFault(err)
	}
	if err := os.Rename(part, s.Path); err != nil {
		return s, keepFault(err)
	}
	disk.SyncDir(dir)
	download.Discard(part)
	return s, nil
}

// contentOf is the fingerprint of a fetched file. When it came says nothing of
// it, so that the same file is known again whenever and from wherever it is
// fetched; instead all of it counts, not only its ends.
func contentOf(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // our own part
	if err != nil {
		return "", fmt.Errorf("read fetched source: %w", err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	h.Write([]byte("content\n"))
	buf := make([]byte, 1<<20)
	for {
		if err := context.Cause(ctx); err != nil {
			return "", err
		}
		n, err := f.Read(buf)
		h.Write(buf[:n])
		switch {
		case errors.Is(err, io.EOF):
			return hex.EncodeToString(h.Sum(nil)), nil
		case err != nil:
			return "", fmt.Errorf("read fetched source: %w", err)
		}
	}
}

// sounds makes sure that what arrives begins like media.
func sounds(u *url.URL, head []byte, a download.About) error {
	ext := extension(nameOfFetched(u, a))
	k, words := sniff(head, ext)
	spoken := strings.HasPrefix(a.Type, "audio/") || strings.HasPrefix(a.Type, "video/")
	switch {
	case k == other:
		return fault.New(fault.NotMedia, "This address leads to "+words+", not to audio or video.", nil).
			WithHint("Give the address of the file itself: a page that plays a video has another one.")
	case k == unknown && !mediaExtension(ext) && !spoken:
		return fault.New(fault.NotMedia, "This address does not lead to audio or video of a kind Sluice reads.", nil).
			WithHint("Give the address of the file itself.")
	}
	return nil
}

// nameOfURL is what a file is called by its address.
func nameOfURL(u *url.URL) string {
	if name := path.Base(u.Path); strings.Trim(name, "./ ") != "" {
		return displayName(name)
	}
	return displayName(u.Hostname())
}

func nameOfFetched(u *url.URL, a download.About) string {
	if a.Name != "" {
		return displayName(a.Name)
	}
	return nameOfURL(u)
}

func (in *Intake) fetchRoom(dir string, more int64) error {
	free, err := in.cfg.FreeBytes(dir)
	if err != nil {
		return nil // a disk that does not say: the write will
	}
	if missing := more + in.cfg.MinFree - free; missing > 0 {
		if in.cfg.Web.Short != nil {
			in.cfg.Web.Short(missing)
		}
		return fault.New(fault.DiskFull, "There is not enough room on the disk to download the source.", nil).
			WithHint("Free %s; it goes on where it stopped.", job.FormatBytes(missing))
	}
	return nil
}

func refusedURL(err error) error {
	say := err.Error()
	return fault.New(fault.URLRefused, strings.ToUpper(say[:1])+say[1:]+".", nil)
}

// fetchFault says why a file did not come. No word of it repeats what the
// address holds behind its host.
func fetchFault(u *url.URL, most int64, err error) error {
	host := displayName(u.Hostname())
	var (
		known   *fault.Fault
		refused *netguard.Refused
		local   *download.Local
		answer  *download.Answer
		lost    *download.Lost
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &refused):
		return refusedURL(refused)
	case errors.Is(err, download.ErrTooLarge):
		return fault.New(fault.SourceTooLarge, fmt.Sprintf("The file at %s is larger than %s.", host, job.FormatBytes(most)), nil)
	case errors.As(err, &local):
		return keepFault(local.Err)
	case errors.As(err, &answer):
		return answered(host, answer)
	case errors.As(err, &lost):
		return lostServer(host, lost)
	}
	return err
}

func keepFault(err error) error {
	if disk.Full(err) {
		return fault.New(fault.DiskFull, "The disk is full.", err)
	}
	return fault.New(fault.Internal, "The downloaded source could not be stored.", err)
}

func answered(host string, a *download.Answer) error {
	code := fault.URLFailed
	var say string
	switch {
	case a.Err != nil || a.Status == 408 || a.Status == 429 || a.Status >= 500:
		code, say = fault.URLBroken, fmt.Sprintf("%s answers with an error (%d).", host, a.Status)
	case a.Status == 404, a.Status == 410:
		say = fmt.Sprintf("%s has no such file (%d).", host, a.Status)
	case a.Status == 401, a.Status == 402, a.Status == 403, a.Status == 407:
		say = fmt.Sprintf("%s does not give this file to everybody (%d).", host, a.Status)
	default:
		say = fmt.Sprintf("%s does not give this file (%d).", host, a.Status)
	}
	f := fault.New(code, say, a)
	f.RetryAfterSeconds = int(a.After.Seconds())
	return f
}

func lostServer(host string, l *download.Lost) error {
	var (
		dns   *net.DNSError
		dial  *net.OpError
		late  interface{ Timeout() bool }
		trust *tls.CertificateVerificationError
	)
	switch {
	case errors.As(l, &trust):
		return fault.New(fault.URLBroken, host+" cannot prove that it is the one.", l)
	case l.Grew:
		return fault.New(fault.URLUnreachable, "The connection to "+host+" was lost.", l)
	case l.Met:
		return fault.New(fault.URLBroken, host+" does not send the file to its end.", l)
	case errors.As(l, &dns) && dns.IsNotFound:
		return fault.New(fault.URLUnreachable, "There is no server "+host+", or no connection to the network.", l)
	case dns != nil, errors.As(l, &dial) && dial.Op == "dial", errors.As(l, &late) && late.Timeout():
		return fault.New(fault.URLUnreachable, host+" does not answer.", l)
	}
	return fault.New(fault.URLBroken, host+" answers, but not as a web server does.", l)
}
