//go:build desktop && !bindings

package app

import (
	"context"
	"fmt"
	"log/slog"
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
	asked atomic.Bool // people were asked for leave
	may   atomic.Bool // and gave it
}

func newOutlet(w *window, open func(job string), log *slog.Logger) *outlet {
	return &outlet{window: w, open: open, log: log}
}

// start hears of clicks. Whether it hears in time of one that has started the app
// only a Mac can show. Without a bundle a program has no notification centre.
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

// notify shows a notification, where people let us. The first one asks them,
// aside: what comes while they think about it is not shown.
func (o *outlet) notify(_ context.Context, n notice.Note) error {
	switch {
	case !o.able.Load():
		return nil
	case !o.asked.Swap(true):
		go func() {
			if o.ask() {
				o.may.Store(true)
				o.tell(n)
			}
		}()
		return nil
	case !o.may.Load():
		return nil
	}
	return o.send(n)
}

// ask asks for leave, once in a run; the system remembers the answer.
func (o *outlet) ask() bool {
	may, err := runtime.RequestNotificationAuthorization(o.window.wails)
	if err != nil { // a refusal comes so too
		o.log.Info("notifications not allowed", "err", err)
	}
	return may && err == nil
}

// tell sends the note that had to wait for leave.
func (o *outlet) tell(n notice.Note) {
	if err := o.send(n); err != nil {
		o.log.Warn("notification not shown", "err", err)
	}
}

func (o *outlet) send(n notice.Note) error {
	err := runtime.SendNotification(o.window.wails, runtime.NotificationOptions{
		ID: n.ID, Title: n.Title, Body: n.Body, Data: map[string]any{"job": n.JobID},
	})
	if err != nil {
		return fmt.Errorf("show notification: %w", err)
	}
	return nil
}

// outline shows how far things are in the Dock, and says it for VoiceOver.
func (o *outlet) outline(l tray.Outline) { dock(l) }

func (o *outlet) close() {}
