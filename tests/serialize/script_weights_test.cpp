// The list of a TorchScript archive is what torch.jit.load(file).state_dict() gives: parameters and buffers as the
// archive's code names them, and nothing else that is a tensor.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/format.h>

#include <test_data.h>

#include "archive.h"

using namespace harker;

namespace {

std::string text(std::string_view s) {
  return std::string("X") + static_cast<char>(s.size()) + std::string(3, '\0') + std::string(s);
}

// One float, 0.
std::string tensor() {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" + text("0") +
         text("cpu") + "K\1tQK" + std::string(1, '\0') + "K\1\x85K\1\x85\x89" + "ccollections\nOrderedDict\n)RtR";
}
std::string object(const std::string& cls, const std::string& attributes) {
  return "c" + cls + "\n)\x81}(" + attributes + "ub";
}

// The names of the list of an archive of one module M with the tensors a, b and c, an object o of class P that holds d,
// and an object n of a class without code that holds e.
std::vector<std::string> listed(const std::string& code, bool deflated = false) {
  const std::string pickle = "\x80\2" +
                             object("__torch__\nM", text("a") + tensor() + text("b") + tensor() + text("c") + tensor() +
                                                        text("o") + object("__torch__.sub\nP", text("d") + tensor()) +
                                                        text("n") + object("__torch__.none\nN", text("e") + tensor())) +
                             ".";
  std::vector<test::ArchiveEntry> entries = {
      {"m/data.pkl", pickle}, {"m/constants.pkl", "\x80\2)."}, {"m/data/0", std::string(4, '\0')}};
  if (!code.empty()) entries.push_back({"m/code/__torch__.py", code, deflated});
  entries.push_back({"m/code/__torch__/sub.py", "class P:\n  d : Tensor\n"});
  const Value v = load(test::zip_archive(entries));
  std::vector<std::string> names;
  for (const auto& [name, t] : v.items()) names.emplace_back(name.as_string());
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("torchscript: the list is torch's state_dict, without attributes that are tensors") {
  // What data/script_attributes.py printed.
  const std::pair<const char*, Shape> expected[] = {{"tied", {2, 2}},
                                                    {"lin.weight", {2, 2}},
                                                    {"lin.bias", {2}},
                                                    {"inner.w", {2}},
                                                    {"inner.b", {1}},
                                                    {"inner.hidden", {1}},
                                                    {"bn.weight", {2}},
                                                    {"bn.bias", {2}},
                                                    {"bn.running_mean", {2}},
                                                    {"bn.running_var", {2}},
                                                    {"bn.num_batches_tracked", {}},
                                                    {"blocks.0.w", {2}},
                                                    {"blocks.0.b", {1}},
                                                    {"blocks.0.hidden", {1}},
                                                    {"blocks.1.w", {2}},
                                                    {"blocks.1.b", {1}},
                                                    {"blocks.1.hidden", {1}}};
  for (const bool mmap : {false, true}) {
    const Value v = load(HARKER_SOURCE_DIR "/tests/serialize/data/script_attributes.pt", {.mmap = mmap});
    REQUIRE(v.len() == std::size(expected));
    for (std::size_t i = 0; i < std::size(expected); ++i) {
      CAPTURE(std::string(expected[i].first));
      CHECK(v.items()[i].first.as_string() == expected[i].first);
      const Tensor t = v.items()[i].second.tensor();
      CHECK(t.shape() == expected[i].second);
      CHECK(!t.requires_grad());
    }
    CHECK(v["inner.w"].tensor().data<float>()[1] == 2);
    CHECK(v["blocks.1.hidden"].tensor().item() == 9);
    CHECK(&v["tied"].tensor().storage() == &v["lin.weight"].tensor().storage());
  }
}

TEST_CASE("torchscript: parameters, then buffers, as the code lists them; every tensor where it does not say") {
  const std::string lists = "  __parameters__ = [\"b\", ]\n  __buffers__ = [\"a\", ]\n";
  const std::string head = "class M(Module):\n";
  CHECK(listed(head + lists) == Names{"b", "a", "n.e"});
  CHECK(listed(head + lists, true) == Names{"b", "a", "n.e"});
  CHECK(listed(head + "  __parameters__ = []\n  __buffers__ = []\n") == Names{"n.e"});
  CHECK(listed(head + "  __parameters__ = [\"a\", \"c\", ]\n  __buffers__ = [\"x\", ]") == Names{"a", "c", "n.e"});
  CHECK(listed("class A(Module):\n  __parameters__ = []\n  __buffers__ = []\n" + head + lists +
               "  def forward(self) -> Tensor:\n    return self.a\nclass Z:\n  z : int\n") == Names{"b", "a", "n.e"});
  const Names all = {"a", "b", "c", "n.e"};
  CHECK(listed("") == all);                                       // no code
  CHECK(listed(head) == all);                                     // no lists
  CHECK(listed(head + "  __parameters__ = [\"b\", ]\n") == all);  // of before torch 1.6: buffers are not named
  CHECK(listed(head + "  __buffers__ = [\"b\", ]\n") == all);
  CHECK(listed("class N(Module):\n" + lists) == all);  // another class
  CHECK(listed(lists + head) == all);                  // before the class
  for (const char* odd : {"[\"b\", ", "[\"b]", "[b, ]", "[\"b\" ]", "[\"b\", ] + []", ""})
    CHECK(listed(head + "  __parameters__ = " + odd + "\n  __buffers__ = [\"a\", ]\n") == all);
  CHECK_THROWS_AS(listed(std::string(64 << 20, ' '), true), FormatError);  // more code than the file explains
}
