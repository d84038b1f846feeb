// A case of fixtures/ops as the tables of expressions see it.
#pragma once
#include <test_json.h>

#include <harker/core/ops/ops.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace harker::test {

struct Case {
  std::map<std::string, Tensor> in;
  nlohmann::json params;
  const Tensor& operator[](const char* name) const { return in.at(name); }
  double num(const char* name) const { return number(params.at(name)); }
  int dim(const char* name) const { return params.at(name).get<int>(); }
  std::int64_t i64(const char* name) const { return params.at(name).get<std::int64_t>(); }
  bool flag(const char* name) const { return params.at(name).get<bool>(); }
  Shape shape(const char* name) const {
    const nlohmann::json& j = params.at(name);
    if (j.is_number()) return Shape{j.get<std::int64_t>()};
    auto v = j.get<std::vector<std::int64_t>>();
    return Shape(std::span<const std::int64_t>(v));
  }
  Pair pair(const char* name) const {
    const Shape s = shape(name);
    return {s[0], s.back()};
  }
  Reduction reduction() const {
    const std::string red = params.at("red");
    return red == "mean" ? Reduction::mean : red == "sum" ? Reduction::sum : Reduction::none;
  }
};

/// The results of an expression: one tensor, or values and indices.
struct Outputs {
  std::vector<Tensor> all;
  Outputs(const Tensor& t) : all{t} {}
  Outputs(const ValuesAndIndices& r) : all{r.values, r.indices} {}
};

using Expressions = std::map<std::string, std::function<Outputs(const Case&)>>;

}  // namespace harker::test
