// An entry is tried alone, in the dicts that it lies in; a dict that cannot be held is looked into, anything else is lost
// as a whole, as are lists, whose other elements would move.
#include "holds.h"

#include <harker/core/base/text.h>
#include <harker/core/value_walk.h>
#include <unordered_set>

#include "out.h"

namespace harker::cli {
namespace {

using detail::str;

constexpr std::size_t kDeepest = 16;

class Trial {
 public:
  Trial(const Format& format, const SaveOptions& options) : format_(format), options_(options) {}

  Value reduced(const Value& dict, std::vector<Value>& keys) {
    std::vector<Value::Item> kept;
    for (const Value::Item& item : dict.items()) {
      keys.push_back(item.first);
      const std::string why = refused(wrapped(keys, item.second));
      if (why.empty()) {
        kept.push_back(item);
      } else if (item.second.is_dict() && item.second.len() > 0 && keys.size() < kDeepest &&
                 met_.insert(item.second.id()).second) {
        const Value inner = reduced(item.second, keys);
        if (inner.is_dict()) kept.emplace_back(item.first, inner);
      } else {
        lost.push_back(str(path(keys), ": ", why));
      }
      keys.pop_back();
    }
    if (kept.empty()) return {};
    Value out = Value::dict(std::move(kept), dict.flavour());
    out.set_attributes(dict.attributes());
    return out;
  }
  std::vector<std::string> lost;

 private:
  static Value wrapped(const std::vector<Value>& keys, Value v) {
    for (std::size_t i = keys.size(); i-- > 0;) v = Value::dict({{keys[i], v}});
    return v;
  }
  static std::string path(const std::vector<Value>& keys) {
    std::string out;
    for (const Value& key : keys) out += (out.empty() ? "" : ".") + step_text(Step{.key = &key});
    return out;
  }
  /// Why it cannot be held, or "".
  std::string refused(const Value& v) const {
    try {
      Nowhere sink;
      format_.write(sink, v, "archive", options_);
      return {};
    } catch (const TypeError& e) { return e.what(); }
  }

  const Format& format_;
  const SaveOptions& options_;
  std::unordered_set<const void*> met_;
};

}  // namespace

io::Sink& Nowhere::beside(std::string_view) { return *beside_.emplace_back(std::make_unique<Nowhere>()); }

Held what_holds(const Format& format, const Value& value, const SaveOptions& options, const std::string& error) {
  if (!value.is_dict()) return {{}, {"all of it: " + error}};
  Trial trial(format, options);
  std::vector<Value> keys;
  Value kept = trial.reduced(value, keys);
  return {std::move(kept), std::move(trial.lost)};
}

std::string listed(const std::vector<std::string>& lines) {
  constexpr std::size_t kMost = 100, kLongest = 300;
  std::string out;
  for (std::size_t i = 0; i < std::min(kMost, lines.size()); ++i)
    out += "\n  " + shown(lines[i].substr(0, kLongest)) + (lines[i].size() > kLongest ? "..." : "");
  if (lines.size() > kMost) out += "\n  and " + grouped(lines.size() - kMost) + " more";
  return out;
}

}  // namespace harker::cli
