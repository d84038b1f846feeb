// A=B takes a whole name, a beginning that ends with a dot, or a pattern; each * of B stands for the text of the one of A.
#include "names.h"

#include <harker/core/base/text.h>
#include <algorithm>
#include <map>

#include "out.h"
#include "verb.h"

namespace harker::cli {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

/// The beginnings "module." that most names have, for a message.
std::string prefixes_of(const StateDict& state) {
  std::map<std::string, std::size_t> count;
  for (const auto& [name, tensor] : state)
    if (const std::size_t dot = name.find('.'); dot != std::string::npos) ++count[name.substr(0, dot + 1)];
  std::vector<std::pair<std::string, std::size_t>> all(count.begin(), count.end());
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  constexpr std::size_t kShown = 6;
  std::string out;
  for (std::size_t i = 0; i < std::min(kShown, all.size()); ++i)
    out += str(i ? ", " : "", quoted(all[i].first, 40), " (", all[i].second, ')');
  if (all.size() > kShown) out += str(", and ", all.size() - kShown, " more");
  return out.empty() ? "none of them has a dot" : "they begin with " + out;
}

/// The state dicts right inside a checkpoint.
std::string where_they_are(const Value& value) {
  if (!value.is_dict()) return {};
  std::string out;
  for (const auto& [key, inner] : value.items()) {
    if (!key.is_string() || !inner.is_dict() || inner.len() == 0 || out.size() > 200) continue;
    const auto& items = inner.items();
    if (std::all_of(items.begin(), items.end(), [](const Value::Item& i) { return i.second.is_tensor(); }))
      out += str(out.empty() ? "; there is one at --only " : ", --only ", quoted(key.as_string(), 40));
  }
  return out;
}

std::pair<std::string_view, std::string_view> sides(std::string_view rule) {
  const std::size_t at = rule.find('=');
  return {rule.substr(0, at), at == rule.npos ? std::string_view() : rule.substr(at + 1)};
}

std::optional<std::string> renamed(std::string_view name, std::string_view from, std::string_view to) {
  if (from.find('*') == from.npos) {
    if (name == from) return std::string(to);
    if (from.ends_with('.') && name.starts_with(from)) return str(to, name.substr(from.size()));
    return std::nullopt;
  }
  const auto parts = match(from, name);
  if (!parts) return std::nullopt;
  std::string out;
  std::size_t star = 0;
  for (const char c : to) {
    if (c == '*')
      out += (*parts)[star++];
    else
      out += c;
  }
  return out;
}

}  // namespace

std::optional<std::vector<std::string_view>> match(std::string_view pattern, std::string_view name) {
  std::vector<std::string_view> parts;
  std::size_t p = 0, n = 0, star = std::string_view::npos, begin = 0;  // the last *, and where its text begins
  while (n < name.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++, begin = n;
      if (p == pattern.size()) n = name.size();
      parts.push_back(name.substr(begin, n - begin));
    } else if (p < pattern.size() && n < name.size() && pattern[p] == name[n]) {
      ++p, ++n;
    } else if (star != pattern.npos && begin + parts.back().size() < name.size()) {
      parts.back() = name.substr(begin, parts.back().size() + 1);  // the last * takes one more
      n = begin + parts.back().size();
      p = star + 1;
    } else {
      return std::nullopt;
    }
  }
  return parts;
}

void NameChanges::check() const {
  for (const std::string& rule : rename) {
    const auto [from, to] = sides(rule);
    if (from.empty() || rule.find('=') == std::string::npos)
      throw UsageError(str("convert: --rename is A=B, not ", quoted(rule)));
    if (std::count(from.begin(), from.end(), '*') != std::count(to.begin(), to.end(), '*'))
      throw UsageError(str("convert: --rename: ", quoted(rule), " needs as many * behind the = as before it"));
  }
}

StateDict NameChanges::apply(const Value& value, const std::string& file, std::vector<std::string>& said) const {
  const char* const first = !select.empty()          ? "--select"
                            : !remove_prefix.empty() ? "--remove-prefix"
                            : !rename.empty()        ? "--rename"
                                                     : "--add-prefix";
  StateDict state;
  try {
    state = StateDict(value);
  } catch (const TypeError&) {
    throw_error<TypeError>(file, ": ", first, " is for a state dict, and this is none", where_they_are(value));
  }
  const auto note = [&](const std::string& what, std::size_t n, const char* verb) {
    said.push_back(str(what, ": ", grouped(n), " of ", grouped(state.size() + state.others().size()), " names ", verb));
  };
  if (!select.empty()) {
    std::vector<std::size_t> hits(select.size());
    StateDict some = state.filter([&](std::string_view name) {
      bool any = false;
      for (std::size_t i = 0; i < select.size(); ++i)
        if (match(select[i], name)) ++hits[i], any = true;
      return any;
    });
    for (std::size_t i = 0; i < select.size(); ++i)
      if (hits[i] == 0)
        throw_error<Error>(file, ": --select: none of the ", state.size(), " names matches ", quoted(select[i]), "; ",
                           prefixes_of(state));
    note("--select", some.size() + some.others().size(), "kept");
    state = std::move(some);
  }
  if (!remove_prefix.empty()) {
    std::size_t hits = 0;
    for (const auto& item : state) hits += item.first.starts_with(remove_prefix);
    for (const auto& item : state.others()) hits += item.first.starts_with(remove_prefix);
    if (hits == 0)
      throw_error<Error>(file, ": --remove-prefix: none of the ", state.size(), " names begins with ",
                         quoted(remove_prefix), "; ", prefixes_of(state));
    note("--remove-prefix " + remove_prefix, hits, "changed");
    state = state.without_prefix(remove_prefix);
  }
  for (const std::string& rule : rename) {
    const auto [from, to] = sides(rule);
    std::size_t hits = 0;
    StateDict next = state.rename([&, from = from, to = to](std::string_view name) {
      const std::optional<std::string> other = renamed(name, from, to);
      hits += other.has_value();
      return other.value_or(std::string(name));
    });
    if (hits == 0)
      throw_error<Error>(file, ": --rename: none of the ", state.size(), " names is meant by ", quoted(from), "; ",
                         prefixes_of(state));
    note("--rename " + rule, hits, "changed");
    state = std::move(next);
  }
  if (!add_prefix.empty()) {
    note("--add-prefix " + add_prefix, state.size() + state.others().size(), "changed");
    state = state.rename([&](std::string_view name) { return add_prefix + std::string(name); });
  }
  return state;
}

}  // namespace harker::cli
