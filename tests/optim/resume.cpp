// For resume_test.cpp: a run of ten epochs with shuffling and dropout, whole, or saved in the middle of the sixth and
// gone on with by another process. `resume OPTIMIZER whole|first|second [PATH]` prints all that it ended with, hashed.
#include <harker/harker.h>
#include <sha256.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

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

void run(const std::string& name, bool first, bool second, const std::string& path) {
  manual_seed(11);
  const Tensor x = randn({kSamples, 10}), y = randn({kSamples, 1});
  if (second) manual_seed(99);  // nothing but the file may matter from here
  Net net;
  const auto optimizer = optimizer_named(name, net.parameters());
  optim::CosineAnnealingLR scheduler(*optimizer, {.T_max = 100});
  optim::ReduceLROnPlateau plateau(*optimizer, {.patience = 7});
  nn::data::DataLoader loader(nn::data::TensorDataset(x, y), {.batch_size = kBatch, .shuffle = true});
  std::int64_t step = 0;
  if (second) {
    const Checkpoint c = load_checkpoint(path);
    step = c.step;
    net.load_state_dict(c.model("net"));
    optimizer->load_state_dict(c.optimizer("optimizer"));
    scheduler.load_state_dict(c.scheduler("cosine"));
    plateau.load_state_dict(c.scheduler("plateau"));
    loader.load_state_dict(c.loader("train"));
    default_generator().load_state_dict(c.generator("default"));
  }
  const std::int64_t end = first ? kStop : kSteps;
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
  if (first) save_checkpoint(c, path);
  std::printf("%s\n", test::sha256_hex(save_to_bytes(c, {.format = "harker"})).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc >= 3) {
      run(argv[1], !std::strcmp(argv[2], "first"), !std::strcmp(argv[2], "second"), argc > 3 ? argv[3] : "");
      return 0;
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::fprintf(stderr, "usage: resume OPTIMIZER whole|first|second [PATH]\n");
  return 2;
}
