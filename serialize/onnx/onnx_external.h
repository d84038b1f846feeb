// Tensors whose bytes lie in another file: what a TensorProto's external_data says, and the files it names.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <harker/serialize/io/source.h>
#include <harker/serialize/serialize.h>

namespace harker::onnx {

/// external_data, as far as it has been read.
struct External {
  std::string_view location, offset, length;  ///< empty: not said
  bool checksum = false;
  /// Takes an entry in. Keys that nobody knows are passed over, as onnx does.
  void add(io::ByteView entry, std::string_view what);
};

/// Memory that a file may take beyond what the number of its bytes explains.
class Budget {
 public:
  Budget(std::uint64_t file, std::uint64_t beyond) {
    if (!io::checked_add(file, beyond, left_)) left_ = UINT64_MAX;
  }
  /// FormatError, beginning with `what`, when so much is not left.
  void spend(std::uint64_t bytes, std::string_view what);

 private:
  std::uint64_t left_ = 0;
};

/// The files beside a model: each is opened when the first tensor that needs it is read, and once.
class ExternalFiles {
 public:
  ExternalFiles(std::shared_ptr<const io::Source> model, bool lazy) : model_(std::move(model)), lazy_(lazy) {}

  struct Part {
    std::shared_ptr<const io::Source> file;
    io::ByteView bytes;
  };
  /// The `nbytes` that `e` says; FormatError, beginning with `what`, when they are not there. What tensors ask for
  /// beyond the size of a file, since they overlap, is taken from the budget.
  Part part(const External& e, std::uint64_t nbytes, Budget& budget, const std::string& what);
  /// The same as a storage. Tensors of the very same bytes share one.
  Ref<Storage> storage(const External& e, std::uint64_t nbytes, Budget& budget, const std::string& what,
                       std::string label);

 private:
  struct File {
    std::shared_ptr<const io::Source> source;
    std::uint64_t used = 0;
    std::map<std::pair<std::uint64_t, std::uint64_t>, Ref<Storage>> storages;  // by place and size
  };
  File& open(std::string_view location, const std::string& what);
  std::uint64_t place(const External& e, const File& file, std::uint64_t nbytes, const std::string& what) const;
  std::shared_ptr<const io::Source> model_;
  bool lazy_;
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace harker::onnx
