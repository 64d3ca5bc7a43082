// What Wails leaves undone on a Mac. See native_darwin.go.
#ifndef SLUICE_NATIVE_DARWIN_H
#define SLUICE_NATIVE_DARWIN_H

#include <stdbool.h>
#include <stdint.h>

// On the main thread, before the loop runs.
void sluiceHook(bool hidden, uintptr_t hooks);
const char *sluiceMissingHook(void);
bool sluicePrefersDark(void);

// On any thread.
char *sluiceLanguage(void); // to be freed
void sluiceOnDrop(uintptr_t f);
void sluiceMayTerminate(void);
void sluiceWakeLoop(void);
void sluiceAppear(void);
void sluiceDock(double progress, int depth, const char *spoken); // below 0 = nothing runs
void sluiceReloadPage(void);
void sluiceOnMain(uintptr_t f);

#endif
