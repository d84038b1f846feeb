// load and save: any Value, any format. The content decides the format when loading, the extension when saving.
#pragma once
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <harker/core/stateful.h>

namespace harker HARKER_PUBLIC {

/// A path: from text, or from a std::filesystem::path (taken by shape, so that this header need not include
/// <filesystem>, 0.3 s).
class FilePath {
 public:
  FilePath(const char* path) : text_(path) {}
  FilePath(std::string path) : text_(std::move(path)) {}
  FilePath(std::string_view path) : text_(path) {}
  template <class P>
  requires requires(const P& p) {
    { p.native() } -> std::convertible_to<std::string>;
  }
  FilePath(const P& path) : text_(path.native()) {}
  const std::string& string() const { return text_; }

 private:
  std::string text_;
};

/// What to do with classes and functions that a file names and we do not know. Nothing is ever imported or called.
enum class Unknown : std::uint8_t {
  refuse,  ///< FormatError that names all of them with their paths
  keep     ///< they become opaque values
};

struct LoadOptions {
  /// Share the file's pages (copy-on-write) instead of copying; a storage is checked at its first use (Value::tensor).
  bool mmap = false;
  /// Read only this subtree: "optimizer.state.0", or one model of several. Empty: everything.
  std::string only = {};
  Unknown unknown = Unknown::refuse;
  /// Limits for hostile files; the error names the one that was reached. They bound what is not tensors: those take
  /// what the file says, which is compared with the bytes present first.
  std::uint64_t max_opcodes = 10'000'000;
  int max_depth = 1000;
  std::uint64_t max_memo = 10'000'000;  ///< objects that a pickle may number
  std::uint64_t max_bytes = 16 << 20;   ///< memory for a pickle's objects beyond a multiple of the file's size
  std::uint64_t max_stream = std::uint64_t{8} << 30;  ///< bytes that are read from a stream, whose size nobody knows
};

struct SaveOptions {
  /// "torch", "harker", "onnx", "safetensors", ...; empty: by the path's extension.
  std::string format = {};
  /// Wait until the disk has it (fsync of the file and its folder). Off: atomic for whoever looks, but a power cut may
  /// leave neither the new file nor the old one.
  bool durable = true;
  /// PyTorch files: alignment of each record, and whether checksums are computed.
  std::int64_t alignment = 64;
  bool crc32 = true;
  /// PyTorch files: refuse what torch.load(weights_only=True) cannot read back.
  bool weights_only_safe = false;
  /// PyTorch files: of each storage, write only the parts that tensors view (a slice of a large tensor is saved with
  /// all of it otherwise). Views that do not overlap no longer share their storage when they come back.
  bool compact = false;
  /// ONNX files: tensors of 1 KiB and more go to a second file beside the first, NAME.CHECKSUM.data. So they do anyway
  /// where the model is larger than protobuf allows, 2 GiB.
  bool external_data = false;
  /// Safetensors: keep what the format has no place for (the order of the names, the class of the dict, the versions of
  /// modules, which tensors are Parameters) in the file's metadata, where others pass it over. Off: the bytes of the
  /// format's own writer.
  bool faithful = false;
  /// Safetensors: refuse tensors that share memory, as that writer does. Off: they are written once, and share it again
  /// when they come back.
  bool refuse_shared = false;
  /// Safetensors: the order and padding that align to `alignment` every tensor whose size is a multiple of it, and the
  /// others as far as theirs allow (16 bytes are enough to be mapped).
  bool align_tensors = false;
  /// Safetensors: bytes of tensors in each file of a set, which is what a path that ends in .safetensors.index.json asks
  /// for.
  std::uint64_t max_shard_size = 5'000'000'000;
};

/// What a save did.
struct SaveReport {
  std::uint64_t bytes = 0;     ///< the file's size, and that of a second one
  std::uint64_t left_out = 0;  ///< bytes of storages that SaveOptions::compact did not write
};

/// Reads a file of any known format. FormatError for what is damaged, hostile or not ours, IoError when it cannot be
/// read.
Value load(const FilePath& path, const LoadOptions& options = {});
/// The same from memory; with options.mmap the bytes must outlive the result.
Value load(std::span<const std::uint8_t> bytes, const LoadOptions& options = {});
Value load(std::istream& in, const LoadOptions& options = {});
/// Into `to`, a module, an optimizer, or whatever else takes its state back: what its load_state_dict() returns and throws.
/// From a path or a stream.
template <Stateful T, class From>
auto load(T& to, From&& from, const LoadOptions& options = {}) {
  return to.load_state_dict(load(std::forward<From>(from), options));
}
/// A tensor, from a file or a stream that holds nothing else; TypeError for another.
template <class From>
void load(Tensor& to, From&& from, const LoadOptions& options = {}) {
  to = load(std::forward<From>(from), options).tensor();
}

/// Writes a file, atomically and durably. Extensions: .pt .pth .pickle .pkl .bin .ckpt .tar PyTorch; .pb .onnx
/// protobuf; .safetensors, and .safetensors.index.json for a set of files; .npy .npz NumPy; .gguf; .harker ours; Error
/// for any other (it lists these) unless options.format says which. What torch.load(weights_only=True) cannot read back
/// is written with a warning (core/warning.h) that names its path.
SaveReport save(const Value& value, const FilePath& path, const SaveOptions& options = {});
/// To a stream, in PyTorch's format unless options.format says otherwise. Nothing is written when `value` cannot be saved;
/// IoError when the stream fails.
SaveReport save(const Value& value, std::ostream& out, const SaveOptions& options = {});
/// The state of a module, an optimizer, or whatever else has one: to a path or a stream.
template <Stateful T, class To>
SaveReport save(const T& from, To&& to, const SaveOptions& options = {}) {
  return save(Value(from.state_dict()), std::forward<To>(to), options);
}
/// The bytes that save would write; options.format is needed. `name` is what PyTorch's format calls its root folder.
std::vector<std::uint8_t> save_to_bytes(const Value& value, const SaveOptions& options,
                                        std::string_view name = "archive");

}  // namespace harker
