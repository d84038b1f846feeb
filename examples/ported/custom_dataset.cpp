// LibTorch's example custom-dataset, ported: a data set that reads an image file for each sample, and a list of these
// files with their labels. The images, circles, squares and crosses, are made first (shapes.h).
#include <harker/harker.h>

#include <fstream>
#include <iostream>

#include "shapes.h"

using namespace harker;

const std::int64_t kImageSize = 16, kTrainBatchSize = 8, kTestBatchSize = 200, kIterations = 10, kLogInterval = 20;
std::string dataset_path = "shapes/";

using Data = std::vector<std::pair<std::string, std::int64_t>>;

class CustomDataset {
 public:
  explicit CustomDataset(Data data) : data_(std::move(data)) {}
  std::pair<Tensor, std::int64_t> operator[](std::int64_t index) const {
    const auto& [name, label] = data_[static_cast<std::size_t>(index)];
    std::ifstream in(dataset_path + name, std::ios::binary);
    std::string magic;
    std::int64_t width = 0, height = 0, max = 0, n = kImageSize;
    in >> magic >> width >> height >> max;
    std::vector<char> bytes(static_cast<std::size_t>(n * n * 3));
    if (magic != "P6" || width != n || height != n || max != 255 || in.get() != '\n' ||
        !in.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
      throw std::runtime_error(name + " is no PPM file of the size expected");
    const Tensor image = from_blob(bytes.data(), {n, n, 3}, kByte).permute({2, 0, 1}).to(kFloat) / 255;
    return {image, label};
  }
  std::int64_t size() const { return static_cast<std::int64_t>(data_.size()); }

 private:
  Data data_;
};

/// What info.txt lists, one "circle/1.ppm 0 train" a line: to train with, and to test with.
std::pair<Data, Data> read_info() {
  std::ifstream stream(dataset_path + "info.txt");
  Data train, test;
  std::string path, type;
  for (std::int64_t label = 0; stream >> path >> label >> type;)
    (type == "train" ? train : test).emplace_back(path, label);
  return {train, test};
}

struct Network : nn::Sequential {
  Network() {
    push_back(nn::Conv2d(3, 16, 3, {.padding = 1}));
    push_back(nn::Functional(relu));
    push_back(nn::MaxPool2d(2));
    push_back(nn::Conv2d(16, 32, 3, {.padding = 1}));
    push_back(nn::Functional(relu));
    push_back(nn::MaxPool2d(2));
    push_back(nn::Functional([](const Tensor& x) { return x.reshape({-1, 32 * 4 * 4}); }));
    push_back(nn::Dropout());
    push_back(nn::Linear(32 * 4 * 4, 32));
    push_back(nn::Functional(relu));
    push_back(nn::Linear(32, 3));
    push_back(nn::Functional([](const Tensor& x) { return log_softmax(x, 1); }));
  }
};

template <class DataLoader>
void train(Network& network, DataLoader& loader, optim::Optimizer& optimizer, std::int64_t epoch) {
  network.train();
  double loss_sum = 0, right = 0;
  std::int64_t index = 0, end = 0;
  for (auto& [data, targets] : loader) {
    const Tensor output = network(data), loss = nll_loss(output, targets);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    end += data.size(0);
    loss_sum += loss.item() * static_cast<double>(data.size(0));
    right += output.argmax(1).eq(targets).sum().item();
    if (index++ % kLogInterval == 0)
      std::cout << "Train Epoch: " << epoch << " " << end << "/" << loader.dataset().size()
                << "\tLoss: " << loss_sum / static_cast<double>(end) << "\tAcc: " << right / static_cast<double>(end)
                << "\n";
  }
}

template <class DataLoader>
double test(Network& network, DataLoader& loader) {
  network.eval();
  NoGradGuard no_grad;
  double loss = 0, right = 0;
  for (auto& [data, targets] : loader) {
    const Tensor output = network(data);
    loss += nll_loss(output, targets, {.reduction = Reduction::sum}).item();
    right += output.argmax(1).eq(targets).sum().item();
  }
  const auto size = static_cast<double>(loader.dataset().size());
  std::cout << "Test Loss: " << loss / size << "\tAcc: " << right / size << "\n";
  return right / size;
}

int main(int argc, char** argv) {
  if (argc > 1) dataset_path = std::string(argv[1]) + "/";
  manual_seed(1);
  generate_shapes(dataset_path, 200, kImageSize);
  const auto [train_list, test_list] = read_info();
  nn::data::DataLoader train_loader(CustomDataset(train_list),
                                    {.batch_size = kTrainBatchSize, .shuffle = true, .num_workers = 2});
  nn::data::DataLoader test_loader(CustomDataset(test_list), {.batch_size = kTestBatchSize});

  Network network;
  optim::SGD optimizer(network.parameters(), {.lr = 0.05, .momentum = 0.5});
  double accuracy = 0;
  for (std::int64_t i = 1; i <= kIterations; ++i) {
    train(network, train_loader, optimizer, i);
    accuracy = test(network, test_loader);
  }
  save(network, dataset_path + "network.pt");

  Network loaded;
  load(loaded, dataset_path + "network.pt");
  return accuracy > 0.9 && test(loaded, test_loader) == accuracy ? 0 : 1;
}
