// What a format can hold of a value: asked of its writer, entry by entry, so that no format need be known here.
#pragma once
#include <string>
#include <vector>

#include <harker/serialize/format.h>

namespace harker::cli {

struct Held {
  Value value;                    ///< without what cannot be held; None when that is all of it
  std::vector<std::string> lost;  ///< "epoch: why", each entry that cannot be held, in order
};

/// `error`: what the writer said of all of `value`.
Held what_holds(const Format& format, const Value& value, const SaveOptions& options, const std::string& error);

/// A sink that only counts.
class Nowhere final : public io::Sink {
 public:
  using Sink::write;
  void write(io::ByteView data) override { position_ += data.size(); }
  Sink& beside(std::string_view) override;

 private:
  std::vector<std::unique_ptr<Nowhere>> beside_;
};

/// The first kMost of the lines, indented, and how many more there are.
std::string listed(const std::vector<std::string>& lines);

}  // namespace harker::cli
