// LoRA: an adapter is two thin matrices for each weight that it changes. https://arxiv.org/abs/2106.09685; the names are
// those of Hugging Face's PEFT, whose save_pretrained writes adapter_model.safetensors (or .bin) and adapter_config.json.
#include <sys/stat.h>

#include <harker/core/base/text.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/io/source.h>
#include <harker/serialize/value/json_value.h>
#include <cmath>
#include <map>

#include "holds.h"
#include "merge.h"
#include "out.h"

namespace harker::cli {
namespace {

using detail::str;
using detail::throw_error;

struct Pair {
  const Tensor *a = nullptr, *b = nullptr;
  bool embedding = false;
};

/// "X", of the base, and which matrix, from base_model.model.X.lora_A.weight, also with the adapter's name ("default")
/// between; false for any other name.
bool parse(std::string_view name, std::string& module, bool& is_a, bool& embedding) {
  for (const std::string_view part : {".lora_A", ".lora_B", ".lora_embedding_A", ".lora_embedding_B"}) {
    const std::size_t at = name.rfind(part);
    const std::string_view rest = at == name.npos ? std::string_view() : name.substr(at + part.size());
    if (at == name.npos || (!rest.empty() && rest.front() != '.')) continue;
    embedding = part.size() > 7;
    if (!embedding && !rest.ends_with(".weight")) continue;
    module = name.substr(0, at);
    is_a = part.back() == 'A';
    return true;
  }
  return false;
}

std::string_view without_wrapper(std::string_view name) {
  for (const std::string_view wrapper : {"base_model.model.", "base_model."})
    if (name.starts_with(wrapper)) return name.substr(wrapper.size());
  return name;
}

Tensor matrix(const Tensor& t) { return t.dim() > 2 ? t.flatten(1) : t; }

/// What is wrong with the pair for this weight, or "".
std::string misfit(const Tensor& weight, const Pair& p, bool transposed) {
  if (!p.a || !p.b) return p.a ? "has no lora_B" : "has no lora_A";
  const auto wrong = [&] {
    return str("the shapes do not fit: A ", p.a->shape(), ", B ", p.b->shape(), ", weight ", weight.shape());
  };
  if (!is_floating_point(weight.dtype()) || !is_floating_point(p.a->dtype()) || !is_floating_point(p.b->dtype()))
    return "is of no floating type";
  if (p.a->dim() < 2 || p.b->dim() < 2 || weight.dim() < 2) return wrong();
  const Tensor a = matrix(*p.a), b = matrix(*p.b);
  const bool turned = p.embedding || transposed;
  const std::int64_t rows = turned ? weight.numel() / std::max<std::int64_t>(weight.size(0), 1) : weight.size(0);
  if (b.size(1) != a.size(0) || a.size(0) == 0 || b.size(0) != rows || a.size(1) * b.size(0) != weight.numel())
    return wrong();
  return {};
}

}  // namespace

std::optional<LoraConfig> read_lora_config(const std::string& adapter) {
  const std::string path = adapter.substr(0, adapter.find_last_of('/') + 1) + "adapter_config.json";
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  constexpr std::size_t kMost = 1 << 20;
  const auto source = io::Source::open(path);
  if (source->bytes().size() > kMost) throw_error<FormatError>(path, ": too large for a LoRA configuration");
  const auto refuse = [&](const auto&... why) { throw_error<FormatError>(path, ": ", why...); };
  LoraConfig out;
  const Value config = json_value(io::text(source->bytes()), path);
  const auto get = [&](const char* key) { return config.is_dict() ? config.find(key) : nullptr; };
  const auto on = [&](const char* key) { return get(key) && get(key)->is_bool() && get(key)->as_bool(); };
  const Value* alpha = get("lora_alpha");
  if (!alpha || !(alpha->is_float() || (alpha->is_int() && alpha->fits_int64())))
    refuse("says no lora_alpha: it is no LoRA configuration");
  out.alpha = alpha->is_float() ? alpha->as_double() : static_cast<double>(alpha->as_int());
  out.rank_stabilized = on("use_rslora");
  out.transposed = on("fan_in_fan_out");
  if (on("use_dora")) refuse("asks for DoRA, which is not merged");
  if (const Value* pattern = get("alpha_pattern");
      pattern && !pattern->is_none() && !(pattern->is_container() && pattern->len() == 0))
    refuse("has an alpha_pattern, scales by name, which is not merged");
  return out;
}

StateDict add_lora(const StateDict& base, const StateDict& adapter, const LoraConfig& config, const std::string& file,
                   std::vector<std::string>& said) {
  std::map<std::string, Pair> pairs;  // by the module's name in the base
  std::map<std::string, const Tensor*> replaced;
  std::vector<std::string> wrong;
  for (const auto& [name, t] : adapter) {
    std::string module;
    bool is_a = false, embedding = false;
    if (parse(name, module, is_a, embedding)) {
      Pair& p = pairs[std::string(without_wrapper(module))];
      const Tensor*& one = is_a ? p.a : p.b;
      if (one) wrong.push_back(str(name, ": the file has a second adapter for ", detail::quoted(module)));
      one = &t;
      p.embedding = embedding;
      continue;
    }
    std::string plain(without_wrapper(name));
    if (const std::size_t at = plain.find(".modules_to_save."); at != plain.npos) {
      const std::size_t rest = plain.find('.', at + 17);  // the adapter's name may stand between
      plain = plain.substr(0, at) + (rest == plain.npos ? plain.substr(at + 16) : plain.substr(rest));
    }
    const Tensor* old = base.find(plain);
    if (!old)
      wrong.push_back(str(name, ": the base has no ", detail::quoted(plain)));
    else if (!(old->shape() == t.shape()))
      wrong.push_back(str(name, ": shape ", t.shape(), ", the base has ", old->shape()));
    else if (!replaced.emplace(plain, &t).second)
      wrong.push_back(str(name, ": the file has a second ", detail::quoted(plain)));
  }
  for (const auto& [module, pair] : pairs) {
    const Tensor* weight = base.find(module + ".weight");
    const std::string why =
        weight ? misfit(*weight, pair, config.transposed) : str("the base has no ", detail::quoted(module + ".weight"));
    if (!why.empty()) wrong.push_back(module + ": " + why);
  }
  if (pairs.empty()) wrong.push_back("it has no lora_A and lora_B at all");
  if (!wrong.empty()) throw TypeError(str(file, ": the adapter does not fit the base:") + listed(wrong));

  StateDict out = base;
  const auto set = [&](const std::string& name, const Tensor& made) {  // tied weights stay tied
    const Tensor& old = *base.find(name);
    for (const auto& [other, t] : base)
      if (&t == &old || (&t.storage() == &old.storage() && t.storage_offset() == old.storage_offset() &&
                         t.shape() == old.shape() && t.strides() == old.strides() && t.dtype() == old.dtype()))
        out.set(other, made);
  };
  for (const auto& [module, p] : pairs) {
    const Tensor weight = *out.find(module + ".weight");
    const Tensor a = matrix(p.a->detach().to(kFloat64)), b = matrix(p.b->detach().to(kFloat64));
    const auto rank = static_cast<double>(a.size(0));
    const double scale = config.alpha / (config.rank_stabilized ? std::sqrt(rank) : rank);
    Tensor delta = matmul(b, a) * scale;
    if (p.embedding || config.transposed) delta = delta.t();
    set(module + ".weight",
        (weight.detach().to(kFloat64) + delta.contiguous().view(weight.shape())).to(weight.dtype()));
  }
  for (const auto& [name, t] : replaced) out.set(name, t->to(base.find(name)->dtype()));
  said.push_back(str(grouped(pairs.size()), pairs.size() == 1 ? " weight" : " weights", " changed by the adapter",
                     replaced.empty() ? "" : str(", ", grouped(replaced.size()), " tensors replaced")));
  return out;
}

}  // namespace harker::cli
