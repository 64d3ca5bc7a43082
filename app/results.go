package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"sluice/internal/delivery"
	"sluice/internal/export"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/library"
	"sluice/internal/netguard"
	"sluice/internal/pipeline"
	"sluice/internal/secret"
	"sluice/internal/settings"
	"sluice/internal/sqlitestore"
	"sluice/internal/transcript"
)

// results is what webhooks are told; it implements delivery.Results.
type results struct {
	store   *sqlitestore.Store
	library *library.Library
}

// Result gives what there is of a job: only what is whole.
func (r results) Result(ctx context.Context, jobID string) (delivery.Result, error) {
	j, err := r.store.Get(ctx, jobID)
	if err != nil {
		return delivery.Result{}, err
	}
	out := delivery.Result{Job: j, Translations: map[string]transcript.Transcript{}}
	t, err := r.library.Transcript(ctx, jobID)
	if err != nil {
		return out, err
	}
	if t.Complete {
		out.Transcript = &t
	}
	for _, language := range j.Options.TranslateTo {
		t, err := r.library.Translation(ctx, jobID, language)
		if err != nil {
			return out, err
		}
		if t.Complete {
			out.Translations[language] = t
		}
	}
	out.Summary, err = r.library.Summary(ctx, jobID)
	if fault.Is(err, fault.NotReady) {
		err = nil
	}
	return out, err
}

// deliveries is what was sent, and sends again; it implements
// httpapi.Deliveries.
type deliveries struct {
	*sqlitestore.Store
	sender *delivery.Sender
}

// Redeliver has a delivery sent now.
func (d deliveries) Redeliver(ctx context.Context, id string) (job.Delivery, error) {
	sent, err := d.Store.Redeliver(ctx, id)
	if err == nil {
		d.sender.Wake()
	}
	return sent, err
}

// newSender makes who tells webhooks.
func newSender(set inForce, guard *netguard.Guard, box *secret.Box, c *core) *delivery.Sender {
	key := func(ctx context.Context) ([]byte, error) {
		key, err := signingKey(ctx, set.Now(), box)
		return []byte(key), err
	}
	return delivery.New(delivery.Deps{
		Outbox: c.store, Results: results{c.store, c.library}, Guard: guard, Key: key, Log: c.log,
	}, delivery.Config{UserAgent: "Sluice/" + version})
}

// signingKey is what messages are signed with: that of the settings, or one of
// Sluice's own.
func signingKey(ctx context.Context, s *settings.Settings, box *secret.Box) (string, error) {
	if set := string(s.Webhook.Secret); set != "" {
		return set, nil
	}
	return box.Ensure(ctx, webhookKey)
}

// webhookKey is the command that shows it to who is going to check signatures.
func (p *program) webhookKey(ctx context.Context) (string, error) {
	s, err := p.load(nil)
	if err != nil {
		return "", err
	}
	box, err := newBox(s)
	if err != nil {
		return "", err
	}
	return signingKey(ctx, s, box)
}

// webhookKey is the name of the secret that messages are signed with.
const webhookKey = "webhook"

// newBox keeps secrets in the keychain of a Mac, and in a file elsewhere: not
// every desktop of the others has one, and a server has none.
func newBox(s *settings.Settings) (*secret.Box, error) {
	return secret.New(secret.Config{Keychain: runtime.GOOS == "darwin", Path: filepath.Join(s.Dirs.Data, "secrets.json")})
}

// newHooks says where results may be sent.
func newHooks(s *settings.Settings) (*netguard.Guard, error) {
	guard, err := netguard.New(netguard.Config{Allow: s.Webhook.Allow})
	if err != nil {
		return nil, fault.New(fault.SettingInvalid, fmt.Sprintf("webhook.allow: %v.", err), nil).
			WithHint("Write it like this: webhook.allow = [\"127.0.0.1:3000\", \"nas.local\"].")
	}
	return guard, checkHook(guard, string(s.Webhook.URL))
}

// checkHook refuses an address that results are not sent to; "" is none.
func checkHook(guard *netguard.Guard, address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return fault.New(fault.WebhookRefused, "The webhook is no address.", nil).WithHint("Write it like https://backend.example.com/transcripts.")
	}
	if err := guard.Check(u); err != nil {
		var refused *netguard.Refused
		if errors.As(err, &refused) {
			return fault.New(fault.WebhookRefused, "The webhook is refused: "+refused.Error()+".", nil)
		}
		return err
	}
	return nil
}

// exporter writes finished texts into the folder of the settings, which may be
// another one for every job; it implements pipeline.Exporter.
type exporter struct {
	settings inForce
	ledger   exported
	mu       sync.Mutex // the folder is for one writer at a time
}

// newExporter checks what is set now.
func newExporter(set inForce, ledger exported) (*exporter, error) {
	e := &exporter{settings: set, ledger: ledger}
	if !e.wanted() {
		return e, nil
	}
	_, err := newFolder(set.Now(), ledger)
	return e, err
}

// wanted says whether a folder is set; none is for a run in the foreground.
func (e *exporter) wanted() bool { return e != nil && e.settings.Now().Export.Dir != "" }

// newFolder is the folder of the settings.
func newFolder(s *settings.Settings, ledger export.Ledger) (*export.Folder, error) {
	var formats []transcript.Format
	for _, f := range s.Export.Formats {
		formats = append(formats, transcript.Format(f))
	}
	folder, err := export.New(ledger, export.Config{Dir: s.Export.Dir, Name: s.Export.Name, Formats: formats})
	if err != nil {
		return nil, fault.New(fault.SettingInvalid, fmt.Sprintf("export.name: %v.", err), nil)
	}
	return folder, nil
}

// orNone is an exporter, or nil: a pointer that is nil would not be one.
func (e *exporter) orNone() pipeline.Exporter {
	if e == nil {
		return nil
	}
	return e
}

// Export writes the files of one job, with the texts as people have corrected
// them.
func (e *exporter) Export(ctx context.Context, j job.Job, texts []transcript.Transcript, summary *transcript.Summary) (int, error) {
	folder, err := newFolder(e.settings.Now(), e.ledger)
	if err != nil {
		return 0, err
	}
	if texts, err = corrected(ctx, e.ledger, j.ID, texts); err != nil {
		return 0, err
	}
	finished := time.Now()
	if j.State.Final() { // written again: under the names they have
		finished = j.FinishedAt
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	written, err := folder.Write(ctx, export.Result{
		JobID: j.ID, Title: j.Title, Source: j.Source.Name, VideoID: j.Metadata["video_id"],
		Finished: finished, Texts: texts, Summary: summary,
	})
	return len(written), err
}
