// Two models that depend on each other, in one file. Dracula's threat model sees ten signs of a night and says how
// great the danger is; the second model asks another question of the same signs (how far away is he?) and uses the
// first one's first layer. Trained together, saved once, loaded together and apart.
#include <harker/harker.h>
#include <cstdio>

using namespace harker;
using nn::functional::mse_loss;

struct ThreatModel : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));
  nn::Linear fc2 = register_module("fc2", nn::Linear(20, 1));
  Tensor forward(const Tensor& x) { return fc2(relu(fc1(x))); }
};

struct DistanceModel : nn::Module {
  nn::Linear signs;  // the threat model's first layer: a copied module is another name for the same one
  nn::Linear out = register_module("out", nn::Linear(20, 1));
  explicit DistanceModel(const nn::Linear& shared) : signs(register_module("signs", shared)) {}
  Tensor forward(const Tensor& x) { return out(relu(signs(x))); }
};

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "two_models.harker";
  manual_seed(0);
  const Tensor x = randn({250, 10}), threat = mean(x, {1}, true), distance = mean(x * x, {1}, true);

  ThreatModel threat_model;
  DistanceModel distance_model(threat_model.fc1);
  std::vector<Tensor> parameters = threat_model.parameters();
  for (const Tensor& p : distance_model.out.parameters()) parameters.push_back(p);
  optim::Adam optimizer(parameters, {.lr = 0.01});
  for (int epoch = 0; epoch < 200; ++epoch) {
    optimizer.zero_grad();
    Tensor loss = mse_loss(threat_model.forward(x), threat) + mse_loss(distance_model.forward(x), distance);
    loss.backward();
    optimizer.step();
    if (epoch % 50 == 49) std::printf("epoch %3d  loss %.4f\n", epoch + 1, loss.item());
  }

  Checkpoint checkpoint;
  checkpoint.epoch = 200;
  checkpoint.add_model("threat", threat_model).add_model("distance", distance_model).add_optimizer("adam", optimizer);
  save_checkpoint(checkpoint, path);

  // Together: the layer they share is stored once, and is one layer again in models that share it.
  const Checkpoint loaded = load_checkpoint(path);
  ThreatModel threat2;
  DistanceModel distance2(threat2.fc1);
  threat2.load_state_dict(loaded.model("threat"));
  distance2.load_state_dict(loaded.model("distance"));
  {
    NoGradGuard no_grad;
    const Tensor before = distance2.forward(x);
    threat2.fc1.weight.fill_(0);  // changing one model's layer changes the other's
    const bool shared = !equal(distance2.forward(x), before);
    std::printf("both loaded, one layer shared: %s\n", shared ? "yes" : "no");
    if (!shared || !equal(before, distance_model.forward(x))) return 1;
  }

  // Apart: only the bytes of this model are read.
  DistanceModel alone{nn::Linear(10, 20)};
  alone.load_state_dict(load(path, {.only = "distance"}));
  NoGradGuard no_grad;
  const bool same = equal(alone.forward(x), distance_model.forward(x));
  std::printf("the second model alone answers as before: %s\n", same ? "yes" : "no");
  return same ? 0 : 1;
}
