// What a compiler's own libraries ask of a glibc newer than 2.28, for a binary that loads on that one too
// (glibc-floor.mjs). Hidden: nobody else sees them.
#if defined(ZC_GLIBC_FLOOR)
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" {

// 2.32: may reference counts do without atomics? The engine has threads as soon as there is one.
extern char __libc_single_threaded;
char __libc_single_threaded = 0;

// 2.33: a macro until then. The kernel's struct is glibc's own on 64-bit machines.
int fstat64(int fd, struct stat64* st) noexcept { return static_cast<int>(syscall(SYS_fstat, fd, st)); }

// 2.35: where an exception's handlers are. There are none in code without exceptions: what the C++ library throws
// (out of memory) ends the process, with or without them.
int _dl_find_object(void*, void*);
int _dl_find_object(void*, void*) { return -1; }

}  // extern "C"
#endif
