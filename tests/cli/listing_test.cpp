// What `harker inspect` lists: trees and tables, what is folded and what left out, and what a terminal gets.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/serialize.h>
#include <sys/ioctl.h>

#include "cli/run.h"

using namespace harker;
using namespace harker::test;

namespace {

Value object(const char* module, const char* name, Value state) {
  Value::Opaque o;
  o.module = module, o.name = name, o.called = o.newobj = true;
  o.args = Value::tuple(), o.state = std::move(state);
  return Value::opaque(o);
}

Value linear(const Tensor& weight) {
  return object("torch.nn.modules.linear", "Linear",
                Value::dict({{"training", true},
                             {"_parameters", Value::ordered_dict({{"weight", Value::parameter(weight)}, {"bias", {}}})},
                             {"_buffers", Value::ordered_dict()},
                             {"_modules", Value::ordered_dict()},
                             {"_is_full_backward_hook", Value()},
                             {"_forward_hooks", Value::ordered_dict()},
                             {"sizes", Value::tuple({2, 3})}}));
}

/// Lines of the table below its head, without what runs of spaces there are.
std::vector<std::string> rows(const std::string& out) {
  std::vector<std::string> all;
  std::string line;
  for (std::size_t i = out.find("\nname") + 1; i < out.size(); ++i) {
    if (out[i] != '\n') {
      if (out[i] != ' ' || line.empty() || line.back() != ' ' || line.find_first_not_of(' ') == line.npos)
        line += out[i];
      continue;
    }
    all.push_back(std::exchange(line, {}));
  }
  all.erase(all.begin());
  return all;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + '\n';
  return out;
}

Run inspect(const std::string& file, std::vector<std::string> options = {}) {
  options.insert(options.begin(), "inspect");
  options.push_back(file);
  return harker_command(options);
}

}  // namespace

TEST_CASE("cli: a module that was pickled whole names its classes, and its unset hooks are left out") {
  TempFolder t;
  const Value net = object("models", "Net",
                           Value::dict({{"_parameters", Value::dict()},
                                        {"_modules", Value::ordered_dict({{"fc", linear(ones({2, 3}))}})},
                                        {"_load_state_dict_post_hooks", Value::ordered_dict()}}));
  save(Value::dict({{"net", net}, {"empty", Value::dict()}}), t / "a.harker");
  CHECK(joined(rows(inspect(t / "a.harker", {"--keep-unknown"}).out)) ==
        joined({"net models.Net", "net.<state>._modules.fc torch.nn.modules.linear.Linear",
                "net.<state>._modules.fc.<state>.training bool True",
                "net.<state>._modules.fc.<state>._parameters.weight float32 [2, 3] 24 Parameter",
                "net.<state>._modules.fc.<state>._parameters.bias None None",
                "net.<state>._modules.fc.<state>.sizes tuple (2, 3)", "empty dict {}", "",
                "1 tensor, 6 elements (6 parameters), 24 bytes in 1 storage"}));
  CHECK(joined(rows(inspect(t / "a.harker", {"--keep-unknown", "--tree"}).out)) ==
        joined({"net models.Net", "  fc torch.nn.modules.linear.Linear", "    training bool True",
                "    weight float32 [2, 3] 24 Parameter", "    bias None None", "    sizes tuple (2, 3)",
                "empty dict {}", "", "1 tensor, 6 elements (6 parameters), 24 bytes in 1 storage"}));
}

TEST_CASE("cli: --depth sums up, --match picks, and the totals count shared memory once") {
  TempFolder t;
  const Tensor tied = ones({4});
  save(Value::dict({{"enc.0.weight", tied},
                    {"enc.0.bias", zeros({2})},
                    {"enc.1.weight", ones({3}, kInt64)},
                    {"dec.weight", tied},
                    {"step", 7}}),
       t / "a.pt");
  const std::string total = "4 tensors, 13 elements (6 parameters), 48 bytes in 3 storages";
  CHECK(joined(rows(inspect(t / "a.pt", {"--depth", "1"}).out)) ==
        joined({"enc 48 3 tensors, 6 parameters", "dec 16 1 tensor, 4 parameters", "step int 7", "", total}));
  CHECK(joined(rows(inspect(t / "a.pt", {"--depth", "2", "--tree"}).out)) ==
        joined({"enc", "  0 24 2 tensors, 6 parameters", "  1 24 1 tensor, 0 parameters", "dec",
                "  weight float32 [4] 16 shares memory with enc.0.weight", "step int 7", "", total}));
  CHECK(joined(rows(inspect(t / "a.pt", {"--depth", "0"}).out)) ==
        joined({"(the file itself) 48 4 tensors, 6 parameters", "", total}));
  CHECK(joined(rows(inspect(t / "a.pt", {"--match", "*.bias", "--match", "enc.1"}).out)) ==
        joined({"enc.0.bias float32 [2] 8", "enc.1.weight int64 [3] 24", "",
                "2 tensors, 5 elements (2 parameters), 32 bytes in 2 storages, of those that match"}));
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--tree", "--list"},
                                                {"--json", "--depth", "1"},
                                                {"--json", "--match", "a"},
                                                {"--depth", "-2"},
                                                {"--depth", "x"},
                                                {"--match", ""}})
    CHECK(inspect(t / "a.pt", wrong).status == 2);
}

TEST_CASE("cli: numbers in a list are one line, NumPy's are seen, and so are tensors that are only kept") {
  TempFolder t;
  Value::Numpy scalar, array;
  scalar.dtype = ">f4", scalar.data = {0x3d, 0xcc, 0xcc, 0xcd};  // 0.1
  array.dtype = "<i2", array.shape = {2, 2}, array.fortran_order = true, array.data = {1, 0, 2, 0, 3, 0, 4, 0};
  Value::Opaque meta;
  meta.module = "torch._utils", meta.name = "_rebuild_meta_tensor_no_storage", meta.called = meta.known = true;
  meta.args = Value::tuple({DType::float16, Value::size({5, 6}), Value::tuple({6, 1}), false});
  std::vector<Value> many(1000, Value(1));
  const Value kept =
      object("onnx", "INT4", Value::dict({{"shape", Value::size({2, 3})}, {"nbytes", 3}, {"data", ones({3}, kUInt8)}}));
  save(Value::dict({{"betas", Value::tuple({0.9, 0.999})},
                    {"many", Value::list(many)},
                    {"mixed", Value::list({1, "x"})},
                    {"lr", Value::numpy_scalar(scalar)},
                    {"table", Value::numpy_array(array)},
                    {"meta", Value::opaque(meta)},
                    {"four bits", kept}}),
       t / "a.harker");
  const auto lines = rows(inspect(t / "a.harker", {"--keep-unknown"}).out);
  REQUIRE(lines.size() == 10);
  CHECK(lines[0] == "betas tuple (0.9, 0.999)");
  CHECK(lines[1].ends_with("... (1,000 of them)"));
  CHECK(lines[2] == "mixed.0 int 1");
  CHECK(lines[4] == "lr numpy scalar >f4 0.1");
  CHECK(lines[5] == "table numpy array <i2 [2, 2] 8 [1, 3, 2, 4]");
  CHECK(lines[6] == "meta float16 [5, 6] 0 on the device meta: no bytes");
  CHECK(lines[7] == "four bits onnx.INT4 [2, 3] 3");
  CHECK(lines[9] == "2 tensors, 36 elements (36 parameters), 3 bytes in 0 storages");
}

TEST_CASE("cli: a terminal gets a tree as wide as it is, in colours unless NO_COLOR says not") {
  TempFolder t;
  save(Value::dict({{"block.weight", ones({2})}, {"note", std::string(200, 'x')}}), t / "a.pt");
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
  if (terminal < 0 || ::grantpt(terminal) != 0 || ::unlockpt(terminal) != 0) return;
  const std::string name = ::ptsname(terminal);
  const int held = ::open(name.c_str(), O_RDWR | O_NOCTTY);
  winsize size{};
  size.ws_col = 50;
  CHECK(::ioctl(held, TIOCSWINSZ, &size) == 0);
  auto shown = [&](const std::string& environment, const std::string& verb) {
    const Run r =
        run_program("/bin/sh", {"-c", environment + " \"$0\" " + verb + " > \"$2\"", HARKER_CLI, t / "a.pt", name});
    CHECK_MESSAGE(r.status == 0, r.err);
    std::string out(1 << 16, '\0');
    const ssize_t n = ::read(terminal, out.data(), out.size());
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
  };
  const std::string plain = shown("TERM=xterm NO_COLOR=1", "inspect \"$1\"");
  CHECK(plain.find("\nblock\r\n  weight") != std::string::npos);
  CHECK(plain.find('\x1b') == std::string::npos);
  CHECK(plain.find("xxx\xe2\x80\xa6\r\n") != std::string::npos);
  for (std::size_t i = plain.find("\nname") + 1, end; (end = plain.find("\r\n", i)) != std::string::npos; i = end + 2)
    if (plain.compare(i, 8, "1 tensor") != 0) CHECK(end - i <= 52);  // the ellipsis is three bytes
  CHECK(shown("TERM=dumb", "inspect \"$1\"").find('\x1b') == std::string::npos);
  CHECK(shown("TERM=xterm", "inspect \"$1\"").find("\x1b[36mfloat32\x1b[0m") != std::string::npos);
  CHECK(shown("TERM=xterm", "cat \"$1\" block.weight") == "1 1\r\n");  // no bytes to a terminal
  ::close(held), ::close(terminal);
}

TEST_CASE("cli: inspect names the class of a tensor that is none of torch's") {
  const Run r =
      harker_command({"inspect", "--keep-unknown", std::string(HARKER_SOURCE_DIR) + "/tests/cases/tensor_subclass.pt"});
  CHECK_MESSAGE(r.out.find("class models.") != std::string::npos, r.out);
}
