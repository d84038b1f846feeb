// Reads the index of a set (grammar: set_writer.cpp). Of what others put into its metadata only the size is kept.
#include <harker/serialize/safetensors/header.h>
#include <harker/serialize/safetensors/json_events.h>

namespace harker::safetensors {
namespace {

class IndexReader final : public JsonEvents {
 public:
  IndexReader(std::string_view what, Index& out) : JsonEvents(what), out_(out) {}
  void finish() const {
    if (!has_map_) fail("there is no weight_map");
    std::vector<std::string_view> names;
    for (const auto& [name, shard] : out_.weight_map) names.push_back(name);
    check_distinct(names, "name");
    check_distinct({metadata_keys_.begin(), metadata_keys_.end()}, "key of metadata");
  }

  bool start_object(std::size_t) override {
    if (in_map_) misplaced("an object");
    in_map_ = ++depth_ == 2 && top_ == "weight_map";
    return true;
  }
  bool end_object() override {
    in_map_ = false;
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    if (in_map_ || wants_map()) misplaced("an array");
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(std::string& k) override {
    if (in_map_) {
      out_.weight_map.emplace_back(std::move(k), "");
    } else if (depth_ == 1) {
      top_ = std::move(k);
      if (wants_map() && std::exchange(has_map_, true)) fail("the weight_map occurs twice (duplicate)");
      if (top_ == "metadata" && std::exchange(has_metadata_, true)) fail("the metadata occur twice (duplicate)");
    } else if (depth_ == 2) {
      inner_ = std::move(k);
      if (top_ == "metadata") metadata_keys_.push_back(inner_);
    }
    return true;
  }
  bool string(std::string& s) override {
    if (in_map_) {
      const std::string parts = '/' + s + '/';  // one name for a file, so that none is read a thousand times
      if (parts.find("/./") != parts.npos || parts.find("//", 1) != parts.npos)
        fail(at(), "the file's name ", detail::quoted(s), " is not written plainly");
      out_.weight_map.back().second = std::move(s);
    } else if (of_metadata(kTable)) {
      out_.table = std::move(s);
    } else {
      scalar();
    }
    return true;
  }
  bool null() override { return scalar(); }
  bool boolean(bool) override { return scalar(); }
  bool number_integer(std::int64_t v) override { return number(v); }
  bool number_unsigned(std::uint64_t v) override { return number(v); }
  bool number_float(double v, const std::string&) override { return number(v); }

 private:
  bool wants_map() const { return depth_ == 1 && top_ == "weight_map"; }
  bool of_metadata(std::string_view key) const { return depth_ == 2 && top_ == "metadata" && inner_ == key; }
  bool scalar() const {
    if (in_map_ || wants_map()) misplaced("anything but a file's name");
    return true;
  }
  template <class T>
  bool number(T v) {
    scalar();
    if (of_metadata("total_size")) out_.total_size = Value(v);
    return true;
  }
  std::string at() const override {
    return in_map_ ? detail::str("weight_map: ", detail::quoted(out_.weight_map.back().first), ": ") : "weight_map: ";
  }

  Index& out_;
  std::string top_, inner_;
  std::vector<std::string> metadata_keys_;
  int depth_ = 0;
  bool in_map_ = false, has_map_ = false, has_metadata_ = false;
};

}  // namespace

Index read_index(const io::Source& source) {
  if (source.bytes().size() > kMaxHeader)
    detail::throw_error<FormatError>(source.name(), ": an index of ", source.bytes().size(), " bytes: at most ",
                                     kMaxHeader, " are read");
  Index index;
  const std::string what = source.name() + ": index";
  IndexReader reader(what, index);
  reader.parse(io::text(source.bytes()));
  reader.finish();
  return index;
}

}  // namespace harker::safetensors
