// The keys that tell states apart: see the header.
#include <harker/optim/state_kind.h>

#include <array>
#include <span>

#include <harker/core/base/text.h>
#include <harker/core/error.h>

namespace harker::optim {

using detail::throw_error;

namespace {

/// All of these keys are in the dicts of this kind, and of none that stands below it.
struct Kind {
  std::string_view name;
  std::array<std::string_view, 4> keys;
};

/// The keys of the first four are together in no other optimizer of torch's, in any version.
constexpr Kind kOptimizers[] = {
    {"Adam", {"betas", "amsgrad"}},
    {"SGD", {"momentum", "dampening"}},
    {"RMSprop", {"alpha", "eps"}},
    {"Adagrad", {"lr_decay", "weight_decay"}},
    {"Muon", {"ns_steps"}},
    {"NAdam", {"betas", "momentum_decay"}},
    {"ASGD", {"lambd", "alpha", "t0"}},
    {"Adadelta", {"rho"}},
    {"Rprop", {"etas", "step_sizes"}},
    {"LBFGS", {"history_size"}},
    {"Adafactor", {"beta2_decay"}},
    {"RAdam", {"betas", "decoupled_weight_decay"}},  // from 2.0 on
    // Adam had amsgrad (0.4) before anything had these.
    {"RAdam or Adamax", {"betas", "eps", "weight_decay", "foreach"}},
    {"RAdam or Adamax", {"betas", "eps", "weight_decay", "maximize"}},
    // Adam before 0.4; RAdam of 1.10 and 1.11 looks the same, and has the same moments.
    {"Adam", {"betas", "eps", "weight_decay"}},
    {"SparseAdam", {"betas", "eps"}},
};

/// What else than hyperparameters tells; an entry that two of them have (exp_avg, step) is not here.
constexpr std::pair<std::string_view, std::string_view> kEntries[] = {
    {"exp_avg_sq", "Adam"},     {"square_avg", "RMSprop"}, {"sum", "Adagrad"},
    {"momentum_buffer", "SGD"}, {"exp_inf", "Adamax"},     {"acc_delta", "Adadelta"},
    {"mu_product", "NAdam"},    {"prev", "Rprop"},         {"ax", "ASGD"}};

constexpr Kind kSchedulers[] = {
    {"an optimizer", {"param_groups"}},
    {"SequentialLR", {"_schedulers", "_milestones"}},
    {"ChainedScheduler", {"_schedulers"}},
    {"ReduceLROnPlateau", {"patience", "cooldown"}},
    {"OneCycleLR", {"total_steps"}},
    {"CyclicLR", {"max_lrs"}},
    {"CosineAnnealingWarmRestarts", {"T_0"}},
    {"CosineAnnealingLR", {"T_max"}},
    {"SWALR", {"anneal_epochs"}},
    {"PolynomialLR", {"power", "total_iters"}},
    {"LinearLR", {"start_factor", "total_iters"}},
    {"ConstantLR", {"factor", "total_iters"}},
    {"LambdaLR", {"lr_lambdas"}},
    {"MultiStepLR", {"milestones", "gamma"}},
    {"StepLR", {"step_size", "gamma"}},
    {"ExponentialLR", {"gamma"}},
};

bool has_all(const Kind& kind, const Value& dict) {
  for (const std::string_view key : kind.keys)
    if (!key.empty() && !dict.contains(key)) return false;
  return true;
}

/// The kind of a dict, null when its keys do not tell.
const Kind* find_kind(std::span<const Kind> kinds, const Value& dict) {
  for (const Kind& k : kinds)
    if (has_all(k, dict)) return &k;
  return nullptr;
}
/// Its name, empty when its keys do not tell.
std::string_view kind_of(std::span<const Kind> kinds, const Value& dict) {
  const Kind* kind = find_kind(kinds, dict);
  return kind ? kind->name : std::string_view();
}

/// For messages: Adam with decoupled weight decay is AdamW.
std::string_view shown(std::string_view name, const Value& group) {
  const Value* decoupled = group.find("decoupled_weight_decay");
  return name == "Adam" && decoupled && decoupled->is_bool() && decoupled->as_bool() ? "AdamW" : name;
}

}  // namespace

void check_optimizer(const Value& own, const Value& group) {
  const Kind* kind = find_kind(kOptimizers, own);
  if (!kind || has_all(*kind, group)) return;  // whatever keys of the user's own it has besides
  const std::string_view mine = kind->name, theirs = kind_of(kOptimizers, group);
  if (theirs.empty() || mine == theirs || (mine == "RAdam" && theirs == "RAdam or Adamax")) return;
  throw_error<Error>("load_state_dict: the state is that of another optimizer, ", shown(theirs, group),
                     "; this one is ", shown(mine, own), ". Load it into one of its kind, or begin without a state");
}

void check_entry(const Value& own, std::string_view entry, std::string_view where) {
  const std::string_view mine = kind_of(kOptimizers, own);
  for (const auto& [key, theirs] : kEntries) {
    if (key == entry && !mine.empty())
      throw_error<Error>("load_state_dict: ", where, " belongs to another optimizer, ", theirs, "; this one is ",
                         shown(mine, own));
  }
}

void check_scheduler(const Value& own, const Value& state) {
  const std::string_view mine = kind_of(kSchedulers, own), theirs = kind_of(kSchedulers, state);
  if (mine.empty() || mine == theirs) return;  // a user's own scheduler has keys of its own
  throw_error<Error>("load_state_dict: the state is that of ", theirs.empty() ? "no scheduler we know" : theirs,
                     "; this scheduler is ", mine, ". Load it into one of its kind, or begin without a state");
}

}  // namespace harker::optim
