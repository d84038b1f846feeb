// XOR, the smallest thing that a network needs a hidden layer for.
#include <harker/harker.h>
#include <iostream>
using namespace harker;

int main() {
  manual_seed(0);
  const Tensor x = tensor({{0., 0.}, {0., 1.}, {1., 0.}, {1., 1.}}), y = tensor({{0.}, {1.}, {1.}, {0.}});
  nn::Sequential net{nn::Linear(2, 8), nn::Tanh(), nn::Linear(8, 1), nn::Sigmoid()};
  optim::Adam optimizer(net.parameters(), {.lr = 0.05});
  for (int step = 0; step < 500; ++step) {
    optimizer.zero_grad();
    nn::functional::mse_loss(net(x), y).backward();
    optimizer.step();
  }
  std::cout << net(x).round().detach() << '\n';
}
