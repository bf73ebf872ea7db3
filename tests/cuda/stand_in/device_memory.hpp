// Memory of a device that is none: a range of addresses that is locked but while a kernel or a copy
// runs. Host code that reads or writes it directly crashes, as it would with a GPU.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <map>

namespace cuda_stand_in {

/// One range of addresses that all allocations are cut from.
class DeviceMemory {
 public:
  static constexpr std::size_t capacity = std::size_t{4}
                                          << 30;  // of addresses; pages come when used

  static DeviceMemory& get() {
    static DeviceMemory memory;
    return memory;
  }
  void* allocate(std::size_t bytes) {
    const std::size_t size = (bytes / 256 + 1) * 256;
    std::size_t at = 0;  // the first hole that holds it
    for (const auto& [begin, length] : blocks_) {
      if (begin - at >= size) break;
      at = begin + length;
    }
    if (at + size > capacity) return nullptr;
    blocks_[at] = size;
    if (size < large) {
      const Open open;
      std::memset(base_ + at, 0xee, size);  // what a device finds there: nothing of use
    }
    return base_ + at;
  }
  bool release(void* p) {
    const auto block = blocks_.find(static_cast<std::size_t>(static_cast<char*>(p) - base_));
    if (block == blocks_.end()) return false;
    if (block->second >= large) madvise(p, block->second, MADV_DONTNEED);  // hands its pages back
    blocks_.erase(block);
    return true;
  }
  bool owns(const void* p) const { return p >= base_ && p < base_ + capacity; }
  std::size_t blocks() const { return blocks_.size(); }
  std::size_t free_bytes() const {
    std::size_t used = 0;
    for (const auto& block : blocks_) used += block.second;
    return capacity - used;
  }

  /// While one lives, the memory can be read and written.
  struct Open {
    Open() { get().open(1); }
    Open(const Open&) : Open() {}
    Open& operator=(const Open&) = default;
    ~Open() { get().open(-1); }
  };

 private:
  static constexpr std::size_t large = std::size_t{1} << 24;

  DeviceMemory()
      : base_(static_cast<char*>(mmap(nullptr, capacity, PROT_NONE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    if (base_ == MAP_FAILED) std::abort();
  }
  /// Locking takes longer than most kernels of a test, so after the first hundreds it is done now
  /// and then: a mistake in a loop is met all the same.
  void open(int change) {
    open_ += change;
    if (open_ == 1 && change == 1 && locked_) protect(PROT_READ | PROT_WRITE, false);
    if (open_ == 0 && (++closings_ < 300 || closings_ % 499 == 0)) protect(PROT_NONE, true);
  }
  void protect(int access, bool locked) {
    if (mprotect(base_, capacity, access) != 0) std::abort();
    locked_ = locked;
  }

  char* base_;
  std::map<std::size_t, std::size_t> blocks_;  // offset, length
  int open_ = 0;
  long closings_ = 0;
  bool locked_ = true;
};

}  // namespace cuda_stand_in
