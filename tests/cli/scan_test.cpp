// `harker scan`: names that pickles call, however they are hidden, and that ordinary files are found harmless.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/serialize.h>

#include <test_json.h>
#include "cli/run.h"

using namespace harker;
using namespace harker::test;
using namespace std::string_literals;

namespace {

void write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string text_of(std::size_t size, const std::string& s) {  // BINUNICODE
  std::string out = "X" + std::string(4, '\0') + s;
  out[1] = static_cast<char>(size);
  return out;
}
std::string short_text(const std::string& s) { return "\x8c" + std::string(1, static_cast<char>(s.size())) + s; }

}  // namespace

TEST_CASE("cli: scan names what a pickle calls, in every spelling and hiding place") {
  TempFolder t;
  const std::string id = short_text("id"), system = short_text("os") + "\x94" + short_text("system") + "\x94\x93";
  const std::string evil = "\x80\4" + system + id + "\x85R.";
  const std::string hidden = "\x80\3" + text_of(evil.size(), evil) + ".";
  struct Row {
    const char *what, *verdict, *says;
    std::string bytes;
  };
  const Row table[] = {
      {"GLOBAL", "dangerous", "os.system", "cos\nsystem\n(S'id'\ntR."},
      {"Python 2", "dangerous", "builtins.eval", "c__builtin__\neval\n(S'1'\ntR."},
      {"STACK_GLOBAL", "dangerous", "os.system", evil},
      {"from the memo", "dangerous", "os.system",
       "\x80\4" + short_text("system") + "\x94" + short_text("os") + "h\0"s + "\x93" + id + "\x85R."},
      {"escaped", "dangerous", "os.system", "\x80\4V\\u006fs\nVsyst\\u0065m\n\x93" + id + "\x85R."},
      {"quoted", "dangerous", "os.system", "\x80\4S'\\x6fs'\nS'system'\n\x93" + id + "\x85R."},
      {"a dotted name", "dangerous", "builtins.eval.__call__",
       "\x80\4" + short_text("builtins") + short_text("eval.__call__") + "\x93" + id + "\x85R."},
      {"INST", "dangerous", "subprocess.Popen", "(S'id'\nisubprocess\nPopen\n."},
      {"OBJ", "dangerous", "runpy.run_path", "(crunpy\nrun_path\nS'id'\no."},
      {"NEWOBJ", "unknown", "castle.Door", "\x80\2ccastle\nDoor\n)\x81}b."},
      {"only named", "unknown", "castle.Door", "ccastle\nDoor\n."},
      {"a type that is called", "unknown", "builtins.dict",
       "\x80\3"
       "cbuiltins\ndict\n)R."},
      {"a computed name", "odd", "a name that the pickle computes", "\x80\4" + short_text("os") + "I1\n\x93."},
      {"no STOP", "odd", "ends without STOP", "cos\nsystem\n(S'id'\ntR"},
      {"broken behind the call", "odd", "is no opcode",
       "\x80\2"
       "cos\nsystem\n(S'id'\ntR\xff."},
      {"an extension code", "odd", "the extension code 7", "\x80\2\x82\7)R."},
      {"a class's state", "odd", "changes 'collections.OrderedDict' itself",
       "\x80\2"
       "ccollections\nOrderedDict\n}b."},
      {"what a call returned", "odd", "calls what is no name but an object",
       "\x80\2"
       "ccollections\nOrderedDict\n)R)R."},
      {"behind STOP", "odd", "5 bytes after STOP", "\x80\2}.12345"},
      {"a second one", "dangerous", "os.system", "\x80\2}." + evil},
      {"behind other bytes", "dangerous", "os.system", "\x80\2}.\xff\xff" + evil},
      {"within a text", "dangerous", "os.system", hidden},
      {"within a text within a text", "dangerous", "os.system", "\x80\3" + text_of(hidden.size(), hidden) + "."},
      {"too little on the stack", "odd", "takes more from the stack than is there", "\x80\2R."},
      {"nothing on the stack", "odd", "STOP with nothing on the stack", "\x80\2."},
      {"a protocol of tomorrow", "odd", "there is no protocol 9", "\x80\2\x80\x09}."},
      {"an unknown memo", "odd", "asks the memo for 9", "\x80\2h\x09."},
      {"in an object array", "dangerous", "os.system",
       "\x93NUMPY\1\0\x3a\0"s + "{'descr': '|O', 'fortran_order': False, 'shape': (1,), } \n" + evil}};
  for (const Row& row : table) {
    CAPTURE(row.what);
    write(t / "a.pkl", row.bytes);
    const Run r = harker_command({"scan", t / "a.pkl"});
    CHECK_MESSAGE(r.status == 1, r.out, r.err);
    CHECK_MESSAGE(r.out.find(row.says) != std::string::npos, r.out, r.err);
    CHECK_MESSAGE(r.out.find(row.verdict) != std::string::npos, r.out);
    CHECK(r.out.find("do not load this") != std::string::npos);
    CHECK(!parse_json(harker_command({"scan", "--json", t / "a.pkl"}).out).at("harmless").get<bool>());
  }
  write(t / "good.pkl",
        "\x80\2"
        "ccollections\nOrderedDict\n)R.");
  const Run good = harker_command({"scan", t / "good.pkl"});
  CHECK(good.status == 0);
  CHECK(good.out.find("allowed  collections.OrderedDict  1x  called, first at 2") != std::string::npos);
  write(t / "terminal.pkl", "ca\x1b[31m\nb\n.");
  CHECK(harker_command({"scan", t / "terminal.pkl"}).out.find("a\\x1b[31m.b") != std::string::npos);
  write(t / "text.txt", "The castle is on the very edge of a terrible precipice.");
  CHECK(harker_command({"scan", t / "text.txt"}).status == 1);
}

TEST_CASE("cli: scan finds a pickle in an archive, also in a broken one") {
  TempFolder t;
  Value::Opaque o;
  o.module = "os", o.name = "system", o.called = true, o.args = Value::tuple({"id"});
  save(Value::dict({{"w", ones({3})}, {"x", Value::opaque(o)}}), t / "a.pt");
  Run r = harker_command({"scan", t / "a.pt"});
  CHECK(r.status == 1);
  CHECK(r.out.find("a/data.pkl:\n") != std::string::npos);
  CHECK(r.out.find("dangerous  os.system") != std::string::npos);
  CHECK(r.out.find("allowed    torch._utils._rebuild_tensor_v2") != std::string::npos);
  auto bytes = read_bytes(t / "a.pt");
  std::string text(bytes.begin(), bytes.end());
  write(t / "front.pt", "bytes before the archive" + text);
  r = harker_command({"scan", t / "front.pt"});
  CHECK(r.status == 1);
  CHECK_MESSAGE(r.out.find("dangerous  os.system") != std::string::npos, r.out);
  CHECK(r.out.find("odd: ") != std::string::npos);
  for (const char* e : {".pt", ".harker", ".pb"}) {
    save(Value::dict({{"w", ones({3})}, {"lr", 0.1}, {"b", Value::bytes({})}}), t / ("good" + std::string(e)));
    r = harker_command({"scan", t / ("good" + std::string(e))});
    CHECK_MESSAGE(r.status == 0, r.out, r.err);
  }
}

TEST_CASE("cli: scan looks where Python looks, and says what it did not look at") {
  TempFolder t;
  const std::string evil0 = "cos\nsystem\n(S'id'\ntR.", evil = "\x80\2" + evil0,
                    good = "\x80\2ccollections\nOrderedDict\n)R."s;
  const auto dangerous = [&](const char* what, const std::string& bytes, const char* says = "dangerous") {
    write(t / "a.pt", bytes);
    const Run r = harker_command({"scan", t / "a.pt"});
    CHECK_MESSAGE(r.status == 1, what, r.out, r.err);
    CHECK_MESSAGE(r.out.find(says) != std::string::npos, what, r.out);
  };
  const auto dtype = [&](std::string descr) {
    std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (1,), }\n";
    return "\x93NUMPY\1\0"s + static_cast<char>(header.size()) + '\0' + header + evil;
  };
  for (const char* descr : {"object", "object_", "O8", "O,i4", "\\x4f", " O", "(1,)O"}) dangerous(descr, dtype(descr));

  // Python counts three in the memo: 4 is "system", and not what stood there before.
  const std::string put = "U\1x"s + "q\1" + "0" + "U\1x" + "q\0"s + "0" + "U\1x" + "q\1" + "0";
  dangerous("memo",
            "\x80\4" + put + short_text("OrderedDict") + "q\3" + "0" + short_text("x") + "q\4" + "0" +
                short_text("system") + "\x94" + "0" + short_text("os") + "h\4" + "\x93)R.",
            "os.system");

  std::string tar(10240, '\0');
  tar.replace(0, 6, "pickle");
  tar.replace(124, 11, "00000000031");
  tar.replace(512, evil0.size(), evil0);
  std::string sum = "        ";
  tar.replace(148, 8, sum);
  unsigned n = 0;
  for (std::size_t i = 0; i < 512; ++i) n += static_cast<unsigned char>(tar[i]);
  char octal[16];
  std::snprintf(octal, sizeof octal, "%06o", n);
  tar.replace(148, 7, std::string(octal, 6) + '\0');
  dangerous("tar of protocol 0 without ustar", tar);

  const auto nested = [&](const std::string& file, const char* name = "B") {
    return "\x80\3ctorch.storage\n_load_from_bytes\n"s + name + static_cast<char>(file.size()) + "\0\0\0"s + file +
           "\x85R.";
  };
  dangerous("a file within", nested(evil0), "os.system");
  dangerous("no file within", nested("Dracula"), "in the file at");
  dangerous("computed bytes", nested("Dracula", "X"));
}

TEST_CASE("cli: scan finds what loads harmless, and what must be refused for its names not") {
  if (!std::filesystem::exists(fixtures())) return;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(fixtures())) {
    const std::string name = entry.path().string(), suffix = ".expect.json";
    if (!name.ends_with(suffix)) continue;
    const std::string file = name.substr(0, name.size() - suffix.size());
    const auto expect = read_json(entry.path());
    const Run r = harker_command({"scan", file});
    CHECK_MESSAGE(r.status < 2, file, r.err);
    if (expect.at("loads") == true && !r.out.empty()) CHECK_MESSAGE(r.status == 0, file, r.out, r.err);
    if (entry.path().parent_path().filename() == "refuse") CHECK_MESSAGE(r.status == 1, file, r.out);
  }
}
