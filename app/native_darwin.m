//go:build darwin && desktop && !bindings

#import <Cocoa/Cocoa.h>
#import <WebKit/WebKit.h>
#import <objc/runtime.h>

#include <limits.h>
#include <string.h>

#include "_cgo_export.h"
#include "native_darwin.h"

// All of this is touched on the main thread only.
static uintptr_t hooks;
static uintptr_t drops; // takes what is dropped
static bool mayEnd;  // everything of ours has ended
static bool waiting; // the system waits for that
static WKWebView *blank; // its process has ended

// The class of Wails' delegate is private to it; a test looks whether it is
// still there.
static Class delegateClass(void) { return objc_getClass("AppDelegate"); }

static SEL launching(void) { return @selector(applicationWillFinishLaunching:); }
static SEL launched(void) { return @selector(applicationDidFinishLaunching:); }
static SEL quitting(void) { return @selector(applicationShouldTerminate:); }
static SEL reopening(void) { return @selector(applicationShouldHandleReopen:hasVisibleWindows:); }

// And so is that of the page's view.
static Class pageClass(void) { return objc_getClass("WailsWebView"); }

static SEL entering(void) { return @selector(draggingEntered:); }
static SEL moving(void) { return @selector(draggingUpdated:); }
static SEL dropping(void) { return @selector(performDragOperation:); }

// And that of the page's delegate, which hears of most that becomes of it.
static Class contextClass(void) { return objc_getClass("WailsContext"); }

static SEL ended(void) { return @selector(webViewWebContentProcessDidTerminate:); }

// One that is inherited must stay as it is: it is not ours alone.
static Method ownMethod(Class c, SEL method) {
  Method m = class_getInstanceMethod(c, method);
  return m == class_getInstanceMethod(class_getSuperclass(c), method) ? NULL : m;
}

static void replace(Class c, SEL method, IMP with) {
  Method m = ownMethod(c, method);
  if (m) method_setImplementation(m, with);
}

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

// Wails does not hear this, and the window would stay blank for good.
static void pageEnded(id self, SEL cmd, WKWebView *view) {
  blank = view;
  sluiceGoPageEnded(hooks);
}

void sluiceReloadPage(void) {
  dispatch_async(dispatch_get_main_queue(), ^{
    [blank reload];
    blank = nil;
  });
}

void sluiceHook(bool hidden, uintptr_t h) {
  hooks = h;
  if (!delegateClass()) return;
  if (hidden) {
    replace(delegateClass(), launching(), (IMP)launchHidden);
    replace(delegateClass(), launched(), (IMP)stayBehind);
  }
  replace(delegateClass(), quitting(), (IMP)terminate);
  class_addMethod(delegateClass(), reopening(), (IMP)reopen, "B@:@B");
  // The view asks its delegate once what it has.
  if (contextClass()) class_addMethod(contextClass(), ended(), (IMP)pageEnded, "v@:@");
  // The close button hides the app, and so does Cmd-H: no icon in the Dock then.
  [[NSNotificationCenter defaultCenter] addObserverForName:NSApplicationDidHideNotification
                                                    object:nil
                                                     queue:nil
                                                usingBlock:^(NSNotification *note) {
                                                  [NSApp setActivationPolicy:NSApplicationActivationPolicyAccessory];
                                                }];
}

static NSDictionary *onlyFiles(void) { return @{NSPasteboardURLReadingFileURLsOnlyKey : @YES}; }

// Refuses what holds no file. Wails takes every drag, and ends the process when
// a link is dropped.
static void refuseLinks(SEL method) {
  Method m = ownMethod(pageClass(), method);
  if (!m) return;
  NSDragOperation (*wails)(id, SEL, id) = (NSDragOperation(*)(id, SEL, id))method_getImplementation(m);
  method_setImplementation(m, imp_implementationWithBlock(^NSDragOperation(id self, id<NSDraggingInfo> drag) {
                             if (![drag.draggingPasteboard canReadObjectForClasses:@[ [NSURL class] ] options:onlyFiles()]) {
                               return NSDragOperationNone;
                             }
                             return wails(self, method, drag);
                           }));
}

// Wails gives the page no drop, which would wait for it: to the page the drag
// leaves. The paths are kept apart by what no path holds; a line break is no such
// thing.
static BOOL drop(id self, SEL cmd, id<NSDraggingInfo> drag) {
  [(NSView *)self draggingExited:drag];
  NSMutableData *paths = [NSMutableData data];
  for (NSURL *url in [drag.draggingPasteboard readObjectsForClasses:@[ [NSURL class] ] options:onlyFiles()]) {
    char path[PATH_MAX];
    if ([url getFileSystemRepresentation:path maxLength:sizeof path]) [paths appendBytes:path length:strlen(path) + 1];
  }
  if (paths.length == 0) return NO;
  sluiceGoDropped(drops, paths.mutableBytes, (int)paths.length);
  return YES;
}

void sluiceOnDrop(uintptr_t f) {
  dispatch_async(dispatch_get_main_queue(), ^{
    drops = f;
    refuseLinks(entering());
    refuseLinks(moving());
    replace(pageClass(), dropping(), (IMP)drop);
  });
}

const char *sluiceMissingHook(void) {
  if (!delegateClass()) return "AppDelegate";
  if (!pageClass()) return "WailsWebView";
  if (!contextClass()) return "WailsContext";
  SEL ofDelegate[] = {launching(), launched(), quitting()};
  SEL ofPage[] = {entering(), moving(), dropping()};
  for (int i = 0; i < 3; i++) {
    if (!ownMethod(delegateClass(), ofDelegate[i])) return sel_getName(ofDelegate[i]);
    if (!ownMethod(pageClass(), ofPage[i])) return sel_getName(ofPage[i]);
  }
  // These we add; nothing is added where one is.
  if (class_getInstanceMethod(delegateClass(), reopening())) return sel_getName(reopening());
  if (class_getInstanceMethod(contextClass(), ended())) return sel_getName(ended());
  return "";
}

char *sluiceLanguage(void) {
  @autoreleasepool {
    NSString *code = NSLocale.preferredLanguages.firstObject;
    return strdup(code ? code.UTF8String : "");
  }
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

// The app's icon with a bar at its foot.
@interface SluiceDockView : NSView
@property(nonatomic) double done;
@end

@implementation SluiceDockView
- (void)drawRect:(NSRect)dirty {
  NSRect all = self.bounds;
  [NSApp.applicationIconImage drawInRect:all];
  NSRect bar = NSMakeRect(NSWidth(all) * 0.14, NSHeight(all) * 0.08, NSWidth(all) * 0.72, NSHeight(all) * 0.09);
  double round = NSHeight(bar) / 2;
  [[NSColor colorWithWhite:0 alpha:0.55] setFill];
  [[NSBezierPath bezierPathWithRoundedRect:bar xRadius:round yRadius:round] fill];
  bar = NSInsetRect(bar, 1, 1);
  bar.size.width = MAX(NSHeight(bar), NSWidth(bar) * self.done);
  round = NSHeight(bar) / 2;
  [NSColor.whiteColor setFill];
  [[NSBezierPath bezierPathWithRoundedRect:bar xRadius:round yRadius:round] fill];
}
@end

static void describe(NSView *view, NSString *text) {
  if ([view isKindOfClass:[NSStatusBarButton class]]) {
    view.accessibilityLabel = text;
    return;
  }
  for (NSView *inner in view.subviews) describe(inner, text);
}

void sluiceDock(double progress, int depth, const char *spoken) {
  NSString *text = [NSString stringWithUTF8String:spoken];
  dispatch_async(dispatch_get_main_queue(), ^{
    NSDockTile *tile = NSApp.dockTile;
    tile.badgeLabel = depth > 0 ? [NSString stringWithFormat:@"%d", depth] : nil;
    SluiceDockView *view = (SluiceDockView *)tile.contentView;
    if (progress < 0) {
      tile.contentView = nil;
    } else if (view) {
      view.done = progress;
    } else {
      view = [[SluiceDockView alloc] initWithFrame:NSMakeRect(0, 0, tile.size.width, tile.size.height)];
      view.done = progress;
      tile.contentView = view;
    }
    [tile display];
    // The item in the menu bar is a window of ours with one button.
    for (NSWindow *window in NSApp.windows) {
      if ([window.className isEqualToString:@"NSStatusBarWindow"]) describe(window.contentView, text);
    }
  });
}

void sluiceOnMain(uintptr_t f) {
  dispatch_async(dispatch_get_main_queue(), ^{
    sluiceGoRun(f);
  });
}
