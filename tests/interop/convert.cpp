// convert IN.pt OUT.pt, for judge_convert.py. IN: {"grid": tensors by name, "states": state dicts of a Linear(3, 2) by
// name}. OUT: {"grid": each tensor as every dtype, "models": each state loaded into a model of every dtype that models
// have}; where harker refuses, its message.
#include <harker/harker.h>

#include <iostream>

namespace {

using namespace harker;

Value as_every_dtype(const Value& grid) {
  Value out = Value::dict();
  for (const auto& [key, from] : grid.items()) {
    Value converted = Value::dict();
    for (int i = 0; i < kDTypes; ++i) {
      const auto to = static_cast<DType>(i);
      if (to >= DType::qint8) continue;  // only inside quantized tensors
      try {
        converted.set(name(to), from.tensor().to(to));
      } catch (const TypeError& e) { converted.set(name(to), e.what()); }
    }
    out.set(key, converted);
  }
  return out;
}

Value in_every_model(const Value& states) {
  Value out = Value::dict();
  for (const auto& [key, state] : states.items()) {
    Value models = Value::dict();
    for (DType t : {kFloat32, kFloat64, kFloat16, kBFloat16}) {
      nn::Linear model(3, 2);
      model.to(t);
      try {
        model.load_state_dict(state);
        models.set(name(t), model.state_dict());
      } catch (const TypeError& e) { models.set(name(t), e.what()); }
    }
    out.set(key, models);
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: convert IN.pt OUT.pt\n";
    return 2;
  }
  const Value in = load(argv[1]);
  save(Value::dict({{"grid", as_every_dtype(in["grid"])}, {"models", in_every_model(in["states"])}}), argv[2]);
}
