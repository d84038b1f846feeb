// Tables of misuse: each row is an expression of a Given g that must throw, the type of the exception, and words that its
// message must hold. Afterwards nothing of what it was given may have changed: the fingerprint is the same.
#pragma once
#include <doctest/doctest.h>
#include <harker/core/error.h>
#include <harker/core/grad_mode.h>
#include <harker/core/tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace harker::test {

enum class Kind { shape, type, grad, plain };

inline Kind kind_of(const Error& e) {
  if (dynamic_cast<const ShapeError*>(&e)) return Kind::shape;
  if (dynamic_cast<const TypeError*>(&e)) return Kind::type;
  return dynamic_cast<const GradError*>(&e) ? Kind::grad : Kind::plain;
}

template <class Given>
struct Misuse {
  const char* expression;
  Kind kind;
  std::vector<const char*> words;
  void (*run)(Given&);
};

#define MISUSE(kind, expression, ...)                                               \
  {                                                                                 \
#expression, test::Kind::kind, {__VA_ARGS__}, [](Given& g) { (void)g; expression; } \
  }

/// FNV-1a.
struct Fingerprint {
  std::uint64_t h = 14695981039346656037u;
  void add(const void* p, std::size_t n) {
    for (std::size_t k = 0; k < n; ++k) h = (h ^ static_cast<const unsigned char*>(p)[k]) * 1099511628211u;
  }
  void add(const std::string& text) { add(text.data(), text.size()); }
  /// Numbers and version.
  void add(const Tensor& t) {
    const Tensor c = [&] {
      NoGradGuard no_grad;
      return t.contiguous();
    }();
    add(c.raw(), static_cast<std::size_t>(c.numel()) * item_size(c.dtype()));
    const std::uint32_t version = t.version();
    add(&version, sizeof version);
  }
};

/// Of all() that is given; a Given with more to it has a function of its own.
template <class Given>
std::uint64_t fingerprint(const Given& g) {
  Fingerprint f;
  for (const Tensor& t : g.all()) f.add(t);
  return f.h;
}

template <class Given>
void check_misuses(const std::vector<Misuse<Given>>& rows) {
  for (const Misuse<Given>& m : rows) {
    CAPTURE(std::string(m.expression));
    Given g;
    const std::uint64_t before = fingerprint(g);
    std::string what = "nothing was thrown";
    try {
      m.run(g);
    } catch (const Error& e) {
      what = e.what();
      CHECK(kind_of(e) == m.kind);
    }
    CAPTURE(what);
    CHECK(what != "nothing was thrown");
    for (const char* part : m.words) CHECK(what.find(part) != std::string::npos);
    CHECK(what.size() <= 500);
    CHECK(fingerprint(g) == before);
  }
}

}  // namespace harker::test
