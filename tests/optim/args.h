// Arguments of something that a fixture describes, {"step_size": 30, "gamma": 0.5}: those that are asked for are taken,
// and one that nobody has asked for means that harker, or this reader, does not know what the fixture wants.
#pragma once
#include <harker/optim/optim.h>
#include <test_json.h>

#include <set>
#include <string>
#include <vector>

namespace harker::test {

using Json = nlohmann::ordered_json;

/// A fixture wants what cannot be expressed: it is skipped, and the reason told.
struct Unsupported {
  std::string why;
};

class Args {
 public:
  Args(const Json& args, std::string of) : args_(args), of_(std::move(of)) {
    if (!args.is_object()) throw Unsupported{of_ + " with arguments that are no dict"};
  }
  /// The argument, where it is given and not None; `into` stays otherwise.
  template <class T>
  Args& take(const char* key, T& into) {
    if (const Json* v = find(key)) get(*v, into);
    return *this;
  }
  const Json* find(const char* key) {
    known_.insert(key);
    const auto at = args_.find(key);
    return at == args_.end() || at->is_null() ? nullptr : &*at;
  }
  /// What changes no result.
  Args& ignore(std::initializer_list<const char*> keys) {
    known_.insert(keys.begin(), keys.end());
    return *this;
  }
  /// The last thing: Unsupported when there is more.
  void done() const {
    for (const auto& item : args_.items())
      if (!known_.contains(item.key()) && !item.value().is_null()) throw Unsupported{of_ + " with " + item.key()};
  }

 private:
  static void get(const Json& v, double& into) { into = number(v); }
  static void get(const Json& v, bool& into) { into = v.get<bool>(); }
  static void get(const Json& v, std::int64_t& into) { into = v.get<std::int64_t>(); }
  static void get(const Json& v, std::vector<std::int64_t>& into) { into = v.get<std::vector<std::int64_t>>(); }
  static void get(const Json& v, std::string& into) { into = v.get<std::string>(); }
  static void get(const Json& v, std::vector<double>& into) {
    into.clear();
    for (const Json& each : v) into.push_back(number(each));
  }
  static void get(const Json& v, std::array<double, 2>& into) { into = {number(v.at(0)), number(v.at(1))}; }
  static void get(const Json& v, optim::PerGroup& into) {
    std::vector<double> each;
    if (v.is_array())
      get(v, each), into = optim::PerGroup(each);
    else
      into = optim::PerGroup(number(v));
  }
  const Json& args_;
  std::string of_;
  std::set<std::string> known_;
};

}  // namespace harker::test
