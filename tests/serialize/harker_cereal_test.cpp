// harker's types as members of a user's own cereal structures.
#include <doctest/doctest.h>
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
