// LibTorch's example dcgan, ported: a generator learns to draw digits that a discriminator takes for real ones. They are
// those of examples/data, of 8 x 8 pixels where MNIST has 28 x 28, and so both nets are a layer shorter.
#include <cstdio>

#include <harker/harker.h>
#include <harker/nn/data/transforms.h>

#include "../shipped.h"

using namespace harker;

const std::int64_t kNoiseSize = 100, kBatchSize = 64, kNumberOfEpochs = 3, kLogInterval = 10, kSamples = 100;

struct DCGANGenerator : nn::Module {
  nn::ConvTranspose2d conv1 = register_module("conv1", nn::ConvTranspose2d(kNoiseSize, 64, 2, {.bias = false}));
  nn::BatchNorm2d batch_norm1 = register_module("batch_norm1", nn::BatchNorm2d(64));
  nn::ConvTranspose2d conv2 =
      register_module("conv2", nn::ConvTranspose2d(64, 32, 4, {.stride = 2, .padding = 1, .bias = false}));
  nn::BatchNorm2d batch_norm2 = register_module("batch_norm2", nn::BatchNorm2d(32));
  nn::ConvTranspose2d conv3 =
      register_module("conv3", nn::ConvTranspose2d(32, 1, 4, {.stride = 2, .padding = 1, .bias = false}));

  Tensor forward(Tensor x) {
    x = relu(batch_norm1(conv1(x)));
    x = relu(batch_norm2(conv2(x)));
    return tanh(conv3(x));
  }
};

nn::Sequential create_discriminator() {
  return nn::Sequential{// Layer 1
                        nn::Conv2d(1, 32, 4, {.stride = 2, .padding = 1, .bias = false}), nn::LeakyReLU(0.2),
                        // Layer 2
                        nn::Conv2d(32, 64, 4, {.stride = 2, .padding = 1, .bias = false}), nn::BatchNorm2d(64),
                        nn::LeakyReLU(0.2),
                        // Layer 3
                        nn::Conv2d(64, 1, 2, {.bias = false}), nn::Sigmoid()};
}

/// How far a drawing is from the digit most like it, on average.
double distance(DCGANGenerator& generator, const Tensor& digits) {
  NoGradGuard no_grad;
  const Tensor samples = generator.forward(randn({kSamples, kNoiseSize, 1, 1}));
  return cdist(samples.flatten(1), digits.flatten(1)).amin(1).mean().item();
}

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "dcgan-checkpoint.pt";
  const bool restore = argc > 2;  // a second argument: go on from there
  manual_seed(1);
  const Device device = cuda::is_available() ? kCUDA : kCPU;
  DCGANGenerator generator;
  generator.to(device);
  nn::Sequential discriminator = create_discriminator();
  discriminator.to(device);

  const Tensor digits = nn::data::read_idx(shipped("digits-images.idx")).to(kFloat).unsqueeze(1) / 16;
  nn::data::DataLoader data_loader(
      nn::data::map(nn::data::TensorDataset(digits), nn::data::transforms::Normalize(0.5, 0.5)),
      {.batch_size = kBatchSize, .shuffle = true, .num_workers = 2});
  optim::Adam generator_optimizer(generator.parameters(), {.lr = 2e-3, .betas = {0.5, 0.5}});
  optim::Adam discriminator_optimizer(discriminator.parameters(), {.lr = 2e-3, .betas = {0.5, 0.5}});
  if (restore) {
    const Checkpoint c = load_checkpoint(path);
    generator.load_state_dict(c.model("generator"));
    discriminator.load_state_dict(c.model("discriminator"));
    generator_optimizer.load_state_dict(c.optimizer("generator"));
    discriminator_optimizer.load_state_dict(c.optimizer("discriminator"));
  }

  const double before = distance(generator, digits * 2 - 1);
  for (std::int64_t epoch = 1; epoch <= kNumberOfEpochs; ++epoch) {
    std::int64_t batch_index = 0;
    for (auto& [images] : data_loader) {
      // Train discriminator with real images.
      discriminator.zero_grad();
      const Tensor real_images = images.to(device);
      const Tensor real_labels = empty(images.size(0), device).uniform_(0.8, 1.0);
      const Tensor real_output = discriminator(real_images).reshape(real_labels.sizes());
      const Tensor d_loss_real = binary_cross_entropy(real_output, real_labels);
      d_loss_real.backward();

      // Train discriminator with fake images.
      const Tensor noise = randn({images.size(0), kNoiseSize, 1, 1}, device);
      const Tensor fake_images = generator.forward(noise);
      const Tensor fake_labels = zeros(images.size(0), device);
      Tensor fake_output = discriminator(fake_images.detach()).reshape(fake_labels.sizes());
      const Tensor d_loss_fake = binary_cross_entropy(fake_output, fake_labels);
      d_loss_fake.backward();
      const Tensor d_loss = d_loss_real + d_loss_fake;
      discriminator_optimizer.step();

      // Train generator.
      generator.zero_grad();
      fake_labels.fill_(1);
      fake_output = discriminator(fake_images).reshape(fake_labels.sizes());
      const Tensor g_loss = binary_cross_entropy(fake_output, fake_labels);
      g_loss.backward();
      generator_optimizer.step();
      if (++batch_index % kLogInterval == 0)
        std::printf("[%2ld/%2ld][%3ld/%3ld] D_loss: %.4f | G_loss: %.4f\n", epoch, kNumberOfEpochs, batch_index,
                    data_loader.size(), d_loss.item<float>(), g_loss.item<float>());
    }
    Checkpoint c;
    c.epoch = epoch;
    c.add_model("generator", generator).add_model("discriminator", discriminator);
    c.add_optimizer("generator", generator_optimizer).add_optimizer("discriminator", discriminator_optimizer);
    save_checkpoint(c, path);
    std::printf("-> checkpoint %ld\n", epoch);
  }

  DCGANGenerator loaded;
  load(loaded, path, {.only = "generator"});
  const double after = distance(loaded, digits * 2 - 1);
  std::printf("Training complete! Samples are %.2f from the next digit, %.2f before.\n", after, before);
  return after < 5 ? 0 : 1;
}
