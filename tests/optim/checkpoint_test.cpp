// Optimizers against the files that torch wrote: resuming its checkpoint, its keys in its order, and states that load
// and save unchanged.
#include <doctest/doctest.h>
#include <harker/serialize/serialize.h>
#include <optim/scenario.h>

using namespace harker;
using namespace harker::test;

namespace {

struct DraculaModel : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));
  nn::ReLU relu = register_module("relu", nn::ReLU());
  nn::Linear fc2 = register_module("fc2", nn::Linear(20, 1));
  Tensor forward(const Tensor& x) { return fc2(relu(fc1(x))); }
};
const Loss kMse = [](const Tensor& p, const Tensor& y) { return nn::functional::mse_loss(p, y); };

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

/// The optimizer that writes such groups, with defaults, of these parameters.
std::unique_ptr<optim::Optimizer> optimizer_for(const Value& state, const std::vector<Tensor>& params) {
  std::vector<std::vector<Tensor>> groups;
  for (const Value& g : state["param_groups"].elements()) {
    groups.emplace_back();
    for (const Value& index : g["params"].elements())
      groups.back().push_back(params[static_cast<std::size_t>(index.as_int()) % params.size()]);
  }
  const Value& group = state["param_groups"][0];
  if (group.contains("amsgrad")) return with_groups<optim::Adam>(groups, optim::AdamOptions{});
  if (group.contains("centered")) return with_groups<optim::RMSprop>(groups, optim::RMSpropOptions{});
  if (group.contains("lr_decay")) return with_groups<optim::Adagrad>(groups, optim::AdagradOptions{});
  if (group.contains("nesterov")) return with_groups<optim::SGD>(groups, optim::SGDOptions{});
  throw Unsupported{"the state of an optimizer that harker has not"};
}
/// The same with parameters of the shapes that Dracula's model has, over and over.
std::unique_ptr<optim::Optimizer> optimizer_for(const Value& state) {
  static const Shape kShapes[] = {{20, 10}, {20}, {1, 20}, {1}};
  std::size_t count = 0;
  for (const Value& g : state["param_groups"].elements()) count += g["params"].len();
  std::vector<Tensor> params;
  for (std::size_t i = 0; i < count; ++i) params.push_back(zeros(kShapes[i % 4]).requires_grad_());
  return optimizer_for(state, params);
}

/// Of the entries of a checkpoint, by what they hold: the first that has such a key.
const Value& entry_with(const Value& checkpoint, const char* key) {
  for (const auto& item : checkpoint.items())
    if (item.second.is_dict() && item.second.contains(key)) return item.second;
  throw Unsupported{std::string("a checkpoint without ") + key};
}

/// Loads a checkpoint, trains as long as its losses are known, and compares: `loss_epochs_101_200` are those of after.
void go_on(const Json& resume, const std::filesystem::path& folder) {
  const Value checkpoint = load(folder / resume.at("checkpoint").get<std::string>());
  const Json data = read_ordered_json(folder / resume.at("data").get<std::string>());
  const std::string first_weight = resume.at("final_weights").items().begin().key();
  const StateDict weights(entry_with(checkpoint, first_weight.c_str()));
  const DType dtype = weights.begin()->second.dtype();
  Chain model = make_model(weights, dtype);
  const Value& state = entry_with(checkpoint, "param_groups");
  const auto optimizer = optimizer_for(state, model.parameters());
  optimizer->load_state_dict(state);
  Schedule schedule;
  if (resume.contains("scheduler") && !resume.at("scheduler").is_null()) {
    schedule = Schedule(resume.at("scheduler"), *optimizer);
    schedule.load(std::vector<Value>{entry_with(checkpoint, "_last_lr")});
    optimizer->load_state_dict(state);  // making a scheduler has set a rate
  }
  const Loss loss_of = make_loss(resume.at("loss"), dtype);
  const auto clip = make_clipping(resume);
  const Tensor x = as(tensor_from(data.at("x")), dtype), y = as(tensor_from(data.at("y")), dtype);
  const std::int64_t batch =
      resume.at("batch_size").is_null() ? x.size(0) : resume.at("batch_size").get<std::int64_t>();
  const Json* losses = nullptr;
  int latest = 1;  // those from the first epoch on were before the checkpoint
  for (const auto& item : resume.items()) {
    int first = 0, last = 0;
    if (std::sscanf(item.key().c_str(), "loss_epochs_%d_%d", &first, &last) != 2 || first <= latest) continue;
    latest = first;
    losses = &item.value();
  }
  if (!losses) throw Unsupported{"a checkpoint whose later losses are not given"};
  double worst = 0;
  for (const auto& want : *losses) {
    const double loss = train_epoch(
        model, *optimizer, loss_of, x, y, batch, [&](std::int64_t) { clip(model.parameters()); },
        [](std::int64_t, double) {});
    if (!schedule.empty()) schedule.step(loss);
    const double off = std::abs(loss - number(want)) / number(want);
    worst = std::isnan(off) ? INFINITY : std::max(worst, off);
  }
  const bool wide = dtype == kFloat64;
  CHECK(worst < (wide ? 1e-9 : 1e-4));
  for (const auto& [name, t] : model.named_parameters())
    CHECK(allclose(t, tensor_from(resume.at("final_weights").at(name)).to(dtype), wide ? 1e-8 : 1e-3,
                   wide ? 1e-9 : 1e-4));
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
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: no ", folder.string());
    return;
  }
  int ran = 0, skipped = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    const Json resume = read_ordered_json(file.path());
    if (!resume.is_object() || !resume.contains("checkpoint")) continue;
    CAPTURE(file.path().string());
    try {
      go_on(resume, folder);
      ++ran;
    } catch (const Unsupported& u) {
      MESSAGE("skipped: ", file.path().string(), ": ", u.why);
      ++skipped;
    }
  }
  MESSAGE(ran, " checkpoints were gone on with");
  if (own_fixtures()) CHECK((ran > 0 && skipped == 0));
}

TEST_CASE("checkpoint: the data and initial weights in torch's files are those of the JSON") {
  const auto folder = fixtures() / "train";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: no ", folder.string());
    return;
  }
  int compared = 0;
  const auto same = [&](const Value& tensor, const std::filesystem::path& json, const char* key) {
    if (!std::filesystem::exists(json)) return;
    const Json all = read_ordered_json(json);
    if (!all.contains(key)) return;
    CAPTURE(json.string());
    CHECK(equal(tensor.tensor(), tensor_from(all.at(key))));
    ++compared;
  };
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".pt") continue;
    const Value all = load(file.path());
    for (const auto& [key, value] : all.items()) {
      const std::string name(key.as_string());
      std::filesystem::path twin = file.path();
      same(value, twin.replace_extension(".json"), name.c_str());
      // Targets of several kinds lie beside one x: y_KIND here, and y in data_KIND.json.
      if (name.starts_with("y_"))
        same(value, folder / (file.path().stem().string() + "_" + name.substr(2) + ".json"), "y");
    }
  }
  if (own_fixtures()) CHECK(compared >= 8);
}

TEST_CASE("checkpoint: training that was saved and loaded in the middle ends with the same bits") {
  manual_seed(3);
  const Tensor x = randn({64, 10}), y = randn({64, 1});
  DraculaModel through;
  DraculaModel split;
  split.load_state_dict(through.state_dict());
  optim::Adam one(through.parameters(), {.lr = 0.01}), two(split.parameters(), {.lr = 0.01});
  for (int epoch = 0; epoch < 100; ++epoch) {
    train_epoch(through, one, kMse, x, y, 16);
    train_epoch(split, two, kMse, x, y, 16);
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
      train_epoch(straight, going_on, kMse, x, y, 16);
      train_epoch(resumed, optimizer, kMse, x, y, 16);
    }
    for (std::size_t i = 0; i < 4; ++i) CHECK(equal(straight.parameters()[i], resumed.parameters()[i]));
  }
}
