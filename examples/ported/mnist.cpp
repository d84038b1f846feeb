// LibTorch's example mnist, ported: a convolutional network learns to read digits. They are those of examples/data, of
// 8 x 8 pixels where MNIST has 28 x 28, and so the layers have other sizes.
#include <cstdio>

#include <harker/harker.h>
#include <harker/nn/data/transforms.h>

#include "../shipped.h"

using namespace harker;

const std::int64_t kTrainBatchSize = 64, kTestBatchSize = 1000, kNumberOfEpochs = 15, kLogInterval = 10;

struct Net : nn::Module {
  nn::Conv2d conv1 = register_module("conv1", nn::Conv2d(1, 10, /*kernel_size=*/3, {.padding = 1}));
  nn::Conv2d conv2 = register_module("conv2", nn::Conv2d(10, 20, /*kernel_size=*/3, {.padding = 1}));
  nn::Dropout2d conv2_drop = register_module("conv2_drop", nn::Dropout2d());
  nn::Linear fc1 = register_module("fc1", nn::Linear(80, 50));
  nn::Linear fc2 = register_module("fc2", nn::Linear(50, 10));

  Tensor forward(Tensor x) {
    x = relu(max_pool2d(conv1(x), 2));
    x = relu(max_pool2d(conv2_drop(conv2(x)), 2));
    x = x.view({-1, 80});
    x = relu(fc1(x));
    x = dropout(x, /*p=*/0.5, /*training=*/is_training());
    x = fc2(x);
    return log_softmax(x, /*dim=*/1);
  }
};

/// Digits `begin` to `end`, as datasets::MNIST would give them, normalized.
auto digits(std::int64_t begin, std::int64_t end) {
  const Tensor images = nn::data::read_idx(shipped("digits-images.idx")).to(kFloat).unsqueeze(1) / 16;
  const Tensor labels = nn::data::read_idx(shipped("digits-labels.idx")).to(kLong);
  return nn::data::map(nn::data::TensorDataset(images.slice(0, begin, end), labels.slice(0, begin, end)),
                       nn::data::transforms::Normalize(0.3053, 0.3760));
}

template <class DataLoader>
void train(std::int64_t epoch, Net& model, Device device, DataLoader& data_loader, optim::Optimizer& optimizer) {
  model.train();
  std::int64_t batch_idx = 0;
  for (auto& [images, labels] : data_loader) {
    const Tensor data = images.to(device), targets = labels.to(device);
    optimizer.zero_grad();
    const Tensor loss = nll_loss(model.forward(data), targets);
    loss.backward();
    optimizer.step();
    if (batch_idx++ % kLogInterval == 0)
      std::printf("Train Epoch: %ld [%5ld/%5ld] Loss: %.4f\n", epoch, batch_idx * data.size(0),
                  data_loader.dataset().size(), loss.item<float>());
  }
}

template <class DataLoader>
double test(Net& model, Device device, DataLoader& data_loader) {
  NoGradGuard no_grad;
  model.eval();
  double test_loss = 0;
  std::int64_t correct = 0;
  for (auto& [images, labels] : data_loader) {
    const Tensor data = images.to(device), targets = labels.to(device);
    const Tensor output = model.forward(data);
    test_loss += nll_loss(output, targets, {.reduction = Reduction::sum}).item<float>();
    correct += output.argmax(1).eq(targets).sum().item<std::int64_t>();
  }
  const auto size = static_cast<double>(data_loader.dataset().size());
  const double accuracy = static_cast<double>(correct) / size;
  std::printf("Test set: Average loss: %.4f | Accuracy: %.3f\n", test_loss / size, accuracy);
  return accuracy;
}

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "mnist.pt";
  manual_seed(1);
  const Device device = cuda::is_available() ? kCUDA : kCPU;
  Net model;
  model.to(device);

  nn::data::DataLoader train_loader(digits(0, 1437), {.batch_size = kTrainBatchSize});
  nn::data::DataLoader test_loader(digits(1437, 1797), {.batch_size = kTestBatchSize});
  optim::SGD optimizer(model.parameters(), {.lr = 0.1, .momentum = 0.5});

  double accuracy = 0;
  for (std::int64_t epoch = 1; epoch <= kNumberOfEpochs; ++epoch) {
    train(epoch, model, device, train_loader, optimizer);
    accuracy = test(model, device, test_loader);
  }
  save(model, path);

  Net loaded;
  load(loaded, path);
  return accuracy > 0.9 && test(loaded, device, test_loader) == accuracy ? 0 : 1;
}
