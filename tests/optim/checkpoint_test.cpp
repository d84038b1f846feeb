// Optimizers against the files that torch wrote: resuming its checkpoint, its keys in its order, and states that load
// and save unchanged.
#include <doctest/doctest.h>
#include <harker/serialize/serialize.h>
#include <optim/scenario.h>

using namespace harker;
using namespace harker::test;

namespace {

/// Calls use(path, file's Value, optimizer's dict) for each optimizer state found in fixtures/optim.
template <class F>
int for_each_state(const F& use) {
  int n = 0;
  if (!std::filesystem::exists(fixtures() / "optim")) return 0;
  for (const auto& file : std::filesystem::directory_iterator(fixtures() / "optim")) {
    if (file.path().extension() != ".pt") continue;
    const Value all = load(file.path());
    const Value state = all.contains("optimizer") ? all["optimizer"] : all;
    CAPTURE(file.path().string());
    use(file.path(), all, state);
    ++n;
  }
  return n;
}

/// Parameters as the state has them, in the optimizer that writes such groups, with defaults.
std::unique_ptr<optim::Optimizer> optimizer_for(const Value& state) {
  static const Shape kShapes[] = {{20, 10}, {20}, {1, 20}, {1}};
  std::vector<std::vector<Tensor>> groups;
  for (const Value& g : state["param_groups"].elements()) {
    groups.emplace_back();
    for (const Value& index : g["params"].elements())
      groups.back().push_back(zeros(kShapes[index.as_int() % 4]).requires_grad_());
  }
  const Value& group = state["param_groups"][0];
  if (group.contains("betas")) return with_groups<optim::Adam>(groups, optim::AdamOptions{});
  if (group.contains("alpha")) return with_groups<optim::RMSprop>(groups, optim::RMSpropOptions{});
  if (group.contains("lr_decay")) return with_groups<optim::Adagrad>(groups, optim::AdagradOptions{});
  return with_groups<optim::SGD>(groups, optim::SGDOptions{});
}

}  // namespace

TEST_CASE("checkpoint: optimizer states written by torch load and come back equal, keys and order included") {
  const int n = for_each_state([](const std::filesystem::path&, const Value&, const Value& state) {
    const auto optimizer = optimizer_for(state);
    optimizer->load_state_dict(state);
    CHECK(optimizer->state_dict().equals(state));
    for (Tensor p : optimizer->params()) p.set_grad(ones_like(p.detach()));
    CHECK_NOTHROW(optimizer->step());
  });
  MESSAGE(n, " optimizer states in ", (fixtures() / "optim").string());
}

TEST_CASE("checkpoint: a file whose optimizer and scheduler went through ours is saved as the same bytes") {
  const int n = for_each_state([](const std::filesystem::path& path, const Value& all, const Value& state) {
    const auto optimizer = optimizer_for(state);
    Value again;
    if (all.contains("optimizer")) {
      again = Value::dict();
      for (const auto& [k, v] : all.items()) again.set(k, v);
      if (all.contains("scheduler")) {
        optim::StepLR scheduler(*optimizer, {.step_size = 1});
        scheduler.load_state_dict(all["scheduler"]);
        again.set("scheduler", scheduler.state_dict());
      }
    }
    optimizer->load_state_dict(state);
    if (again.is_dict())
      again.set("optimizer", optimizer->state_dict());
    else
      again = optimizer->state_dict();
    const auto bytes = save_to_bytes(again, {.format = "torch"}, path.stem().string());
    CHECK(bytes == read_bytes(path));
  });
  MESSAGE(n, " optimizer states in ", (fixtures() / "optim").string());
}

TEST_CASE("checkpoint: fresh optimizers have the keys and values of torch's files in the same order") {
  DraculaModel model;
  const auto same = [&](const char* file, const optim::Optimizer& mine) {
    const auto path = fixtures() / "optim" / file;
    CAPTURE(path.string());
    if (!std::filesystem::exists(path)) {
      MESSAGE("skipped: no ", path.string());
      return;
    }
    const auto bytes = [](const Value& v) { return save_to_bytes(v, {.format = "torch"}, "archive"); };
    CHECK(bytes(mine.state_dict()["param_groups"]) == bytes(load(path)["optimizer"]["param_groups"]));
  };
  const std::vector<Tensor> p = model.parameters();
  same("adam.pt", optim::Adam(p, {.lr = 0.01}));
  same("adamw_wd.pt", optim::AdamW(p, {.lr = 0.01, .weight_decay = 0.05}));
  same("sgd.pt", optim::SGD(p, {.lr = 0.05}));
  same("sgd_dampening_wd.pt", optim::SGD(p, {.lr = 0.05, .momentum = 0.8, .dampening = 0.3, .weight_decay = 0.01}));
  same("sgd_nesterov.pt", optim::SGD(p, {.lr = 0.02, .momentum = 0.9, .nesterov = true}));
  same("rmsprop.pt", optim::RMSprop(p, {.lr = 0.003, .alpha = 0.95, .momentum = 0.5, .centered = true}));
  same("adagrad.pt", optim::Adagrad(p, {.lr = 0.05, .lr_decay = 0.001}));
  optim::SGD scheduled(p, {.lr = 0.1});
  const optim::StepLR scheduler(scheduled, {.step_size = 3});
  same("with_scheduler.pt", scheduled);
}

TEST_CASE("checkpoint: torch's own goes on with torch's losses") {
  const auto folder = fixtures() / "train";
  if (!std::filesystem::exists(folder / "resume.json")) {
    MESSAGE("skipped: no ", (folder / "resume.json").string());
    return;
  }
  const auto resume = read_ordered_json(folder / "resume.json");
  const auto data = read_ordered_json(folder / resume.at("data").get<std::string>());
  const Tensor x = tensor_from(data.at("x")), y = tensor_from(data.at("y"));
  const Value checkpoint = load(folder / resume.at("checkpoint").get<std::string>());
  DraculaModel model;
  model.load_state_dict(checkpoint["model_state_dict"]);
  optim::Adam optimizer(model.parameters());
  optimizer.load_state_dict(checkpoint["optimizer_state_dict"]);
  CHECK(optimizer.lr() == 0.01);
  double worst = 0;
  for (const auto& want : resume.at("loss_epochs_101_200")) {
    const double loss = train_epoch(model, optimizer, x, y, x.size(0));
    worst = std::max(worst, std::abs(loss - number(want)) / number(want));
  }
  CHECK(worst < 1e-4);
  for (const auto& [name, t] : model.named_parameters()) {
    CHECK(allclose(t, tensor_from(resume.at("final_weights").at(name)), 1e-3, 1e-4));
  }
}

TEST_CASE("checkpoint: the data and initial weights in torch's files are those of the JSON") {
  const auto folder = fixtures() / "train";
  if (!std::filesystem::exists(folder / "data.pt")) {
    MESSAGE("skipped: no ", (folder / "data.pt").string());
    return;
  }
  const auto json = read_ordered_json(folder / "data_regression.json");
  const Value data = load(folder / "data.pt");
  CHECK(equal(data["x"].tensor(), tensor_from(json.at("x"))));
  CHECK(equal(data["y_regression"].tensor(), tensor_from(json.at("y"))));
  DraculaModel from_file, from_json;
  from_file.load_state_dict(load(folder / "init_10_20_1.pt"));
  from_json.load_state_dict(state_dict_from(read_ordered_json(folder / "init_10_20_1.json")));
  for (std::size_t i = 0; i < 4; ++i) CHECK(equal(from_file.parameters()[i], from_json.parameters()[i]));
}

TEST_CASE("checkpoint: training that was saved and loaded in the middle ends with the same bits") {
  manual_seed(3);
  const Tensor x = randn({64, 10}), y = randn({64, 1});
  DraculaModel through;
  DraculaModel split;
  split.load_state_dict(through.state_dict());
  optim::Adam one(through.parameters(), {.lr = 0.01}), two(split.parameters(), {.lr = 0.01});
  for (int epoch = 0; epoch < 100; ++epoch) {
    train_epoch(through, one, x, y, 16);
    train_epoch(split, two, x, y, 16);
  }
  for (const std::string format : {"torch", "harker", "onnx"}) {
    CAPTURE(format);
    const Value checkpoint = Value::dict({{"epoch", 100},
                                          {"model_state_dict", split.state_dict()},
                                          {"optimizer_state_dict", two.state_dict()},
                                          {"loss", 0.5}});
    std::vector<std::uint8_t> bytes;
    try {
      bytes = save_to_bytes(checkpoint, {.format = format}, "checkpoint");
    } catch (const Error& e) {
      FAIL_CHECK(std::string(e.what()));
      continue;
    }
    const Value loaded = load(bytes);
    DraculaModel resumed;
    resumed.load_state_dict(loaded["model_state_dict"]);
    optim::Adam optimizer(resumed.parameters());
    optimizer.load_state_dict(loaded["optimizer_state_dict"]);
    DraculaModel straight;
    straight.load_state_dict(through.state_dict());
    optim::Adam going_on(straight.parameters());
    going_on.load_state_dict(one.state_dict());
    for (int epoch = 0; epoch < 100; ++epoch) {
      train_epoch(straight, going_on, x, y, 16);
      train_epoch(resumed, optimizer, x, y, 16);
    }
    for (std::size_t i = 0; i < 4; ++i) CHECK(equal(straight.parameters()[i], resumed.parameters()[i]));
  }
}
