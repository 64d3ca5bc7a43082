//go:build desktop && !bindings

package app

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"sluice/internal/notice"
	"sluice/internal/tray"
)

// outlet is how the app reaches people outside its window: notifications, the
// icon in the Dock, and what VoiceOver says of the icon in the menu bar.
type outlet struct {
	window *window
	open   func(job string) // a notification was clicked; "" = the queue
	log    *slog.Logger

	able  atomic.Bool // there is a notification centre for us
	mu    sync.Mutex  // one question at a time
	asked bool
	may   bool
}

func newOutlet(w *window, open func(job string), log *slog.Logger) *outlet {
	return &outlet{window: w, open: open, log: log}
}

// start hears of clicks, also of the one that has started the app. Without a
// bundle around it a program has no notification centre.
func (o *outlet) start() {
	w := o.window
	if err := runtime.InitializeNotifications(w.wails); err != nil {
		o.log.Info("no notifications", "err", err)
		return
	}
	runtime.OnNotificationResponse(w.wails, func(r runtime.NotificationResult) {
		if r.Error != nil {
			o.log.Warn("notification not understood", "err", r.Error)
			return
		}
		job, _ := r.Response.UserInfo["job"].(string)
		o.open(job)
	})
	o.able.Store(true)
}

// notify shows a notification. It does not wait: the first one asks the user for
// leave, who may take minutes.
func (o *outlet) notify(_ context.Context, n notice.Note) error {
	if !o.able.Load() {
		return nil
	}
	go func() {
		if !o.allowed() {
			return
		}
		err := runtime.SendNotification(o.window.wails, runtime.NotificationOptions{
			ID: n.ID, Title: n.Title, Body: n.Body, Data: map[string]any{"job": n.JobID},
		})
		if err != nil {
			o.log.Warn("notification not shown", "err", err)
		}
	}()
	return nil
}

// allowed asks for leave once in a run; the system remembers the answer.
func (o *outlet) allowed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.asked {
		may, err := runtime.RequestNotificationAuthorization(o.window.wails)
		if err != nil {
			o.log.Warn("notifications not allowed", "err", err)
		}
		o.asked, o.may = err == nil, may
	}
	return o.may
}

// outline shows how far things are in the Dock, and says it for VoiceOver.
func (o *outlet) outline(l tray.Outline) { dock(l) }

func (o *outlet) close() {}
