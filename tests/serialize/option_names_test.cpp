// Messages call the options of load and save what the program that set their names calls them.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/option_names.h>
#include <harker/serialize/serialize.h>

using namespace harker;

namespace {

struct Names {  // C++'s again at the end
  explicit Names(const OptionNames& names) { set_option_names(names); }
  ~Names() { set_option_names({}); }
};

std::string message(auto&& f) {
  try {
    f();
  } catch (const Error& e) { return e.what(); }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("option names: C++'s, unless the program has others; one that cannot be set is not named") {
  Value::Opaque door;
  door.module = "castle", door.name = "Door";
  Value deep = Value::list();
  for (int i = 0; i < 20; ++i) deep = Value::list({deep});
  for (const char* format : {"torch", "onnx", "harker"}) {
    const auto plain = save_to_bytes(Value::dict({{"w", ones({1})}}), {.format = format});
    const auto strange = save_to_bytes(Value::dict({{"d", Value::opaque(door)}}), {.format = format});
    const auto only = [&] { return message([&] { load(plain, {.only = "v"}); }); };
    const auto unknown = [&] { return message([&] { load(strange); }); };
    CHECK(only().ends_with("there is no entry 'v' (LoadOptions::only)"));
    CHECK(unknown().ends_with(". LoadOptions{.unknown = Unknown::keep} keeps them as opaque values"));
    const Names names({.keep_unknown = "unknown='keep'", .only = "only="});
    CHECK(only().ends_with("there is no entry 'v' (only=)"));
    CHECK(unknown().ends_with(". unknown='keep' keeps them as opaque values"));
  }
  const auto nested = save_to_bytes(deep, {.format = "torch"}),
             list = save_to_bytes(Value::list({1, 2, 3}), {.format = "torch"});
  const auto shallow = [&] { return message([&] { load(nested, {.max_depth = 10}); }); };
  const auto few = [&] { return message([&] { load(list, {.max_opcodes = 3}); }); };
  CHECK(shallow().ends_with("(LoadOptions::max_depth)"));
  CHECK(few().ends_with("(LoadOptions::max_opcodes)"));
  CHECK(message([] { save(Value(1), "model.xyz"); }).ends_with("; or use SaveOptions{.format = ...}"));
  const Names names({.max_opcodes = nullptr, .max_depth = nullptr, .format = "--to"});
  CHECK(shallow().ends_with("the limit of 10"));
  CHECK(few().ends_with("the limit of 3 opcodes"));
  CHECK(message([] { save(Value(1), "model.xyz"); }).ends_with("; or use --to"));
}
