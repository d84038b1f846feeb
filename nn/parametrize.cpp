// How a member becomes a computed tensor without its module's class knowing of it. All handles on a parameter share one
// TensorImpl, as Module::to makes use of: here it gets new bytes and a new history, those of g v / |v|, before each call.
// A graph that saved the tensor reads the new bytes; they are equal to the old ones, and the version stays, unless g or v
// has changed meanwhile.
#include <harker/nn/parametrize.h>

#include <harker/core/autograd/record/hook_set.h>
#include <harker/core/autograd/record/node.h>
#include <harker/core/autograd/record/view_history.h>
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/nn/registry.h>
#include <algorithm>

namespace harker HARKER_PUBLIC {
namespace detail {

namespace {

/// The 2-norm over all dimensions but one, kept; over all for -1.
Tensor norm_except(const Tensor& v, int dim) {
  if (dim < 0) return norm(v);
  Shape over = Shape::filled(v.dim() - 1, 0);
  for (int d = 0, i = 0; d < v.dim(); ++d)
    if (d != dim) over[i++] = d;
  return over.rank() == 0 ? abs(v) : norm(v, 2, over, true);
}
Tensor weight_of(const Tensor& g, const Tensor& v, int dim) { return v * (g / norm_except(v, dim)); }

/// Makes `t` what `made` is, for all who hold a handle on it.
void become(const Tensor& t, const Tensor& made, bool changed) {
  nn::rebind(t, made, changed);
  prepare_adoption(t.impl(), made.impl().grad_fn);
  adopt_history(t.impl(), Ref<Node>::share(made.impl().grad_fn));
}

}  // namespace

struct Parametrization::Recompute final : ModulePreHook {
  Ref<Slot> weight, held, g, v;  // the weight's twice, so that an assignment to the member is refused
  int dim = 0;
  std::string name;
  // What the weight was last computed from.
  Tensor seen_g, seen_v;
  std::uint32_t version_g = 0, version_v = 0;

  void call(nn::Module&, std::vector<Tensor>&) override { compute(); }
  void compute() {
    const Tensor &a = g->tensor, &b = v->tensor;
    const bool changed = !(seen_g.defined() && seen_g.shares_storage(a) && seen_v.shares_storage(b) &&
                           version_g == a.version() && version_v == b.version());
    const bool recorded = is_grad_enabled() && (a.requires_grad() || b.requires_grad());
    if (!changed && !recorded && weight->tensor.is_leaf()) return;
    become(weight->tensor, weight_of(a, b, dim), changed);
    seen_g = a.detach();
    seen_v = b.detach();
    version_g = a.version();
    version_v = b.version();
  }
};

void Parametrization::add_weight_norm(nn::Module m, std::string_view name, int dim) {
  m.learn_class();
  nn::Module::Registry& r = *m.registry_;
  const auto refuse = [&](auto... why) { throw_error<Error>("weight_norm: ", m.class_name(), why...); };
  const auto found =
      std::find_if(r.parameters.begin(), r.parameters.end(), [&](const auto& p) { return p.name == name; });
  if (found == r.parameters.end() || !found->tensor().defined())
    refuse(" has no parameter ", quoted(name), ", or has it parametrized already");
  const Ref<Slot> slot = found->slot;
  const Tensor weight = slot->tensor.detach();
  if (dim < -1 || dim >= weight.dim())
    throw_error<ShapeError>("weight_norm: there is no dimension ", dim, " of ", quoted(name), ", which is ",
                            weight.shape());
  NoGradGuard no_grad;
  nn::Module list("ParametrizationList");
  const bool trained = slot->tensor.requires_grad();
  const nn::Parameter g = list.add_parameter("original0", nn::Parameter(norm_except(weight, dim), trained)),
                      v = list.add_parameter("original1", nn::Parameter(weight, trained));
  list.add_child("0", nn::Module("_WeightNorm"));
  const auto parent =
      std::find_if(r.children.begin(), r.children.end(), [](const auto& c) { return c.name == "parametrizations"; });
  if (parent == r.children.end()) {
    nn::Module dict("ModuleDict");
    dict.add_child(name, list);
    m.add_child("parametrizations", dict);
    r.class_name = "Parametrized" + r.class_name;
  } else {
    nn::Module(parent->module).add_child(name, list);
  }
  auto* hook = new Recompute;
  const Ref<Hook> owner(hook);
  hook->weight = slot;
  hook->held = slot;
  hook->g = g.slot_;
  hook->v = v.slot_;
  hook->dim = dim;
  hook->name = name;
  r.parameters.erase(found);
  r.parametrized.emplace_back(name, m.add_hook(owner, nn::Module::HookKind::pre));
  hook->compute();
}

void Parametrization::copy(const Ref<Hook>& from, HookSet& hooks, Names& names,
                           FunctionRef<Ref<Slot>(const Ref<Slot>&)> copied) {
  const auto* own = dynamic_cast<const Recompute*>(from.get());
  if (!own) return static_cast<void>(hooks.add(from));
  auto* made = new Recompute;
  const Ref<Hook> owner(made);
  made->weight = made->held = copied(own->weight);
  made->g = copied(own->g);
  made->v = copied(own->v);
  made->dim = own->dim;
  made->name = own->name;
  names.emplace_back(own->name, hooks.add(owner));
}

void Parametrization::remove(nn::Module m, std::string_view name) {
  nn::Module::Registry& r = *m.registry_;
  const auto hook =
      std::find_if(r.parametrized.begin(), r.parametrized.end(), [&](const auto& p) { return p.first == name; });
  if (hook == r.parametrized.end())
    throw_error<Error>("remove_parametrizations: ", quoted(name), " of ", m.class_name(), " is not parametrized");
  const auto named = [](std::string_view wanted) { return [=](const auto& c) { return c.name == wanted; }; };
  const auto dict = std::find_if(r.children.begin(), r.children.end(), named("parametrizations"));
  auto& lists = dict->module->children;
  const auto list = std::find_if(lists.begin(), lists.end(), named(name));
  Recompute* own = nullptr;
  for (const Ref<Hook>& h : m.hooks()->pre->now())
    if (auto* candidate = dynamic_cast<Recompute*>(h.get());
        candidate && candidate->g.get() == list->module->parameters[0].slot.get())
      own = candidate;
  const bool trained = own->g->tensor.requires_grad() || own->v->tensor.requires_grad();
  {
    NoGradGuard no_grad;
    become(own->weight->tensor, weight_of(own->g->tensor, own->v->tensor, own->dim), true);
  }
  own->weight->tensor.requires_grad_(trained);
  r.parameters.push_back({std::string(name), own->weight});
  hook->second.remove();
  r.parametrized.erase(hook);
  lists.erase(list);
  if (!lists.empty()) return;
  r.children.erase(dict);
  r.class_name.erase(0, std::string_view("Parametrized").size());
}

}  // namespace detail
}  // namespace harker
