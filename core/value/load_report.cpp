// What does not fit when a state dict is loaded, found by comparing names and shapes, and told in torch's words with
// what helps: the nearest name, and the prefix that one side has and the other lacks.
#include <harker/core/load_report.h>

#include <algorithm>
#include <map>

#include <harker/core/base/text.h>
#include <harker/core/value/object.h>

namespace harker HARKER_PUBLIC {

using namespace detail;

namespace {

constexpr std::size_t kMostListed = 30;
constexpr std::size_t kKeyShown = 100;   // characters of a key
constexpr std::size_t kKeysProbed = 16;  // how many names may suggest a prefix
constexpr std::size_t kPrefixesTried = 16;

std::string_view without(std::string_view key, std::string_view prefix) {
  return key.starts_with(prefix) ? key.substr(prefix.size()) : std::string_view();
}

// The prefixes P, ending with a dot, such that P + (a name of `longer` without P) is in `shorter`, found by trying
// `probes`.
std::vector<std::string_view> prefixes_of(const std::vector<std::string>& probes, const StateDict& shorter) {
  std::map<std::string_view, std::size_t> votes;
  for (std::size_t i = 0; i < std::min(probes.size(), kKeysProbed); ++i) {
    const std::string_view key = probes[i];
    // A name of a thousand dots is no name: the first 64 are enough for any module.
    std::size_t dots = 0;
    for (std::size_t dot = key.find('.'); dot != std::string_view::npos && ++dots <= 64; dot = key.find('.', dot + 1)) {
      if (shorter.contains(key.substr(dot + 1))) ++votes[key.substr(0, dot + 1)];
    }
  }
  std::vector<std::string_view> found;
  for (const auto& [prefix, n] : votes) found.push_back(prefix);
  std::stable_sort(found.begin(), found.end(), [&](auto a, auto b) { return votes[a] > votes[b]; });
  if (found.size() > kPrefixesTried) found.resize(kPrefixesTried);
  return found;
}

// Says what would happen to `prefixed` (which has the prefix) against `plain` if the prefix were not there.
void add_hint(LoadReport& r, const StateDict& prefixed, const StateDict& plain, const std::vector<std::string>& probes,
              const char* action, const char* method, std::size_t given, std::size_t matching) {
  std::string_view best;
  std::size_t most = matching;
  for (std::string_view prefix : prefixes_of(probes, plain)) {
    std::size_t n = 0;
    for (const StateDict::Item& item : prefixed) {
      const std::string_view rest = without(item.first, prefix);
      if (!rest.empty() && plain.contains(rest)) ++n;
    }
    if (n > most) best = prefix, most = n;
  }
  if (best.empty() || 2 * most < given) return;
  const std::string count = most == given ? (given == 1 ? "the only key matches" : str("all ", given, " keys match"))
                                          : str(most, " of ", given, " keys match");
  r.hints.push_back(str(count, " after ", action, " the prefix ", quoted(best), " (StateDict::", method, ")"));
}

std::string torch_size(const Shape& s) {
  std::string out = "torch.Size([";
  for (int d = 0; d < s.rank(); ++d) out += str(d ? ", " : "", s[d]);
  return out + "])";
}

// "a", "b" and 3 more
template <class Suffix>
void list_keys(std::string& out, const std::vector<std::string>& keys, Suffix suffix) {
  const std::size_t shown = std::min(keys.size(), kMostListed);
  for (std::size_t i = 0; i < shown; ++i) {
    out += str(i ? ", " : "", "\"", escaped(keys[i], kKeyShown), "\"");
    suffix(keys[i]);
  }
  if (shown < keys.size()) out += str(" and ", keys.size() - shown, " more");
  out += ". ";
}

}  // namespace

LoadReport compare(const StateDict& have, const StateDict& given) {
  LoadReport r;
  std::size_t matching = 0;
  std::map<std::string_view, const Value*> others;
  for (const auto& [name, value] : given.others()) others.emplace(name, &value);
  for (const auto& [name, tensor] : have) {
    const Tensor* found = given.find(name);
    if (const auto other = others.find(name); !found && other != others.end()) {
      r.no_tensors.push_back({name, with_article(*other->second), true});
      continue;
    }
    if (!found) {
      r.missing.push_back(name);
      continue;
    }
    ++matching;
    if (!(found->shape() == tensor.shape()) && !(tensor.dim() == 0 && found->shape() == Shape{1}))
      r.mismatched.push_back({name, tensor.shape(), found->shape()});
  }
  for (const auto& [name, tensor] : given) {
    if (!have.contains(name)) r.unexpected.push_back(name);
  }
  for (const auto& [name, value] : given.others()) {
    if (have.contains(name)) continue;
    r.unexpected.push_back(name);
    r.no_tensors.push_back({name, with_article(value), false});
  }
  add_hint(r, given, have, r.unexpected, "removing", "without_prefix", given.size(), matching);
  add_hint(r, have, given, r.missing, "adding", "rename", given.size(), matching);
  return r;
}

bool LoadReport::fits() const {
  return mismatched.empty() &&
         std::none_of(no_tensors.begin(), no_tensors.end(), [](const NoTensor& n) { return n.in_model; });
}

std::string LoadReport::message(std::string_view what) const {
  std::string out = str("Error(s) in loading state_dict for ", what, ":");
  if (!missing.empty()) {
    out += "\n\tMissing key(s) in state_dict: ";
    list_keys(out, missing, [](const std::string&) {});
  }
  if (!unexpected.empty()) {
    const std::vector<std::string_view> names(missing.begin(), missing.end());
    out += "\n\tUnexpected key(s) in state_dict: ";
    list_keys(out, unexpected, [&](const std::string& key) {
      for (const NoTensor& n : no_tensors) {
        if (n.key != key) continue;
        out += str(" (", n.kind, ", not a tensor)");
        return;
      }
      const std::string_view near = nearest(key, names.data(), names.size());
      if (!near.empty()) out += str(" (did you mean \"", escaped(near, kKeyShown), "\"?)");
    });
  }
  std::size_t named = 0;
  for (const NoTensor& n : no_tensors) {
    if (!n.in_model || ++named > kMostListed) continue;
    out += str("\n\tWhile copying the parameter named \"", escaped(n.key, kKeyShown),
               "\", expected a tensor from checkpoint but received ", n.kind, ".");
  }
  if (named > kMostListed) out += str("\n\tand ", named - kMostListed, " more that are no tensors");
  const std::size_t shown = std::min(mismatched.size(), kMostListed);
  for (std::size_t i = 0; i < shown; ++i) {
    const Mismatch& m = mismatched[i];
    out += str("\n\tsize mismatch for ", escaped(m.key, kKeyShown), ": copying a param with shape ",
               torch_size(m.found), " from checkpoint, the shape in current model is ", torch_size(m.expected), ".");
  }
  if (shown < mismatched.size()) out += str("\n\tand ", mismatched.size() - shown, " more size mismatches");
  for (const std::string& hint : hints) out += str("\n\thint: ", hint);
  return out;
}

}  // namespace harker
