// LambdaLR: the initial learning rate times a function of the epoch.
#pragma once
#include <harker/core/base/ref.h>
#include <harker/optim/lr_scheduler.h>

namespace harker HARKER_PUBLIC {
namespace optim {

/// Any `double f(std::int64_t epoch)`. (std::function would cost every user a quarter of a second of compiling.)
class LRLambda {
 public:
  template <class F>
  requires requires(F& f) {
    { f(std::int64_t{}) } -> std::convertible_to<double>;
  }
  LRLambda(F f) : f_(new Of<F>(std::move(f))) {}
  double operator()(std::int64_t epoch) const { return (*f_)(epoch); }

 private:
  struct Function {
    RefCount refs;
    friend void destroy(Function* f) { delete f; }
    virtual ~Function();
    virtual double operator()(std::int64_t epoch) = 0;
  };
  template <class F>
  struct Of final : Function {
    F f;
    explicit Of(F g) : f(std::move(g)) {}
    double operator()(std::int64_t epoch) override { return static_cast<double>(f(epoch)); }
  };
  Ref<Function> f_;
};

/// lr = initial_lr * f(epoch). The functions are not in the state dict, as in torch.
class LambdaLR : public ChainableLR {
 public:
  /// One function for all groups.
  LambdaLR(Optimizer& optimizer, LRLambda f, std::int64_t last_epoch = -1);
  /// One for each group.
  LambdaLR(Optimizer& optimizer, std::vector<LRLambda> f, std::int64_t last_epoch = -1);

 protected:
  double next_lr(const Now& now) const override;
  void write(OptionIO& io) const override;
  void write_after(OptionIO& io) const override;
  void read(OptionIO& io, bool keep) override;

 private:
  std::vector<LRLambda> f_;
};

}  // namespace optim
}  // namespace harker
