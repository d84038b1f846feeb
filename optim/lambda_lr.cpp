// LambdaLR: see the header.
#include <harker/optim/lambda_lr.h>

#include <harker/core/base/text.h>

namespace harker HARKER_PUBLIC {
namespace optim {

LRLambda::Function::~Function() = default;

LambdaLR::LambdaLR(Optimizer& optimizer, LRLambda f, std::int64_t last_epoch)
    : LambdaLR(optimizer, std::vector<LRLambda>(optimizer.num_groups(), f), last_epoch) {}

LambdaLR::LambdaLR(Optimizer& optimizer, std::vector<LRLambda> f, std::int64_t last_epoch)
    : ChainableLR(optimizer, last_epoch), f_(std::move(f)) {
  if (f_.size() != optimizer.num_groups()) {
    detail::throw_error<Error>("LambdaLR: ", f_.size(), " functions for ", optimizer.num_groups(), " parameter groups");
  }
  start();
}

double LambdaLR::next_lr(const Now& now) const { return now.base_lr * f_[now.group](now.epoch); }

void LambdaLR::write(OptionIO&) const {}
void LambdaLR::write_after(OptionIO& io) const { io.fixed("lr_lambdas", Value::list(std::vector<Value>(f_.size()))); }
void LambdaLR::read(OptionIO&, bool) {}

}  // namespace optim
}  // namespace harker
