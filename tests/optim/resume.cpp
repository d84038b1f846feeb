// For resume_test.cpp: a run of ten epochs with shuffling and dropout, whole, or saved in the middle of the sixth and
// gone on with by another process: `resume OPTIMIZER whole END`, `resume OPTIMIZER first MIDDLE`, `resume OPTIMIZER
// second END MIDDLE`.
#include <harker/harker.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

using namespace harker;

namespace {

constexpr std::int64_t kSamples = 29, kBatch = 4, kBatches = 8, kSteps = 10 * kBatches, kStop = 5 * kBatches + 3;

struct Net : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));
  nn::Linear fc2 = register_module("fc2", nn::Linear(20, 1));
  Tensor forward(const Tensor& x) { return fc2(nn::functional::dropout(relu(fc1(x)), 0.3)); }
};

std::unique_ptr<optim::Optimizer> optimizer_named(const std::string& name, const std::vector<Tensor>& p) {
  if (name == "SGD") return std::make_unique<optim::SGD>(p, optim::SGDOptions{.lr = 0.02});
  if (name == "momentum")
    return std::make_unique<optim::SGD>(p, optim::SGDOptions{.lr = 0.02, .momentum = 0.9, .nesterov = true});
  if (name == "Adam") return std::make_unique<optim::Adam>(p, optim::AdamOptions{.lr = 0.01});
  if (name == "AdamW") return std::make_unique<optim::AdamW>(p, optim::AdamWOptions{.lr = 0.01, .amsgrad = true});
  if (name == "RMSprop")
    return std::make_unique<optim::RMSprop>(p, optim::RMSpropOptions{.lr = 0.01, .momentum = 0.5, .centered = true});
  if (name == "Adagrad")
    return std::make_unique<optim::Adagrad>(p, optim::AdagradOptions{.lr = 0.05, .lr_decay = 0.01});
  throw Error("no optimizer " + name);
}

// From the beginning, or from the file `from`; to the middle, or to the end.
void run(const std::string& name, const std::string& from, const std::string& to, bool to_the_end) {
  manual_seed(11);
  const Tensor x = randn({kSamples, 10}), y = randn({kSamples, 1});
  if (!from.empty()) manual_seed(99);  // nothing but the file may matter from here
  Net net;
  const auto optimizer = optimizer_named(name, net.parameters());
  optim::CosineAnnealingLR scheduler(*optimizer, {.T_max = 100});
  optim::ReduceLROnPlateau plateau(*optimizer, {.patience = 7});
  nn::data::DataLoader loader(nn::data::TensorDataset(x, y), {.batch_size = kBatch, .shuffle = true});
  std::int64_t step = 0;
  if (!from.empty()) {
    const Checkpoint c = load_checkpoint(from);
    step = c.step;
    net.load_state_dict(c.model("net"));
    optimizer->load_state_dict(c.optimizer("optimizer"));
    scheduler.load_state_dict(c.scheduler("cosine"));
    plateau.load_state_dict(c.scheduler("plateau"));
    loader.load_state_dict(c.loader("train"));
    default_generator().load_state_dict(c.generator("default"));
  }
  const std::int64_t end = to_the_end ? kSteps : kStop;
  net.train();
  while (step < end)
    for (const auto& [inputs, targets] : loader) {
      optimizer->zero_grad();
      Tensor loss = nn::functional::mse_loss(net.forward(inputs), targets);
      loss.backward();
      optimizer->step();
      scheduler.step();
      plateau.step(loss.item());
      if (++step == end) break;
    }
  Checkpoint c;
  c.step = step;
  c.add_model("net", net).add_optimizer("optimizer", *optimizer);
  c.add_scheduler("cosine", scheduler).add_scheduler("plateau", plateau);
  c.add_loader("train", loader).add_generator("default", default_generator());
  save_checkpoint(c, to);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  try {
    if (args.size() == 3 && args[1] != "second") return run(args[0], "", args[2], args[1] == "whole"), 0;
    if (args.size() == 4) return run(args[0], args[3], args[2], true), 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::fprintf(stderr, "usage: resume OPTIMIZER whole|first|second TO [FROM]\n");
  return 2;
}
