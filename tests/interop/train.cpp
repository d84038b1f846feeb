// train IN.pt OUT.pt: one stretch of the training that judge_train.py hands back and forth. IN holds x, y, steps, how
// the optimizer is made (class, options, named, groups), and the checkpoint that the stretch before ended with (model,
// optimizer), unless this is the first. OUT gets the next checkpoint and the losses, each from before its step.
#include <harker/harker.h>

#include <iostream>
#include <memory>

namespace {

using namespace harker;

struct DraculaModel : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));
  nn::ReLU relu = register_module("relu", nn::ReLU());
  nn::Linear fc2 = register_module("fc2", nn::Linear(20, 1));
  Tensor forward(const Tensor& x) { return fc2(relu(fc1(x))); }
};

template <class Options>
Options options_of(const Value& given) {
  Options o;
  for (const auto& [key, v] : given.items()) {
    const std::string_view name = key.as_string();
    if (name == "lr") o.lr = v.as_double();
    if (name == "betas") o.betas = {v[0].as_double(), v[1].as_double()};
    if (name == "eps") o.eps = v.as_double();
    if (name == "weight_decay") o.weight_decay = v.as_double();
    if (name == "amsgrad") o.amsgrad = v.as_bool();
    if (name == "maximize") o.maximize = v.as_bool();
  }
  return o;
}

template <class Optimizer, class Options>
std::unique_ptr<optim::Optimizer> make(DraculaModel& model, const Value& in) {
  const auto options = options_of<Options>(in["options"]);
  if (in["named"].as_bool()) return std::make_unique<Optimizer>(model.named_parameters(), options);
  if (!in["groups"].as_bool()) return std::make_unique<Optimizer>(model.parameters(), options);
  Options slow = options;
  slow.lr /= 10;
  return std::make_unique<Optimizer>(
      std::vector<optim::ParamGroup<Options>>{{model.fc1.parameters(), options}, {model.fc2.parameters(), slow}});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: train IN.pt OUT.pt\n";
    return 2;
  }
  const Value in = load(argv[1]);
  const Tensor x = in["x"].tensor(), y = in["y"].tensor();
  manual_seed(0);
  DraculaModel model;
  model.to(x.dtype());
  if (const Value* state = in.find("model")) model.load_state_dict(*state);
  const bool adamw = in["class"].as_string() == "AdamW";
  const auto optimizer =
      adamw ? make<optim::AdamW, optim::AdamWOptions>(model, in) : make<optim::Adam, optim::AdamOptions>(model, in);
  if (const Value* state = in.find("optimizer")) optimizer->load_state_dict(*state);

  Value losses = Value::list();
  for (std::int64_t i = 0; i < in["steps"].as_int(); ++i) {
    optimizer->zero_grad();
    Tensor loss = nn::functional::mse_loss(model.forward(x), y);
    loss.backward();
    optimizer->step();
    losses.push_back(loss.item());
  }
  save(Value::dict({{"model", model.state_dict()}, {"optimizer", optimizer->state_dict()}, {"losses", losses}}),
       argv[2], {.weights_only_safe = true});
}
