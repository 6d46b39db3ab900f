// preadv2(2): musl has it since 1.2.5.
#pragma once
#include <sys/uio.h>

#if !defined(RWF_NOWAIT)
#include <sys/syscall.h>
#include <unistd.h>

#define RWF_NOWAIT 0x00000008

inline ssize_t preadv2(int file, const iovec* parts, int count, off_t offset, int flags) {
  // The offset's upper half is for 32-bit machines.
  return syscall(SYS_preadv2, file, parts, count, offset, 0L, flags);
}
#endif
