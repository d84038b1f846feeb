// StateDict: order, conversion to and from a Value, and the report of what does not fit.
#include <doctest/doctest.h>

#include <harker/core/load_report.h>

using namespace harker;

namespace {

StateDict with_prefix(const StateDict& d, const std::string& prefix) {
  StateDict out;
  for (const auto& [name, tensor] : d) out.set(prefix + name, tensor);
  return out;
}

StateDict dracula() {
  return {{"fc1.weight", zeros({20, 10})},
          {"fc1.bias", zeros({20})},
          {"fc2.weight", zeros({1, 20})},
          {"fc2.bias", zeros({1})}};
}

std::string message_of(const Value& v) {
  try {
    StateDict d = v;
  } catch (const TypeError& e) { return e.what(); }
  return "";
}

}  // namespace

TEST_CASE("state dict: keeps its order, finds and replaces, small and large") {
  for (int n : {3, 9, 5000}) {
    StateDict d;
    for (int i = 0; i < n; ++i) d.set("layer." + std::to_string(i), full({1}, double(i)));
    d.set("layer.1", full({1}, -1.0));
    CHECK(d.size() == static_cast<std::size_t>(n));
    CHECK(d.begin()[2].first == "layer.2");
    CHECK(d["layer.1"].item() == -1);
    CHECK(d["layer.2"].item() == 2);
    CHECK(d.erase("layer.1"));
    CHECK(!d.erase("layer.1"));
    CHECK(d.find("layer.1") == nullptr);
    CHECK(d.begin()[1].first == "layer.2");
    for (int i = 2; i < n; ++i) REQUIRE(d["layer." + std::to_string(i)].item() == i);
    StateDict moved = std::move(d);
    d = StateDict();
    d.set("again", zeros({1}));
    CHECK(d.contains("again"));
    CHECK(moved.size() == static_cast<std::size_t>(n - 1));
  }
}

TEST_CASE("state dict: the nearest name stands in the error") {
  CHECK_THROWS_WITH_AS(dracula()["fc1.wieght"], "no entry 'fc1.wieght' in the state dict, did you mean 'fc1.weight'?",
                       Error);
  CHECK_THROWS_WITH_AS(dracula()["conv"], "no entry 'conv' in the state dict of 4 entries", Error);
}

TEST_CASE("state dict: becomes an OrderedDict with _metadata and comes back") {
  StateDict d = dracula();
  d.metadata = Value::ordered_dict({{"", Value::dict({{"version", 1}})}});
  const Value v = d;
  CHECK(v.flavour() == DictFlavour::ordered_dict);
  CHECK(v.attributes()["_metadata"].same_object(d.metadata));
  CHECK(v["fc2.bias"].tensor().is(d["fc2.bias"]));
  const StateDict back = v;
  CHECK(back.size() == 4);
  CHECK(back.begin()[0].first == "fc1.weight");
  CHECK(back["fc1.weight"].is(d["fc1.weight"]));
  CHECK(back.metadata.same_object(d.metadata));
  CHECK(Value(dracula()).attributes().is_none());
}

TEST_CASE("state dict: what is none says which entry looks like one") {
  CHECK(message_of(Value::list()) == "a state dict is a dict of tensors, this is a list");
  CHECK(message_of(Value::dict({{"epoch", 3}})) == "this is no state dict: the entry 'epoch' is an int, not a tensor");
  CHECK(message_of(Value::dict({{3, zeros({1})}})) == "this is no state dict: a key (3, an int) is not a string");
  CHECK(message_of(Value::dict({{"epoch", 3}, {"model_state_dict", dracula()}})) ==
        "this is no state dict: the entry 'epoch' is an int, not a tensor; it looks like a checkpoint: try "
        "value[\"model_state_dict\"]");
  CHECK(message_of(Value::dict({{"modelA", dracula()}})) ==
        "this is no state dict: the entry 'modelA' is an OrderedDict, not a tensor; it looks like a checkpoint: try "
        "value[\"modelA\"]");
  Value conjugate = zeros({1}, DType::complex64);
  conjugate.set_conj_neg(true, false);
  CHECK(message_of(Value::dict({{"c", conjugate}})).find("lazy conjugate") != std::string::npos);
}

TEST_CASE("state dict: entries that are no tensors are kept beside the tensors") {
  StateDict d = Value::dict({{"_extra_state", Value::dict({{"scale", zeros({2})}, {"version", 1}})},
                             {"fc.weight", zeros({2, 2})},
                             {"fc.dtype", Value(kFloat16)},
                             {"fc.bias", zeros({2})}});
  CHECK(d.size() == 2);
  REQUIRE(d.others().size() == 2);
  CHECK(d.others()[0].first == "_extra_state");
  CHECK(!d.contains("fc.dtype"));
  CHECK_THROWS_WITH_AS(d["fc.dtype"], doctest::Contains("'fc.dtype' of the state dict is a dtype, not a tensor"),
                       const TypeError&);
  const Value again = d;  // nothing is lost when it is saved
  REQUIRE(again.len() == 4);
  CHECK(again["_extra_state"]["version"].as_int() == 1);
  CHECK(StateDict(again).others().size() == 2);

  const StateDict moved = d.rename([](std::string_view name) { return "m." + std::string(name); });
  CHECK(moved.others()[1].first == "m.fc.dtype");
  CHECK(moved.without_prefix("m.").others()[0].first == "_extra_state");
  CHECK_THROWS_WITH_AS(
      d.rename([](std::string_view name) { return std::string(name == "fc.bias" || name == "fc.dtype" ? "x" : name); }),
      doctest::Contains("both be named 'x'"), const Error&);
  CHECK_THROWS_AS(d.rename([](std::string_view name) {
    return std::string(name == "_extra_state" || name == "fc.dtype" ? "x" : name);
  }),
                  const Error&);
  CHECK(d.filter([](auto name) { return name.starts_with("fc."); }).others().size() == 1);
  d.set("fc.dtype", ones({1}));
  CHECK(d.others().size() == 1);
  CHECK(d["fc.dtype"].item() == 1);
  CHECK(d.erase("_extra_state"));
  CHECK(!d.erase("_extra_state"));
  CHECK(d.others().empty());
  CHECK(StateDict(Value::dict({{"a._extra_state", "only"}})).others().size() == 1);
  // A checkpoint is none, even if it has a tensor.
  CHECK(message_of(Value::dict({{"loss", zeros({})}, {"model", dracula()}})) ==
        "this is no state dict: the entry 'model' is an OrderedDict, not a tensor; it looks like a checkpoint: try "
        "value[\"model\"]");
}

TEST_CASE("load report: what is no tensor is named, and one element of shape (1) fits a scalar") {
  const StateDict have{{"w", zeros({2})}, {"count", zeros({}, kInt64)}};
  const StateDict given = Value::dict(
      {{"w", "words"}, {"count", full({1}, 7.0)}, {"_extra_state", Value::dict({})}, {"packed", Value::tuple({1, 2})}});
  const LoadReport r = compare(have, given);
  CHECK(r.missing.empty());
  CHECK(r.mismatched.empty());
  CHECK(r.unexpected == std::vector<std::string>{"_extra_state", "packed"});
  CHECK(!r.fits());
  CHECK(r.message("M") ==
        "Error(s) in loading state_dict for M:\n\tUnexpected key(s) in state_dict: \"_extra_state\" (a dict, not a "
        "tensor), \"packed\" (a tuple, not a tensor). \n\tWhile copying the parameter named \"w\", expected a tensor "
        "from checkpoint but received a str.");
  CHECK(compare({{"w", zeros({1})}}, {{"w", zeros({})}}).mismatched.size() == 1);  // not the other way round
  CHECK(compare({{"w", zeros({})}}, {{"w", zeros({2})}}).mismatched.size() == 1);
  CHECK(compare({{"w", zeros({})}}, {{"w", zeros({1, 1})}}).mismatched.size() == 1);
}

TEST_CASE("load report: torch's words, all at once") {
  StateDict given = dracula();
  given.erase("fc1.weight");
  given.erase("fc2.bias");
  given.set("fc1.wieght", zeros({20, 10}));
  given.set("fc2.weight", zeros({3, 3}));
  const LoadReport r = compare(dracula(), given);
  CHECK(!r.ok());
  CHECK(r.message("D") ==
        "Error(s) in loading state_dict for D:\n\tMissing key(s) in state_dict: \"fc1.weight\", \"fc2.bias\". "
        "\n\tUnexpected key(s) in state_dict: \"fc1.wieght\" (did you mean \"fc1.weight\"?). "
        "\n\tsize mismatch for fc2.weight: copying a param with shape torch.Size([3, 3]) from checkpoint, the shape in "
        "current model is torch.Size([1, 20]).");
  CHECK(compare(dracula(), dracula()).ok());
}

TEST_CASE("load report: finds the prefix to remove or to add") {
  for (const char* prefix : {"module.", "_orig_mod.", "model.", "module._orig_mod.", "net.encoder.0."}) {
    const LoadReport removed = compare(dracula(), with_prefix(dracula(), prefix));
    REQUIRE(removed.hints.size() == 1);
    CHECK(removed.hints[0] ==
          "all 4 keys match after removing the prefix '" + std::string(prefix) + "' (StateDict::without_prefix)");
    const LoadReport added = compare(with_prefix(dracula(), prefix), dracula());
    REQUIRE(added.hints.size() == 1);
    CHECK(added.hints[0] ==
          "all 4 keys match after adding the prefix '" + std::string(prefix) + "' (StateDict::rename)");
  }
  StateDict most = with_prefix(dracula(), "module.");
  most.set("step", zeros({}));
  CHECK(compare(dracula(), most).hints[0] ==
        "4 of 5 keys match after removing the prefix 'module.' (StateDict::without_prefix)");
  CHECK(compare(dracula(), {{"a", zeros({1})}, {"b", zeros({1})}}).hints.empty());
}

TEST_CASE("load report: many names are cut to thirty") {
  StateDict have;
  for (int i = 0; i < 20'000; ++i) have.set("blocks." + std::to_string(i) + ".attention.query.weight", zeros({1}));
  const LoadReport r = compare(have, with_prefix(have, "backbone."));
  CHECK(r.missing.size() == 20'000);
  CHECK(r.hints == std::vector<std::string>{
                       "all 20000 keys match after removing the prefix 'backbone.' (StateDict::without_prefix)"});
  const std::string message = r.message("Net");
  CHECK(message.find("\"blocks.29.attention.query.weight\" and 19970 more.") != std::string::npos);
  CHECK(message.size() < 10'000);
}

TEST_CASE("state dict: names lose a prefix, and the metadata follow") {
  StateDict wrapped = with_prefix(dracula(), "module.");
  wrapped.set("step", zeros({}));
  wrapped.metadata = Value::ordered_dict({{"", Value::dict({{"version", 1}})},
                                          {"module", Value::dict({{"version", 7}})},
                                          {"module.fc1", Value::dict({{"version", 1}})},
                                          {"module.relu", Value::dict({{"version", 2}})}});
  const StateDict plain = wrapped.without_prefix("module.");
  CHECK(plain.size() == 5);
  CHECK(plain.contains("step"));
  for (const auto& [name, t] : dracula()) CHECK(plain.contains(name));
  CHECK(&plain["fc1.weight"].impl() == &wrapped["module.fc1.weight"].impl());
  CHECK(plain.metadata.len() == 3);
  CHECK(plain.metadata[""]["version"].as_int() == 7);
  CHECK(plain.metadata["relu"]["version"].as_int() == 2);
  CHECK(wrapped.size() == 5);  // a copy was made
  CHECK(wrapped.contains("module.fc1.weight"));
}

namespace {
bool is_weight(std::string_view name) { return name.ends_with(".weight"); }
std::string_view without_first(std::string_view name) { return name.substr(1); }
}  // namespace

TEST_CASE("state dict: renamed and filtered") {
  StateDict d = dracula();
  d.metadata = Value::ordered_dict({{"fc1", Value::dict({{"version", 3}})}});
  const StateDict renamed = d.rename([](std::string_view name) {
    return name.starts_with("fc1.") ? "castle." + std::string(name.substr(4)) : std::string(name);
  });
  CHECK(renamed.contains("castle.weight"));
  CHECK(renamed.contains("fc2.weight"));
  CHECK(renamed.metadata["castle"]["version"].as_int() == 3);
  CHECK_THROWS_WITH_AS(d.rename([](std::string_view) { return "same"; }), doctest::Contains("both be named 'same'"),
                       Error);
  const StateDict weights = d.filter([](std::string_view name) { return name.ends_with(".weight"); });
  CHECK(d.filter(is_weight).size() == weights.size());
  for (const auto& [name, t] : weights) CHECK(weights.rename(&without_first)[name.substr(1)].is(t));
  CHECK(weights.size() == 2);
  CHECK(compare(d, weights).missing.size() == 2);
}
