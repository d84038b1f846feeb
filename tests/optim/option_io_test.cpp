// Numbers in the forms that Python's callers leave in an option: NumPy's scalars and arrays of one element, bools,
// integral floats, 0 and 1 for a flag. All that PyTorch goes on with is read, and written again as it was.
#include <doctest/doctest.h>
#include <harker/optim/optim.h>
#include <test_tensor.h>

#include <cmath>
#include <cstring>

using namespace harker;
using namespace harker::test;

namespace {

template <class T>
Value::Numpy numpy(const char* dtype, T v) {
  Value::Numpy n;
  n.dtype = dtype;
  n.data.resize(sizeof v);
  std::memcpy(n.data.data(), &v, sizeof v);
  return n;
}
template <class T>
Value scalar(const char* dtype, T v) {
  return Value::numpy_scalar(numpy(dtype, v));
}
template <class T>
Value array(const char* dtype, T v, const Shape& shape = {}) {
  Value::Numpy n = numpy(dtype, v);
  n.shape = shape;
  return Value::numpy_array(n);
}

/// The state of `o` with another value of one option of its group.
Value in_group(const optim::Optimizer& o, const char* key, Value v) {
  const Value state = o.state_dict();
  Value group = state["param_groups"][0];
  group.set(key, std::move(v));
  return Value::dict({{"state", state["state"]}, {"param_groups", Value::list({group})}});
}
template <class S>
Value with(const S& scheduler, const char* key, Value v) {
  Value state = scheduler.state_dict();
  state.set(key, std::move(v));
  return state;
}

/// `to` takes the state and writes it again as it was.
template <class T>
void takes(T& to, const Value& state) {
  const std::string text = words([&] { to.load_state_dict(state); });
  CHECK(text == "nothing was thrown");
  CHECK(to.state_dict().equals(state));
}

std::vector<Tensor> one_parameter() { return {ones({2}).requires_grad_()}; }

}  // namespace

TEST_CASE("options: a number may be NumPy's or a bool, and is written again as it was") {
  optim::SGD sgd(one_parameter(), {.lr = 0.5, .momentum = 0.5});
  for (const Value& v : {scalar("<f8", 0.25), scalar("<f4", 0.25f), array("<f8", 0.25), array("<f4", 0.25f, {1})}) {
    CAPTURE(v.type_name());
    optim::SGD to(one_parameter(), {.lr = 0.5, .momentum = 0.5});
    takes(to, in_group(sgd, "lr", v));
    CHECK(to.lr() == 0.25);
    takes(to, in_group(sgd, "weight_decay", v));
    CHECK(to.options().weight_decay == 0.25);
    to.options().weight_decay = 0.75;  // another number is a plain one
    CHECK(to.state_dict()["param_groups"][0]["weight_decay"].is_float());
  }
  takes(sgd, in_group(sgd, "momentum", false));
  CHECK(sgd.options().momentum == 0);
  takes(sgd, in_group(sgd, "weight_decay", scalar<std::int64_t>("<i8", 2)));
  CHECK(sgd.options().weight_decay == 2);
  const Value bad[] = {
      "0.5", {}, Value::list({0.5}), Complex{1, 0}, scalar("<c8", std::uint64_t{0}), array("<f4", 0.5, {2})};
  for (const Value& v : bad) {
    CAPTURE(v.type_name());
    CHECK_THROWS_AS(sgd.load_state_dict(in_group(sgd, "lr", v)), TypeError);
  }
}

TEST_CASE("options: a flag may be 0, 1 or NumPy's bool") {
  optim::SGD sgd(one_parameter(), {.lr = 0.5, .momentum = 0.5});
  takes(sgd, in_group(sgd, "nesterov", 1));
  CHECK(sgd.options().nesterov);
  sgd.options().nesterov = false;
  CHECK(sgd.state_dict()["param_groups"][0]["nesterov"].is_bool());
  optim::Adam adam(one_parameter());
  takes(adam, in_group(adam, "amsgrad", scalar("|b1", true)));
  CHECK(adam.options().amsgrad);
  takes(adam, in_group(adam, "amsgrad", 0));
  CHECK(!adam.options().amsgrad);
  CHECK_THROWS_AS(adam.load_state_dict(in_group(adam, "amsgrad", 2)), TypeError);
  CHECK_THROWS_AS(adam.load_state_dict(in_group(adam, "amsgrad", "yes")), TypeError);
  CHECK_THROWS_AS(adam.load_state_dict(in_group(adam, "amsgrad", Value())), TypeError);
  optim::AdamW adamw(one_parameter());
  for (const Value& no : {Value(0), scalar("|b1", false)})
    CHECK(
        has(words([&] { adamw.load_state_dict(in_group(adam, "decoupled_weight_decay", no)); }), "this one is AdamW"));
}

TEST_CASE("options: a scheduler's whole number may be a float, its numbers NumPy's") {
  optim::SGD o(one_parameter(), {.lr = 0.5});
  optim::CosineAnnealingLR cosine(o, {.T_max = 7});
  optim::StepLR step(o, {.step_size = 7});
  optim::LinearLR linear(o);
  optim::ExponentialLR exponential(o, {.gamma = 0.5});
  optim::ReduceLROnPlateau plateau(o);
  for (const Value& fifty : {Value(50.0), scalar<std::int64_t>("<i8", 50), scalar<std::int32_t>("<i4", 50),
                             scalar("<f4", 50.0f), array<std::int64_t>("<i8", 50)}) {
    CAPTURE(fifty.type_name());
    takes(cosine, with(cosine, "T_max", fifty));
    CHECK(cosine.options().T_max == 50);
    takes(step, with(step, "step_size", fifty));
    CHECK(step.options().step_size == 50);
    takes(linear, with(linear, "total_iters", fifty));
    CHECK(linear.options().total_iters == 50);
    takes(plateau, with(plateau, "patience", fifty));
  }
  takes(exponential, with(exponential, "gamma", scalar("<f8", 0.75)));
  CHECK(exponential.options().gamma == 0.75);
  for (const Value& v : {Value(12.5), Value(INFINITY), Value(NAN), Value(0x1p60), Value("50"), Value()}) {
    CAPTURE(v.type_name());
    CHECK_THROWS_AS(cosine.load_state_dict(with(cosine, "T_max", v)), TypeError);
  }
}

TEST_CASE("options: milestones may be floats or NumPy's") {
  optim::SGD o(one_parameter(), {.lr = 0.5});
  optim::MultiStepLR multi(o, {.milestones = {7}});
  const Value counter = Value::dict({{2.0, 1}, {scalar<std::int64_t>("<i8", 30), 2}}, DictFlavour::counter);
  multi.load_state_dict(with(multi, "milestones", counter));
  CHECK(multi.options().milestones == std::vector<std::int64_t>{2, 30, 30});
  for (const Value& bad : {Value(2.5), Value("2"), Value(INFINITY)}) {
    const Value wrong = Value::dict({{bad, 1}}, DictFlavour::counter);
    CHECK_THROWS_AS(multi.load_state_dict(with(multi, "milestones", wrong)), TypeError);
  }
}

TEST_CASE("options: the initial rate in an optimizer's group may be NumPy's or a tensor") {
  for (const Value& rate : {array("<f8", 0.25), scalar("<f8", 0.25), Value(full({}, 0.25))}) {
    CAPTURE(rate.type_name());
    optim::SGD o(one_parameter(), {.lr = 0.5});
    o.load_state_dict(in_group(o, "initial_lr", rate));
    optim::ExponentialLR exponential(o, {.gamma = 0.5});
    CHECK(exponential.state_dict()["base_lrs"][0].as_double() == 0.25);
  }
}
