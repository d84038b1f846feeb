// harker's types as members of a user's own cereal structures.
#include <doctest/doctest.h>
#include <harker/core/random.h>
#include <harker/nn/nn.h>
#include <harker/optim/optim.h>
#include <harker/serialize/cereal.h>

#include <cereal/archives/binary.hpp>
#include <cereal/archives/json.hpp>
#include <cereal/archives/portable_binary.hpp>
#include <cereal/archives/xml.hpp>
#include <sstream>

namespace {

using namespace harker;

struct Experiment {
  std::string name;
  StateDict model;
  Tensor noise, nothing;
  Value history;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(name), CEREAL_NVP(model), CEREAL_NVP(noise), CEREAL_NVP(nothing), CEREAL_NVP(history));
  }
};

Experiment experiment() {
  return {
      "castle", StateDict{{"w", arange(0.0, 4)}}, ones({2, 2}), {}, Value::dict({{"loss", Value::list({0.5, 0.25})}})};
}

template <class Output, class Input>
void round_trip() {
  std::stringstream stream;
  {
    Output out(stream);
    Experiment e = experiment();
    out(e);
  }
  Experiment e;
  Input in(stream);
  in(e);
  CHECK(e.name == "castle");
  CHECK(equal(e.model["w"], arange(0.0, 4)));
  CHECK(equal(e.noise, ones({2, 2})));
  CHECK_FALSE(e.nothing.defined());
  CHECK(e.history["loss"][1].as_double() == 0.25);
}

}  // namespace

TEST_CASE("cereal: tensors, state dicts and values in a user's own archives") {
  round_trip<cereal::BinaryOutputArchive, cereal::BinaryInputArchive>();
  round_trip<cereal::PortableBinaryOutputArchive, cereal::PortableBinaryInputArchive>();
  round_trip<cereal::JSONOutputArchive, cereal::JSONInputArchive>();
  round_trip<cereal::XMLOutputArchive, cereal::XMLInputArchive>();
}

namespace {

struct Net : nn::Module {
  nn::Linear fc = register_module("fc", nn::Linear(3, 2));
  Tensor forward(const Tensor& x) { return fc(x); }
};
// What a user writes: members of any kind, one serialize function for both ways.
struct Run {
  int epoch = 0;
  Net net;
  optim::Adam adam{net.parameters(), {.lr = 0.01}};
  Generator generator;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(epoch), CEREAL_NVP(net), CEREAL_NVP(adam), CEREAL_NVP(generator));
  }
  void step() {
    adam.zero_grad();
    nn::functional::mse_loss(net.forward(randn({4, 3}, {}, generator)), ones({4, 2})).backward();
    adam.step();
    ++epoch;
  }
};
// A module with a serialize function of its own keeps it.
struct Named : Net {
  std::string name;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(name);
  }
};

template <class Output, class Input>
void goes_on() {
  manual_seed(5);
  Run run;
  run.generator.manual_seed(7);
  run.step();
  std::stringstream stream;
  {
    Output out(stream);
    out(run);
  }
  run.step();
  Run again;
  {
    Input in(stream);
    in(again);
  }
  again.step();
  CHECK(again.epoch == 2);
  CHECK(Value(again.net.state_dict()).equals(run.net.state_dict()));
  CHECK(again.adam.state_dict().equals(run.adam.state_dict()));
}

}  // namespace

TEST_CASE("cereal: a module, its optimizer and a generator go on where they were archived") {
  goes_on<cereal::BinaryOutputArchive, cereal::BinaryInputArchive>();
  goes_on<cereal::PortableBinaryOutputArchive, cereal::PortableBinaryInputArchive>();
  goes_on<cereal::JSONOutputArchive, cereal::JSONInputArchive>();
  goes_on<cereal::XMLOutputArchive, cereal::XMLInputArchive>();
}

TEST_CASE("cereal: a class with a serialize function of its own keeps it") {
  std::stringstream stream;
  {
    cereal::BinaryOutputArchive out(stream);
    Named named;
    named.name = "castle";
    out(named);
  }
  CHECK(stream.str().size() == 8 + 6);
}

TEST_CASE("cereal: a state that does not fit is refused and changes nothing") {
  std::stringstream stream;
  {
    cereal::BinaryOutputArchive out(stream);
    nn::Linear other(4, 2);
    out(other);
  }
  Net net;
  const Tensor before = net.fc.weight.clone();
  cereal::BinaryInputArchive in(stream);
  CHECK_THROWS_AS(in(net.fc), Error);
  CHECK(equal(net.fc.weight, before));
}

TEST_CASE("cereal: a length that lies takes no memory and damaged bytes are told") {
  std::stringstream stream;
  {
    cereal::BinaryOutputArchive out(stream);
    Tensor t = ones({3});
    out(t);
  }
  std::string good = stream.str();
  {
    std::string lie = good;
    lie[6] = 1;  // 2^48 bytes
    std::istringstream in(lie);
    cereal::BinaryInputArchive archive(in);
    Tensor t;
    CHECK_THROWS_AS(archive(t), cereal::Exception);
  }
  {
    std::string damaged = good;
    damaged[damaged.size() - 20] ^= 1;
    std::istringstream in(damaged);
    cereal::BinaryInputArchive archive(in);
    Tensor t;
    CHECK_THROWS_AS(archive(t), FormatError);
  }
}
