// Checkpoints: several models and all that belongs to them in one file, in any format, and folders of such files.
#include <doctest/doctest.h>
#include <harker/harker.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace harker;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("harker-checkpoint-test-" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

struct Body : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));
  Tensor forward(const Tensor& x) { return relu(fc1(x)); }
};
struct Head : nn::Module {
  Body body;
  nn::Linear out = register_module("out", nn::Linear(20, 1));
  explicit Head(const Body& shared) : body(register_module("body", shared)) {}
  Tensor forward(const Tensor& x) { return out(body.forward(x)); }
};

void train(Head& head, optim::Adam& adam, int steps) {
  for (int i = 0; i < steps; ++i) {
    adam.zero_grad();
    nn::functional::mse_loss(head.forward(randn({4, 10})), ones({4, 1})).backward();
    adam.step();
  }
}

Value contents_of(const Head& head, const optim::Adam& adam) {
  return Value::list({Value(head.state_dict()), adam.state_dict()});
}

}  // namespace

TEST_CASE(
    "checkpoint: two models that share a layer, their optimizer and generator go on bit for bit, in every format") {
  const Folder folder;
  for (const char* name : {"a.harker", "a.pt", "a.pb"}) {
    CAPTURE(name);
    const std::string path = (folder.path / name).string();
    manual_seed(1);
    Body body;
    Head head(body);
    optim::Adam adam(head.parameters(), {.lr = 0.01});
    train(head, adam, 3);

    Checkpoint c;
    c.epoch = 3, c.step = 12;
    c.metrics.set("loss", 0.5);
    c.hyper_parameters.set("lr", 0.01);
    c.add_model("body", body).add_model("head", head).add_optimizer("adam", adam);
    c.add_generator("default", default_generator());
    save_checkpoint(c, path);
    train(head, adam, 3);
    const Value straight = contents_of(head, adam);

    const Checkpoint back = load_checkpoint(path);
    CHECK(back.epoch == 3);
    CHECK(back.step == 12);
    CHECK(back.metrics["loss"].as_double() == 0.5);
    CHECK(back.models() == std::vector<std::string>{"body", "head"});
    CHECK(back.parameters_of("adam") ==
          std::vector<std::string>{"body.fc1.weight", "body.fc1.bias", "head.out.weight", "head.out.bias"});
    CHECK(back.model("body")["fc1.weight"].shares_storage(back.model("head")["body.fc1.weight"]));
    Body body2;
    Head head2(body2);
    optim::Adam adam2(head2.parameters(), {.lr = 0.01});
    head2.load_state_dict(back.model("head"));
    adam2.load_state_dict(back.optimizer("adam"));
    default_generator().load_state_dict(back.generator("default"));
    train(head2, adam2, 3);
    CHECK(contents_of(head2, adam2).equals(straight));
    CHECK(equal(body2.state_dict()["fc1.weight"], body.state_dict()["fc1.weight"]));  // the shared layer followed

    Body alone;  // one model without the rest of the file
    alone.load_state_dict(load(path, {.only = "body"}));
    CHECK(equal(alone.state_dict()["fc1.bias"], back.model("body")["fc1.bias"]));
  }
}

TEST_CASE("checkpoint: the same content gives the same bytes, and comes back as it was") {
  manual_seed(2);
  Body body;
  Checkpoint c;
  c.add_model("body", body);
  c.metadata.set("note", "no time in here");
  const auto bytes = save_to_bytes(c, {.format = "harker"});
  CHECK(save_to_bytes(Checkpoint(load(bytes)), {.format = "harker"}).size() == bytes.size());
  CHECK(save_to_bytes(c, {.format = "harker"}) == bytes);
  CHECK(Value(Checkpoint(load(bytes))).equals(load(bytes)));
}

TEST_CASE("checkpoint: what is none, or has no such part, is said with names") {
  CHECK_THROWS_WITH_AS(Checkpoint(Value::dict({{"epoch", 1}})), doctest::Contains("'checkpoint' must be a dict"),
                       TypeError);
  CHECK_THROWS_WITH_AS(Checkpoint(Value(1)), doctest::Contains("no checkpoint"), TypeError);
  const Value run = Value::dict({{"version", 2}, {"models", Value::list()}});
  CHECK_THROWS_WITH_AS(Checkpoint(Value::dict({{"checkpoint", run}})), doctest::Contains("version 2"), TypeError);
  const Value lost = Value::dict({{"version", 1}, {"models", Value::list({Value("castle")})}});
  CHECK_THROWS_WITH_AS(Checkpoint(Value::dict({{"checkpoint", lost}})), doctest::Contains("'castle'"), TypeError);
  Body body;
  Checkpoint c;
  c.add_model("castle", body);
  CHECK_THROWS_WITH_AS(c.model("castel"), doctest::Contains("did you mean 'castle'"), Error);
  CHECK_THROWS_AS(c.add_model("checkpoint", body), Error);
  CHECK_THROWS_AS(c.optimizer("adam"), Error);
}

TEST_CASE("checkpoint folder: keeps the last and the best, and finds the latest that is whole") {
  const Folder folder;
  const std::string path = (folder.path / "runs").string();
  CheckpointFolder runs(path, {.keep_last = 2, .metric = "loss"});
  CHECK(!runs.latest());
  CHECK(!runs.best());
  Body body;
  const double losses[] = {0.9, 0.2, 0.5, 0.7, 0.6};
  std::string best;
  for (int i = 0; i < 5; ++i) {
    Checkpoint c;
    c.step = 100 * i;
    c.add_model("body", body);
    c.metrics.set("loss", losses[i]);
    const std::string saved = runs.save(c);
    if (i == 1) best = saved;
  }
  CHECK(runs.all().size() == 3);  // two last ones and the best
  CHECK(runs.best() == best);
  CHECK(Checkpoint(load(*runs.latest())).step == 400);

  Checkpoint again;  // begun anew: an early step is not thrown away with the late ones there
  again.step = 1;
  again.add_model("body", body);
  CHECK(fs::exists(runs.save(again)));

  std::ofstream(path + "/.harker-1-1.tmp") << "left by a crash";
  const std::string newest = *runs.latest();
  fs::resize_file(newest, fs::file_size(newest) - 10);
  static int warnings;
  warnings = 0;
  const WarningHandler before = set_warning_handler([](const std::string&) { ++warnings; });
  const auto latest = runs.latest();
  set_warning_handler(before);
  REQUIRE(latest);
  CHECK(Checkpoint(load(*latest)).step == 300);
  CHECK(warnings == 1);
  CHECK_THROWS_AS(CheckpointFolder(path, {.keep_last = 0}), Error);
  CHECK_THROWS_AS(CheckpointFolder(path, {.prefix = "a/b"}), Error);
  CHECK_THROWS_AS(CheckpointFolder{newest}, IoError);
}

namespace {

std::vector<std::string> said;

// Collects warnings while it lives.
struct Listening {
  WarningHandler before;
  Listening() {
    said.clear();
    before = set_warning_handler([](const std::string& message) { said.push_back(message); });
  }
  ~Listening() { set_warning_handler(before); }
};

// Turns the last byte of the value 1234.5f, which nothing but a tensor holds.
void damage_tensor(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const float value = 1234.5f;
  const std::size_t at = all.find(std::string(reinterpret_cast<const char*>(&value), sizeof value));
  REQUIRE(at != std::string::npos);
  file.seekp(static_cast<std::streamoff>(at) + 3);
  file.put('\x45');
}

}  // namespace

TEST_CASE(
    "checkpoint folder: a damaged tensor is found, the one before it is taken, and all damaged is no empty folder") {
  for (const char* extension : {".harker", ".pt", ".pb"}) {
    CAPTURE(extension);
    const Folder folder;
    const std::string path = (folder.path / "runs").string();
    CheckpointFolder runs(path, {.keep_last = 9, .metric = "loss", .extension = extension});
    Body body;
    const double losses[] = {0.5, 0.5, 0.3, 0.1};
    std::vector<std::string> saved;
    for (int i = 0; i < 4; ++i) {
      Checkpoint c;
      c.step = i;
      {
        const NoGradGuard guard;
        body.fc1.weight.fill_(1234.5);
      }
      c.add_model("body", body);
      c.metrics.set("loss", losses[i]);
      saved.push_back(runs.save(c));
    }
    CHECK(runs.latest() == saved[3]);
    CHECK(runs.best() == saved[3]);
    const auto latest = [&] {
      const Listening listening;
      return runs.latest();
    };
    const auto best = [&] {
      const Listening listening;
      return runs.best();
    };
    damage_tensor(saved[3]);
    CHECK_THROWS_AS(load(saved[3]), FormatError);
    CHECK(latest() == saved[2]);
    REQUIRE(said.size() == 1);
    CHECK(said[0].find(saved[3]) != std::string::npos);
    CHECK(said[0].find("damaged") != std::string::npos);
    CHECK(best() == saved[2]);
    REQUIRE(said.size() == 1);
    CHECK(said[0].find(saved[3]) != std::string::npos);

    fs::resize_file(saved[2], 100);
    CHECK(latest() == saved[1]);
    CHECK(said.size() == 2);
    CHECK(best() == saved[1]);  // the later of two that are equally good
    CHECK(said.size() == 2);
    damage_tensor(saved[1]);
    CHECK(best() == saved[0]);
    CHECK(said.size() == 3);
    damage_tensor(saved[0]);
    CHECK_THROWS_WITH_AS(latest(), doctest::Contains("checkpoint-000000003"), FormatError);
    CHECK(said.size() == 4);
    CHECK_THROWS_WITH_AS(best(), doctest::Contains("checkpoint-000000003"), FormatError);
    for (const std::string& file : saved) fs::resize_file(file, 50);
    CHECK_THROWS_WITH_AS(latest(), doctest::Contains("none of these 4"), FormatError);
    CHECK_THROWS_WITH_AS(best(), doctest::Contains("none of these 4"), FormatError);
    for (const std::string& file : saved) fs::remove(file);
    CHECK(!runs.latest());
    CHECK(!runs.best());
    Checkpoint without;  // read well, and it has no such metric
    without.add_model("body", body);
    runs.save(without);
    CHECK(!runs.best());
    CHECK(runs.latest() == runs.all()[0]);
  }
}

TEST_CASE("checkpoint folder: a damaged best one does not stay in place of the best that is whole") {
  for (const char* extension : {".harker", ".pt", ".pb"}) {
    CAPTURE(extension);
    const Folder folder;
    CheckpointFolder runs(folder.path.string(), {.keep_last = 1, .metric = "loss", .extension = extension});
    Body body;
    const auto save_one = [&](CheckpointFolder& to, int step, double loss) {
      Checkpoint c;
      c.step = step;
      {
        const NoGradGuard guard;
        body.fc1.weight.fill_(1234.5);
      }
      c.add_model("body", body);
      c.metrics.set("loss", loss);
      const Listening listening;
      return to.save(c);
    };
    const std::string best = save_one(runs, 1, 0.1), second = save_one(runs, 2, 0.2);
    CHECK(runs.all() == std::vector<std::string>{best, second});
    damage_tensor(best);
    const std::string third = save_one(runs, 3, 0.3);
    CHECK(said.size() == 1);
    CHECK(runs.all() == std::vector<std::string>{second, third});
    CHECK(runs.best() == second);

    // Nor does one among the last.
    CheckpointFolder two(folder.path.string(), {.keep_last = 2, .metric = "loss", .extension = extension});
    const std::string fourth = save_one(two, 4, 0.1);
    damage_tensor(fourth);
    const std::string fifth = save_one(two, 5, 0.5);
    CHECK(said.size() == 1);
    CHECK(two.all() == std::vector<std::string>{third, fourth, fifth});
    const std::string sixth = save_one(two, 6, 0.6);
    CHECK(two.all() == std::vector<std::string>{third, fifth, sixth});
    CHECK(two.best() == third);
  }
}

TEST_CASE("checkpoint folder: a folder or pipe named like a checkpoint is none, and stays") {
  const Folder folder;
  CheckpointFolder runs(folder.path.string(), {.keep_last = 1});
  const fs::path named = folder.path / "checkpoint-000000001.harker",
                 last = folder.path / "checkpoint-9999999999.harker";
  fs::create_directory(named);
  fs::create_directory(last);
  const fs::path pipe = folder.path / "checkpoint-000000002.harker";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(!runs.latest());
  for (const int step : {3, 4}) {
    Checkpoint c;
    c.step = step;
    runs.save(c);
  }
  CHECK(fs::is_directory(named));
  CHECK(fs::exists(pipe));
  CHECK(runs.all().size() == 1);
  CHECK(Checkpoint(load(*runs.latest())).step == 4);
}

TEST_CASE("checkpoint folder: of two that are equally good the later is kept") {
  const Folder folder;
  CheckpointFolder runs(folder.path.string(), {.keep_last = 1, .metric = "acc", .higher_is_better = true});
  const double values[] = {0.5, 0.9, 0.9, 0.1};
  std::vector<std::string> saved;
  for (int i = 0; i < 4; ++i) {
    Checkpoint c;
    c.step = i;
    c.metrics.set("acc", values[i]);
    saved.push_back(runs.save(c));
  }
  CHECK(runs.all() == std::vector<std::string>{saved[2], saved[3]});
  CHECK(runs.best() == saved[2]);
}

TEST_CASE("checkpoint folder: steps of more digits than names are padded to are the later ones") {
  const Folder folder;
  CheckpointFolder runs(folder.path.string(), {.keep_last = 2});
  for (const std::int64_t step : {std::int64_t{999'999'999}, std::int64_t{1'000'000'000}, std::int64_t{0}}) {
    Checkpoint c;
    c.step = step;
    runs.save(c);
  }
  Checkpoint negative;
  negative.step = -1;
  CHECK_THROWS_AS(runs.save(negative), Error);
  CHECK(Checkpoint(load(*runs.latest())).step == 1'000'000'000);
  CHECK(runs.all().size() == 3);  // the one just written stays, however early its step
}
