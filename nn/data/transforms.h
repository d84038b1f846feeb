// Transforms: what map() makes of samples. Each is a function of a tensor, and of a sample of several parts, whose first
// it changes. Not in harker.h.
#pragma once
#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace nn::data::transforms {

/// (x - mean) / stddev, one of each for every channel of x[channels, ...], or one for all.
class Normalize {
 public:
  /// ShapeError unless both have as many, at least 1; Error for a stddev of 0.
  Normalize(const std::vector<double>& mean, const std::vector<double>& stddev);
  Normalize(double mean, double stddev) : Normalize(std::vector{mean}, std::vector{stddev}) {}
  /// ShapeError for another number of channels.
  Tensor operator()(const Tensor& x) const;
  template <class Sample>
  requires requires { std::tuple_size<Sample>::value; }
  Sample operator()(Sample s) const {
    std::get<0>(s) = (*this)(std::get<0>(s));
    return s;
  }

 private:
  Tensor mean_, stddev_;
};

}  // namespace nn::data::transforms
}  // namespace harker
