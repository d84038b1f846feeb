// What the command says of checkpoints: their summary, what their models share, and what is wrong with one.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/serialize/checkpoint.h>

#include "run.h"

using namespace harker;
using harker::test::harker_command;

namespace {

struct Model {
  StateDict state;
  StateDict state_dict() const { return state; }
  void load_state_dict(const Value& v) { state = StateDict(v); }
};

Checkpoint two_models() {
  const Tensor shared = ones({3, 2});
  Checkpoint c;
  c.epoch = 7, c.step = 210;
  c.metrics.set("loss", 0.25);
  c.hyper_parameters.set("lr", 0.01);
  c.add_model("body", Model{{{"fc1.weight", shared}}});
  c.add_model("head", Model{{{"body.fc1.weight", shared}, {"out.weight", ones({1, 3})}}});
  c.add_generator("default", default_generator());
  return c;
}

}  // namespace

TEST_CASE("cli: a checkpoint is summed up, and says which models share memory, in every format") {
  const test::TempFolder folder;
  for (const std::string extension : {".harker", ".pt", ".pb"}) {
    CAPTURE(extension);
    const std::string path = folder / ("run" + extension);
    save_checkpoint(two_models(), path);
    const test::Run r = harker_command({"inspect", path});
    CHECK(r.status == 0);
    CHECK(r.out.find("checkpoint: epoch 7, step 210\n") != std::string::npos);
    CHECK(r.out.find("body (1 tensor), head (2 tensors; shares with body)") != std::string::npos);
    CHECK(r.out.find("generators  default\n") != std::string::npos);
    CHECK(r.out.find("{'loss': 0.25}") != std::string::npos);
    CHECK(r.out.find("shares memory with body.fc1.weight") != std::string::npos);
    CHECK(r.out.find("optimizers") == r.out.find("optimizers", r.out.find("checkpoint.optimizers")));  // no empty line
    CHECK(harker_command({"verify", path}).out.find("ok, a checkpoint, 4 tensors") != std::string::npos);
  }
}

TEST_CASE("cli: verify says what is wrong with a checkpoint") {
  const test::TempFolder folder;
  const std::string path = folder / "run.harker";
  Value v = two_models();
  Value run = v["checkpoint"];
  run.set("models", Value::list({"body", "castle"}));
  save(v, path);
  const test::Run r = harker_command({"verify", path});
  CHECK(r.status == 1);
  CHECK(r.err.find("'castle' must be the state dict of a model, it is missing") != std::string::npos);
  CHECK(harker_command({"inspect", path}).status == 0);  // one can still look into it

  run.set("models", 3);
  save(v, path);
  CHECK(harker_command({"verify", path}).err.find("checkpoint.models") != std::string::npos);
  v.set("checkpoint", "of somebody else");  // and so none of ours
  save(v, path);
  CHECK(harker_command({"verify", path}).status == 0);
}
