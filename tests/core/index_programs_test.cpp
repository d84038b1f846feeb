// Several hundred random lists of indices (index_programs.py): what is chosen, what x is after an assignment or index_put_,
// and the gradients, against PyTorch's.
#include <doctest/doctest.h>

#include <harker/core/autograd/autograd.h>
#include <harker/core/ops/ops.h>
#include <test_json.h>

#include <filesystem>
#include <string>

namespace harker {
namespace {

using Json = nlohmann::json;

Shape shape_of(const Json& j) { return Shape(j.get<std::vector<std::int64_t>>()); }

TensorIndex index_of(const Json& j) {
  if (j.is_null()) return None;
  if (j.is_string()) return "...";
  if (j.is_boolean()) return j.get<bool>();
  if (j.is_number()) return j.get<std::int64_t>();
  if (j.contains("slice")) {
    std::optional<std::int64_t> bounds[3];
    for (std::size_t i = 0; i < 3; ++i)
      if (!j["slice"][i].is_null()) bounds[i] = j["slice"][i].get<std::int64_t>();
    return Slice(bounds[0], bounds[1], bounds[2]);
  }
  const bool mask = j.contains("mask");
  const Tensor t = from_vector(j[mask ? "mask" : "at"].get<std::vector<std::int64_t>>(), shape_of(j["shape"]));
  return mask ? t.to(kBool) : t;
}

Tensor numbers_from(const Json& j, const Shape& shape) {
  return from_vector(j.get<std::vector<std::int64_t>>(), shape).to(kFloat64);
}
Tensor counted(std::int64_t n, double from) { return (arange(n).to(kFloat64) + from).requires_grad_(); }

/// The gradients of sum(z * (1, 2, 3, ...)).
void backward(const Tensor& z) { sum(z * (arange(z.numel()).to(kFloat64) + 1).view(z.shape())).backward(); }
Tensor gradient(const Tensor& x) { return x.grad().defined() ? x.grad() : zeros_like(x); }

struct Program {
  Json j;
  std::vector<TensorIndex> index;
  Tensor leaf, x;
  explicit Program(const Json& json) : j(json) {
    for (const Json& i : j["index"]) index.push_back(index_of(i));
    const Shape shape = shape_of(j["x"]);
    leaf = counted(shape.numel(), 0);
    Shape reversed = shape, order = shape;
    for (int i = 0; i < shape.rank(); ++i) {
      reversed[i] = shape[shape.rank() - 1 - i];
      order[i] = shape.rank() - 1 - i;
    }
    x = j["strided"].get<bool>() ? leaf.view(reversed).permute(order) : leaf.view(shape);
  }
};

void check_read(Program p) {
  const Tensor z = p.x.index(p.index);
  CHECK(z.shape() == shape_of(p.j["shape"]));
  CHECK(equal(z.detach(), numbers_from(p.j["out"], z.shape())));
  if (!z.requires_grad()) return;
  backward(z);
  CHECK(equal(gradient(p.leaf), numbers_from(p.j["dx"], p.leaf.shape())));
}

/// Written by `put`, recorded, and again on bare memory.
template <class F>
void check_written(const Program& p, const F& put) {
  const Shape shape = shape_of(p.j["value"]);
  const Tensor v = counted(shape.numel(), 1000);
  // In x's layout: a strided x is written where it lies.
  const Tensor z = p.x * 1.0, bare = p.leaf.detach().clone();
  CHECK(equal(put(z, v.view(shape)).detach(), numbers_from(p.j["out"], p.x.shape())));
  backward(z);
  CHECK(equal(gradient(p.leaf), numbers_from(p.j["dx"], p.leaf.shape())));
  CHECK(equal(gradient(v), numbers_from(p.j["dv"], v.shape())));
  Program again(p.j);
  again.leaf.requires_grad_(false);
  Tensor base = again.leaf.clone();
  Tensor laid = p.x.is_contiguous()
                    ? base.view(p.x.shape())
                    : make_view(Ref<Storage>::share(&base.storage()), kFloat64, p.x.shape(), p.x.strides(), 0);
  CHECK(equal(put(laid, v.detach().view(shape)), numbers_from(p.j["out"], p.x.shape())));
}

}  // namespace

TEST_CASE("index: random lists of indices choose and write what PyTorch's do") {
  const Json file =
      test::read_json(std::filesystem::path(HARKER_SOURCE_DIR) / "tests" / "core" / "index_programs.json");
  int read = 0, written = 0, thrown = 0;
  for (const Json& j : file.at("programs")) {
    CAPTURE(j.dump());
    const Program p(j);
    const bool writes = j.contains("accumulate"), throws = j.contains("throws");
    if (throws && !j.contains("value")) {
      CHECK_THROWS_AS(p.x.index(p.index), Error);
      ++thrown;
    } else if (throws) {
      Tensor z = p.x.detach().clone();
      CHECK_THROWS_AS(z.index_put_(p.index, zeros(shape_of(j["value"])), j["accumulate"].get<bool>()), Error);
      CHECK(equal(z, p.x.detach()));
      ++thrown;
    } else if (!writes) {
      check_read(p);
      ++read;
    } else {
      const bool accumulate = j["accumulate"].get<bool>();
      check_written(p, [&](Tensor z, const Tensor& v) { return z.index_put_(p.index, v, accumulate); });
      if (!accumulate)
        check_written(Program(j), [&](const Tensor& z, const Tensor& v) {
          z.index(p.index) = v;
          return z;
        });
      CHECK(
          equal(index_put(p.x.detach(), p.index,
                          counted(shape_of(j["value"]).numel(), 1000).detach().view(shape_of(j["value"])), accumulate),
                numbers_from(j["out"], p.x.shape())));
      ++written;
    }
  }
  MESSAGE(read, " read, ", written, " wrote, ", thrown, " threw");
  CHECK(read > 150);
  CHECK(written > 150);
  CHECK(thrown > 20);
}

}  // namespace harker
