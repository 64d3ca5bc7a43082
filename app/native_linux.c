//go:build desktop && !bindings

// Wails does not hear when the process ends that draws the page - it crashed, or
// the system took its memory - and the window stays blank for good.

#include <webkit2/webkit2.h>

#include "_cgo_export.h"

// All of this is touched on the main thread only.
static uintptr_t hooks;
static WebKitWebView *blank; // its process has ended; NULL = no view's has

static gboolean ended(GSignalInvocationHint *hint, guint n, const GValue *values, gpointer data) {
  g_set_weak_pointer(&blank, g_value_get_object(&values[0]));
  sluiceGoPageEnded(hooks);
  return TRUE;
}

// There is no view yet whose signal could be connected to.
static gboolean hook(gpointer data) {
  g_type_class_ref(WEBKIT_TYPE_WEB_VIEW);
  g_signal_add_emission_hook(g_signal_lookup("web-process-terminated", WEBKIT_TYPE_WEB_VIEW), 0, ended, NULL, NULL);
  return G_SOURCE_REMOVE;
}

void sluiceHookPages(uintptr_t h) {
  hooks = h;
  g_idle_add(hook, NULL);
}

static gboolean reload(gpointer data) {
  if (blank) webkit_web_view_reload(blank);
  g_clear_weak_pointer(&blank);
  return G_SOURCE_REMOVE;
}

void sluiceReloadPage(void) { g_idle_add(reload, NULL); }
