// What the code in a TorchScript archive says of its classes: which are modules, and which of their attributes are
// parameters and which buffers. code/PATH/OF/MODULE.py holds, for each class,
//   class NAME(Module):
//     __parameters__ = ["weight", "bias", ]
//     __buffers__ = []
// Nothing of it is run, and nothing else is looked at.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <harker/serialize/io/keyed_map.h>
#include <harker/serialize/zip/zip_reader.h>

namespace harker::pt {

struct ScriptClass {
  bool module = false;
  bool complete = false;                  ///< both lists were there and could be read
  KeyedMap<std::string, bool> is_buffer;  ///< by the attribute's name; absent: neither
};

class ScriptClasses {
 public:
  /// `root` is the archive's folder, with its slash. All code together may be as large as `limit`.
  ScriptClasses(const ZipArchive& zip, std::string root, std::uint64_t limit)
      : zip_(zip), root_(std::move(root)), left_(limit) {}
  /// The class `name` of `module` ("__torch__.torch.nn.modules.linear"); null when its code is not there.
  const ScriptClass* find(std::string_view module, std::string_view name);

 private:
  void read(std::string_view module);
  const ZipArchive& zip_;
  std::string root_;
  std::uint64_t left_;
  KeyedMap<std::string, bool> read_;
  KeyedMap<std::string, ScriptClass> classes_;  // by "module.name"
};

}  // namespace harker::pt
