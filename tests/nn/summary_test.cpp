// nn::summary: the table, and that the model is as it was.
#include <doctest/doctest.h>
#include <harker/core/random.h>
#include <harker/nn/nn.h>

using namespace harker;

namespace {
struct Net : nn::Module {
  nn::Sequential body = register_module("body", nn::Sequential{nn::Linear(4, 1200), nn::BatchNorm1d(1200), nn::ReLU()});
  nn::Dropout drop = register_module("drop", nn::Dropout(0.5));
  nn::Linear head = register_module("head", nn::Linear(1200, 2));
  nn::Linear spare = register_module("spare", nn::Linear(1, 1));
  Net() : Module("Net") {}
  Tensor forward(const Tensor& x) const { return head(drop(body(x))); }
};
}  // namespace

TEST_CASE("summary: every module with its output's shape and its own parameters, and the sums") {
  Net net;
  net.spare.requires_grad_(false);
  net.drop.eval();
  const Tensor before = default_generator().state();
  CHECK(nn::summary(net, randn({3, 4}, {}, *std::make_unique<Generator>(1))) ==
        "module              output shape  parameters\n"
        "--------------------------------------------\n"
        "Net                 (3, 2)                 -\n"
        "  body  Sequential  (3, 1200)              -\n"
        "    0  Linear       (3, 1200)          6,000\n"
        "    1  BatchNorm1d  (3, 1200)          2,400\n"
        "    2  ReLU         (3, 1200)              -\n"
        "  drop  Dropout     (3, 1200)              -\n"
        "  head  Linear      (3, 2)             2,402\n"
        "  spare  Linear     -                      2\n"
        "10,804 parameters, 10,802 of them trained; 43,216 bytes\n");
  CHECK(equal(default_generator().state(), before));
  CHECK(net.is_training());
  CHECK(net.body.is_training());
  CHECK(!net.drop.is_training());
  CHECK(net.state_dict()["body.1.num_batches_tracked"].item<std::int64_t>() == 0);
}

TEST_CASE("summary: a model that throws is as it was, too") {
  Net net;
  CHECK_THROWS_AS(nn::summary(net, randn({3, 5})), ShapeError);
  CHECK(net.is_training());
  CHECK(net.forward(randn({3, 4})).shape() == Shape{3, 2});
}
