// Immutable bytes that replies point at: heap bytes, arena slots (arena.h), mappings of files.
#pragma once
#include <sys/mman.h>

#include <string>

#include "files/file.h"
#include "base/ref.h"

namespace zc {

class Memory : public RefCounted {
 public:
  const char* data() const { return data_; }
  size_t size() const { return size_; }
  /** The file behind a shared mapping, whose bytes can change under us; null for private bytes. */
  const File* mapped_file() const { return mapped_file_; }

 protected:
  Memory(const char* data, size_t size, const File* mapped_file = nullptr)
      : data_(data), size_(size), mapped_file_(mapped_file) {}

 private:
  const char* const data_;
  const size_t size_;
  const File* const mapped_file_;
};

struct HeapStorage {
  explicit HeapStorage(std::string text) : bytes(std::move(text)) {}
  const std::string bytes;
};

class HeapBytes final : private HeapStorage, public Memory {
 public:
  explicit HeapBytes(std::string text) : HeapStorage(std::move(text)), Memory(bytes.data(), bytes.size()) {}
};

/** Zeroed memory of the process's own, given back to the kernel at once. Whoever made it fills it before it is shared. */
class AnonymousMapping final : public Memory {
 public:
  /** Null when the kernel has none. */
  static Ref<Memory> map(size_t size) {
    void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return {};
    return Ref<Memory>(new AnonymousMapping(static_cast<const char*>(at), size));
  }

 private:
  AnonymousMapping(const char* data, size_t size) : Memory(data, size) {}
  ~AnonymousMapping() override { munmap(const_cast<char*>(data()), size()); }
};

/**
 * The file's own pages, MAP_SHARED. Only the kernel may copy from it (writev reports EFAULT past a
 * truncation); user-space code must not touch it (SIGBUS).
 */
class FileMapping final : public Memory {
 public:
  /** Null when the kernel refuses (or the file is empty). */
  static Ref<Memory> map(Ref<File> file) {
    const size_t size = file->stat().size;
    void* at = size == 0 ? MAP_FAILED : mmap(nullptr, size, PROT_READ, MAP_SHARED, file->fd(), 0);
    if (at == MAP_FAILED) return {};
    return Ref<Memory>(new FileMapping(static_cast<const char*>(at), size, std::move(file)));
  }

 private:
  FileMapping(const char* data, size_t size, Ref<File> file) : Memory(data, size, file.get()), file_(std::move(file)) {}
  ~FileMapping() override { munmap(const_cast<char*>(data()), size()); }

  const Ref<File> file_;
};

}  // namespace zc
