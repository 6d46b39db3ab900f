// What a compiler's own libraries ask of a glibc newer than 2.28, for a binary that loads on that one too
// (glibc-floor.mjs). Hidden: nobody else sees them.
#if defined(ZC_GLIBC_FLOOR)
#include <sys/stat.h>

extern "C" {

// 2.32: may reference counts do without atomics? The engine has threads as soon as there is one.
extern char __libc_single_threaded;
char __libc_single_threaded = 0;

// 2.33: until then a macro for this one, which is told the layout of the struct.
int __fxstat64(int layout, int fd, struct stat64* st) noexcept;
int fstat64(int fd, struct stat64* st) noexcept {
#if defined(__x86_64__)
  constexpr int kLayout = 1;
#else
  constexpr int kLayout = 0;
#endif
  return __fxstat64(kLayout, fd, st);
}

int __fxstatat64(int layout, int dir, const char* path, struct stat64* st, int flags) noexcept;
int fstatat64(int dir, const char* path, struct stat64* st, int flags) noexcept {
#if defined(__x86_64__)
  constexpr int kLayout = 1;
#else
  constexpr int kLayout = 0;
#endif
  return __fxstatat64(kLayout, dir, path, st, flags);
}

// 2.35: where an exception's handlers are. There are none in code without exceptions: what the C++ library throws
// (out of memory) ends the process, with or without them.
int _dl_find_object(void*, void*);
int _dl_find_object(void*, void*) { return -1; }

}  // extern "C"
#endif
