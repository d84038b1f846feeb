// The images of custom_dataset: circles, squares and crosses of any two colours, as PPM files.
#pragma once
#include <harker/harker.h>

#include <filesystem>
#include <fstream>
#include <string>

/// Below `folder` `count` images of each kind, n x n pixels, and their list, info.txt; every fifth is to test with.
inline void generate_shapes(const std::string& folder, std::int64_t count, std::int64_t n) {
  using namespace harker;
  const std::string kinds[] = {"circle", "square", "cross"};
  for (const std::string& kind : kinds) std::filesystem::create_directories(folder + kind);
  std::ofstream info(folder + "info.txt");
  for (std::int64_t i = 0; i < count; ++i) {
    const Tensor place = randint(6, n - 6, 2), colour = randint(128, 256, 3), ground = randint(0, 128, 3);
    const Tensor dy = (arange(n).unsqueeze(1) - place[0]).abs(), dx = (arange(n) - place[1]).abs();
    const double r = 3 + 2 * rand(1).item();
    const Tensor shapes[] = {dy * dy + dx * dx < r * r, maximum(dy, dx) < r, (minimum(dy, dx) < 1) && (dy + dx < r)};
    for (std::size_t label = 0; label < 3; ++label) {
      const Tensor pixels = where(shapes[label].unsqueeze(2), colour, ground).to(kByte);
      const std::string name = kinds[label] + "/" + std::to_string(i) + ".ppm";
      std::ofstream out(folder + name, std::ios::binary);
      out << "P6 " << n << " " << n << " 255\n";
      out.write(static_cast<const char*>(pixels.data_ptr()), static_cast<std::streamsize>(pixels.nbytes()));
      info << name << " " << label << (i % 5 == 4 ? " test\n" : " train\n");
    }
  }
}
