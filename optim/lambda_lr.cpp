// LambdaLR and MultiplicativeLR: see the headers.
#include <harker/core/base/text.h>
#include <harker/optim/more_schedulers.h>

namespace harker HARKER_PUBLIC {
namespace optim {

LRLambda::Function::~Function() = default;

namespace {

std::vector<LRLambda> one_each(const char* scheduler, const Optimizer& optimizer, std::vector<LRLambda> f) {
  if (f.size() != optimizer.num_groups())
    detail::throw_error<Error>(scheduler, ": ", f.size(), " functions for ", optimizer.num_groups(),
                               " parameter groups");
  return f;
}
/// As torch writes functions, which have no state.
void write_functions(OptionIO& io, std::size_t count) {
  io.fixed("lr_lambdas", Value::list(std::vector<Value>(count)));
}

}  // namespace

LambdaLR::LambdaLR(Optimizer& optimizer, LRLambda f, std::int64_t last_epoch)
    : LambdaLR(optimizer, std::vector<LRLambda>(optimizer.num_groups(), f), last_epoch) {}
LambdaLR::LambdaLR(Optimizer& optimizer, std::vector<LRLambda> f, std::int64_t last_epoch)
    : ChainableLR(optimizer, last_epoch), f_(one_each("LambdaLR", optimizer, std::move(f))) {
  start();
}
double LambdaLR::next_lr(const Now& now) const { return now.base_lr * f_[now.group](now.epoch); }
void LambdaLR::write(OptionIO&) const {}
void LambdaLR::write_after(OptionIO& io) const { write_functions(io, f_.size()); }
void LambdaLR::read(OptionIO&, bool) {}

MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, LRLambda f, std::int64_t last_epoch)
    : MultiplicativeLR(optimizer, std::vector<LRLambda>(optimizer.num_groups(), f), last_epoch) {}
MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, std::vector<LRLambda> f, std::int64_t last_epoch)
    : ChainableLR(optimizer, last_epoch), f_(one_each("MultiplicativeLR", optimizer, std::move(f))) {
  start();
}
double MultiplicativeLR::next_lr(const Now& now) const {
  return now.initial ? now.lr : now.lr * f_[now.group](now.epoch);
}
void MultiplicativeLR::write(OptionIO&) const {}
void MultiplicativeLR::write_after(OptionIO& io) const { write_functions(io, f_.size()); }
void MultiplicativeLR::read(OptionIO&, bool) {}

}  // namespace optim
}  // namespace harker
