// From headers to a Value. The tensors are the truth; our table (table.cpp) only arranges them, and one that does not
// fit them, because another program has changed the file since, is passed over.
#include <algorithm>
#include <map>

#include <harker/core/base/text.h>
#include <harker/serialize/io/keyed_map.h>
#include <harker/serialize/onnx/onnx_json.h>
#include <harker/serialize/safetensors/header.h>
#include <harker/serialize/safetensors/safetensors_file.h>
#include <harker/serialize/value/kept_elements.h>
#include <harker/serialize/value/unknown_classes.h>
#include <harker/serialize/value/value_paths.h>

namespace harker::safetensors {
namespace {

using detail::str;
using detail::throw_error;

struct Part {
  std::shared_ptr<const io::Source> source;
  Header header;
};

// A tensor; or, where we have no dtype for its elements, an object of its type's name with shape and bytes.
Value read_entry(const Part& part, const Entry& e, bool lazy) {
  const std::uint64_t nbytes = e.end - e.begin;
  const io::ByteView stored =
      part.header.data.subspan(static_cast<std::size_t>(e.begin), static_cast<std::size_t>(nbytes));
  Ref<Storage> storage =
      io::read_storage(part.source, {.stored = stored, .nbytes = nbytes, .label = detail::quoted(e.name)}, lazy);
  Shape shape = e.shape;
  const bool pairs = e.kind->name == kF4;
  if (e.kind->dtype && !(pairs && shape.back() % 2 != 0)) {
    if (pairs) shape[shape.rank() - 1] /= 2;
    return Value(make_view(std::move(storage), *e.kind->dtype, shape, shape.contiguous_strides(), 0));
  }
  return kept_elements("safetensors", e.kind->name, shape, nbytes,
                       make_view(std::move(storage), DType::uint8, {static_cast<std::int64_t>(nbytes)}, {1}, 0));
}

// What of a value lies in a file: a tensor's or an object's bytes; null for any other.
const Tensor* stored_in(const Value& v) {
  if (v.is_tensor()) return &v.lazy_tensor();
  if (v.kind() != Value::Kind::opaque || !v.as_opaque().state.is_dict()) return nullptr;
  const Value* data = v.as_opaque().state.find("data");
  return data && data->is_tensor() ? &data->lazy_tensor() : nullptr;
}

class Reading {
 public:
  Reading(std::vector<Part> parts, std::string_view table, const LoadOptions& options)
      : parts_(std::move(parts)), table_(table), options_(options) {
    for (const Part& p : parts_)
      for (const auto& [key, text] : p.header.metadata) add_metadata(key, text, p.source->name());
  }

  Value run(const std::string& file) {
    if (!options_.only.empty())
      for (const Part& p : parts_)
        for (const Entry& e : p.header.entries)
          if (e.name == options_.only) return read_entry(p, e, options_.mmap);
    for (const Part& p : parts_)
      for (const Entry& e : p.header.entries) {
        found_.emplace(e.name, items_.size());
        items_.emplace_back(Value(e.name), read_entry(p, e, options_.mmap));
      }
    Value root;
    if (table_.empty() || !arrange(root)) root = plain();
    return options_.only.empty() ? root : Value(entry(root, options_.only, file));
  }

  std::vector<Value> passed_over;
  const Strings& metadata() const { return metadata_; }

 private:
  void add_metadata(const std::string& key, const std::string& text, const std::string& file) {
    if (key == kTable) {
      if (parts_.size() == 1 && table_.empty()) table_ = text;
      return;
    }
    const auto [at, fresh] = metadata_at_.try_emplace(key, metadata_.size());
    if (fresh)
      metadata_.emplace_back(key, text);
    else if (metadata_[at->second].second != text)
      passed_over.push_back(str("the metadata ", detail::quoted(key, 40), " of ", detail::quoted(file, 40),
                                ": another file of the set says something else"));
  }
  const Value* find(std::string_view name) const {
    const auto at = found_.find(name);
    return at == found_.end() ? nullptr : &items_[at->second].second;
  }
  // safetensors.torch.save_model writes of tensors that are one only the first, and for each other its name there. A
  // note that merely looks like one is none: both must be names of parameters in modules.
  bool names_a_twin(const std::string& key, const std::string& text) const {
    return key.find('.') != key.npos && text.find('.') != text.npos && !find(key) && find(text);
  }

  Value plain() {
    std::vector<Value::Item> items = items_, notes;
    for (const auto& [key, text] : metadata_) {
      if (names_a_twin(key, text))
        items.emplace_back(Value(key), *find(text));
      else
        notes.emplace_back(Value(key), Value(text));
    }
    Value root = Value::ordered_dict(std::move(items));
    if (!notes.empty()) root.set_attributes(Value::dict({{kMetadata, Value::dict(std::move(notes))}}));
    return root;
  }

  // The Value of our table, when it is of these tensors.
  bool arrange(Value& root) {
    const std::string_view what = "the metadata 'harker'";
    try {
      const onnx::Metadata meta = onnx::read_json(table_, what);
      value_table::check(meta.table, what);
      const auto misfit = [&](const auto&... why) { throw_error<FormatError>(what, " does not fit: ", why...); };
      for (const value_table::Node& n : meta.table.nodes)
        if (n.kind == Value::Kind::sparse || n.kind == Value::Kind::quantized) misfit("a tensor of another kind");
      std::vector<Ref<Storage>> storages;
      if (meta.initializers.size() != items_.size())
        misfit(meta.initializers.size(), " of ", items_.size(), " tensors");
      for (std::size_t i = 0; i < items_.size(); ++i) {
        const Value* v = find(meta.initializers[i]);
        if (!v || stored_in(*v)->storage().nbytes != meta.table.storages[i])
          misfit(detail::quoted(meta.initializers[i], 40));
        storages.push_back(Ref<Storage>::share(&stored_in(*v)->storage()));
      }
      root = value_table::rebuild(meta.table, storages, what).root;
      if (!root.is_dict()) misfit("it is of no dict");
      std::size_t same = 0;
      for (const auto& [key, v] : root.items()) {
        const Value* file = key.is_string() ? find(key.as_string()) : nullptr;
        if (file ? !is_same(*file, v) : !(key.is_string() && v.is_tensor())) misfit("an entry that is none of its own");
        same += file != nullptr;
      }
      if (same != items_.size()) misfit(items_.size() - same, " tensors are not in it");
      if (options_.unknown == Unknown::refuse) refuse_unknown(root, what);
    } catch (const Error& e) {
      passed_over.emplace_back(e.what());
      return false;
    }
    set_metadata(root);
    return true;
  }
  static bool is_same(const Value& file, const Value& v) {
    if (file.kind() != v.kind()) return false;
    const Tensor *a = stored_in(file), *b = stored_in(v);
    if (!b || a->dtype() != b->dtype() || a->shape() != b->shape() || &a->storage() != &b->storage() ||
        b->storage_offset() != 0 || !b->is_contiguous())
      return false;
    if (file.is_tensor()) return !v.conj() && !v.neg();
    const Value::Opaque &x = file.as_opaque(), &y = v.as_opaque();
    const Value* shape = y.state.find("shape");
    return x.module == y.module && x.name == y.name && y.known && shape && shape->equals(x.state["shape"]);
  }
  // Notes that others have added are kept, and ours are not the user's.
  void set_metadata(Value& root) const {
    const Value attributes = root.attributes();
    const Value* before = attributes.is_dict() ? attributes.find(kMetadata) : nullptr;
    Value notes = Value::dict();
    for (const auto& [key, text] : metadata_) {
      const bool ours = (key == "format" && text == "pt") || (!find(key) && find(text) && root.contains(Value(key)));
      if (!ours || (before && before->is_dict() && before->contains(Value(key)))) notes.set(Value(key), Value(text));
    }
    if (before ? before->equals(notes) : notes.len() == 0) return;
    Value all = Value::dict();
    if (attributes.is_dict())
      for (const auto& [key, v] : attributes.items()) all.set(key, v);
    all.set(Value(kMetadata), notes);
    root.set_attributes(all);
  }

  std::vector<Part> parts_;
  std::string_view table_;
  const LoadOptions& options_;
  Strings metadata_;
  KeyedMap<std::string_view, std::size_t> metadata_at_;
  KeyedMap<std::string_view, std::size_t> found_;
  std::vector<Value::Item> items_;
};

Document document(Reading& reading, const std::string& file) {
  Document d{reading.run(file), Value::dict()};
  d.facts.set("container", "safetensors");
  if (!reading.metadata().empty()) {
    Value notes = Value::dict();
    for (const auto& [key, text] : reading.metadata()) notes.set(Value(key), Value(text));
    d.facts.set("metadata", notes);
  }
  if (!reading.passed_over.empty()) d.facts.set("passed_over", Value::list(reading.passed_over));
  return d;
}

}  // namespace

Document read_file(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) {
  std::vector<Part> parts{{source, read_header(*source)}};
  const std::uint64_t nbytes = parts[0].header.nbytes;
  Reading reading(std::move(parts), {}, options);
  Document d = document(reading, source->name());
  d.facts.set("header_bytes", nbytes);
  return d;
}

Document read_set(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) {
  const std::string& file = source->name();
  const Index index = read_index(*source);
  std::map<std::string_view, std::size_t> shards;  // by name, each with its place among the parts
  for (const auto& [name, shard] : index.weight_map) shards.emplace(shard, 0);
  std::vector<Part> parts;
  KeyedMap<std::string_view, std::size_t> lies_in;
  for (auto& [shard, place] : shards) {
    place = parts.size();
    std::shared_ptr<const io::Source> beside = source->beside(shard, options.mmap, true);
    if (!safetensors_format().sniff(beside->bytes()))
      throw_error<FormatError>(file, ": weight_map: ", detail::quoted(shard), " is no safetensors file");
    Header header = read_header(*beside);
    parts.push_back({std::move(beside), std::move(header)});
    for (const Entry& e : parts.back().header.entries)
      if (const auto [at, fresh] = lies_in.emplace(e.name, place); !fresh)
        throw_error<FormatError>(file, ": the tensor ", detail::quoted(e.name), " lies in two shards, ",
                                 detail::quoted(parts[at->second].source->name()), " and ",
                                 detail::quoted(parts.back().source->name()));
  }
  for (const auto& [name, shard] : index.weight_map) {
    const auto at = lies_in.find(name);
    if (at == lies_in.end() || at->second != shards.at(shard))
      throw_error<FormatError>(file, ": weight_map: the tensor ", detail::quoted(name), " is not in ",
                               detail::quoted(shard), at == lies_in.end() ? "" : ", but in another shard");
    lies_in.erase(at);
  }
  if (!lies_in.empty())
    throw_error<FormatError>(file, ": weight_map: the tensor ", detail::quoted(lies_in.begin()->first), " of ",
                             detail::quoted(parts[lies_in.begin()->second].source->name()), " is missing");
  Reading reading(std::move(parts), index.table, options);
  Document d = document(reading, file);
  d.facts.set("shards", static_cast<std::int64_t>(shards.size()));
  d.facts.set("total_size", index.total_size);
  return d;
}

}  // namespace harker::safetensors
