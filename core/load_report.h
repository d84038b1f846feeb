// LoadReport: everything that does not fit when a state dict is loaded, collected before anything is changed.
#pragma once
#include <string>
#include <vector>

#include <harker/core/state_dict.h>

namespace harker HARKER_PUBLIC {

struct LoadReport {
  struct Mismatch {
    std::string key;
    Shape expected, found;
  };
  std::vector<std::string> missing;     ///< the model has them, the file does not
  std::vector<std::string> unexpected;  ///< the file has them, the model does not
  struct NoTensor {
    std::string key, kind;  // "a dict"
    bool in_model;
  };
  std::vector<Mismatch> mismatched;  ///< the shapes differ
  std::vector<NoTensor> no_tensors;  ///< what else the file has; where the model has no such name, unexpected too
  std::vector<std::string> hints;    ///< "all 4 keys match after removing the prefix 'module.'"

  bool ok() const { return missing.empty() && unexpected.empty() && fits(); }
  /// Can what both have be copied?
  bool fits() const;
  /// The whole report as text, in torch's words, with the nearest name beside each unexpected key.
  std::string message(std::string_view what) const;
};

/// Compares what a model has with what is to be loaded. One element of shape (1) fits a scalar, as in torch.
LoadReport compare(const StateDict& have, const StateDict& given);

}  // namespace harker
