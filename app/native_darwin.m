//go:build darwin && desktop && !bindings

#import <Cocoa/Cocoa.h>
#import <objc/runtime.h>

#include "_cgo_export.h"
#include "native_darwin.h"

// All of this is touched on the main thread only.
static uintptr_t hooks;
static bool mayEnd;  // everything of ours has ended
static bool waiting; // the system waits for that

// The class of Wails' delegate is private to it; a test looks whether it is
// still there.
static Class delegateClass(void) { return objc_getClass("AppDelegate"); }

static SEL launching(void) { return @selector(applicationWillFinishLaunching:); }
static SEL launched(void) { return @selector(applicationDidFinishLaunching:); }
static SEL quitting(void) { return @selector(applicationShouldTerminate:); }

// In Wails this one makes the app a regular one, with an icon in the Dock, and
// shows the window.
static void launchHidden(id self, SEL cmd, NSNotification *note) {
  [NSApp setActivationPolicy:NSApplicationActivationPolicyAccessory];
}

// In Wails this one takes the focus.
static void stayBehind(id self, SEL cmd, NSNotification *note) {}

// The Dock, the Finder and Spotlight ask this when the app runs already.
static BOOL reopen(id self, SEL cmd, NSApplication *app, BOOL visible) {
  sluiceGoReopen(hooks);
  return NO;
}

// Wails refuses to end and then ends by itself, which breaks off a log-out.
static NSApplicationTerminateReply terminate(id self, SEL cmd, NSApplication *app) {
  if (mayEnd) return NSTerminateNow;
  waiting = true;
  sluiceGoTerminate(hooks);
  return NSTerminateLater;
}

static void replace(SEL method, IMP with) {
  Method m = class_getInstanceMethod(delegateClass(), method);
  if (m) method_setImplementation(m, with);
}

void sluiceHook(bool hidden, uintptr_t h) {
  hooks = h;
  if (!delegateClass()) return;
  if (hidden) {
    replace(launching(), (IMP)launchHidden);
    replace(launched(), (IMP)stayBehind);
  }
  replace(quitting(), (IMP)terminate);
  class_addMethod(delegateClass(), @selector(applicationShouldHandleReopen:hasVisibleWindows:), (IMP)reopen, "B@:@B");
  // The close button hides the app, and so does Cmd-H: no icon in the Dock then.
  [[NSNotificationCenter defaultCenter] addObserverForName:NSApplicationDidHideNotification
                                                    object:nil
                                                     queue:nil
                                                usingBlock:^(NSNotification *note) {
                                                  [NSApp setActivationPolicy:NSApplicationActivationPolicyAccessory];
                                                }];
}

const char *sluiceMissingHook(void) {
  if (!delegateClass()) return "AppDelegate";
  SEL wanted[] = {launching(), launched(), quitting()};
  for (int i = 0; i < 3; i++) {
    if (!class_getInstanceMethod(delegateClass(), wanted[i])) return sel_getName(wanted[i]);
  }
  return "";
}

bool sluicePrefersDark(void) {
  return [[[NSUserDefaults standardUserDefaults] stringForKey:@"AppleInterfaceStyle"] isEqualToString:@"Dark"];
}

void sluiceMayTerminate(void) {
  dispatch_async(dispatch_get_main_queue(), ^{
    mayEnd = true;
    if (waiting) [NSApp replyToApplicationShouldTerminate:YES];
  });
}

static void postEvent(void) {
  [NSApp postEvent:[NSEvent otherEventWithType:NSEventTypeApplicationDefined
                                      location:NSZeroPoint
                                 modifierFlags:0
                                     timestamp:0
                                  windowNumber:0
                                       context:nil
                                       subtype:0
                                         data1:0
                                         data2:0]
           atStart:NO];
}

// The loop is told to end right after this was called, so one event is not
// enough: it could come too early.
void sluiceWakeLoop(void) {
  for (int i = 1; i <= 10; i++) {
    dispatch_after(dispatch_time(DISPATCH_TIME_NOW, i * 100 * NSEC_PER_MSEC), dispatch_get_main_queue(), ^{
      postEvent();
    });
  }
}

void sluiceAppear(void) {
  dispatch_async(dispatch_get_main_queue(), ^{
    [NSApp setActivationPolicy:NSApplicationActivationPolicyRegular];
    [NSApp unhide:nil];
  });
}

void sluiceOnMain(uintptr_t f) {
  dispatch_async(dispatch_get_main_queue(), ^{
    sluiceGoRun(f);
  });
}
