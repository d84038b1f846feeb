// TorchPickler: a Value as the pickle that torch.save writes, and the storages that it names. Works through a stack of
// frames on the heap, so that depth costs nothing. For the bytes to be torch's, each memo index must be: so the pickler
// has to know what would be one object in Python, and what only equal ones.
#pragma once
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include <harker/serialize/serialize.h>
#include <harker/serialize/torch/pickle_stream.h>
#include <harker/serialize/torch/storage_spans.h>

namespace harker::pt {

class TorchPickler {
 public:
  TorchPickler(const Value& root, const SaveOptions& options)
      : root_(root), options_(options), spans_(root, options.compact) {}
  /// The pickle. Error for what torch cannot write, naming its path; a warning for what weights_only refuses.
  std::string run();
  /// The storages named, in order of first use: record data/0, data/1, ...
  const std::vector<StorageSpan>& storages() const { return storages_; }
  /// Bytes that SaveOptions::compact leaves out.
  std::uint64_t left_out() const { return spans_.left_out(); }

 private:
  // Which keys of a dict are strings of their own: torch builds "fc1.weight" and the module paths of `_metadata` anew
  // each time.
  enum class Keys : std::uint8_t { plain, state_dict, attributes, metadata };
  enum class Do : std::uint8_t {
    save,
    save_attributes,  // save, its `_metadata` with Keys::metadata
    append,           // the list items of an object
    items,            // the items of a dict, or the dict items of an object; number: their Keys
    op,
    tuple,   // of the `number` values on top
    put,     // memoises what nobody comes back to
    object,  // memoises `value`, whose opcodes have just been written
    integer,
    boolean,
    size,
    hooks  // the empty OrderedDict among a tensor's arguments
  };
  struct Step {
    Do what;
    Opcode op = {};
    std::int64_t number = 0;
    Value value = {};
  };
  struct Frame {
    // `dict` and `list` are exact ones, whose batches differ from those of `items` (an OrderedDict's, a
    // defaultdict's, an object's) and `list_of_object`; `script`: `steps` one after the other.
    enum Kind : std::uint8_t { list, list_of_object, dict, items, tuple, script } kind;
    Keys keys = Keys::plain;
    bool single = false;  // the batch being written has one item, and no mark
    std::size_t next = 0;
    Value value = {};
    std::vector<Step> steps;
  };

  void save(const Value& v, Keys keys = Keys::plain);
  void save_string(const Value& v, Keys keys);
  void save_dict(const Value& v, Keys keys);
  void save_set(const Value& v);
  void save_opaque(const Value& v);
  void save_bytes(const Value& v);
  void save_device(const Value& v);
  void save_layout(std::string_view name);
  void save_numpy_dtype(const std::string& dtype);
  void save_numpy(const Value& v);
  void save_tensor(const Value& v);
  void save_bare_storage(const Value& v, bool untyped);
  void save_quantized(const Value& v);
  void save_sparse(const Value& v);
  void tensor_call(const Tensor& t, bool requires_grad, bool conj, bool neg, bool call);
  StorageSpan save_storage(const Tensor& t, bool untyped);
  void save_geometry(const Tensor& t, const StorageSpan& part);
  void save_ordered_dict();
  void save_size(const Shape& s);

  void step();
  bool in_batches(Frame& f, std::size_t i, std::size_t n, Opcode put_one, Opcode put_many);
  bool step_elements(Frame& f, std::span<const Value> elements);
  bool step_items(Frame& f, std::span<const Value::Item> items);
  bool step_tuple(Frame& f);
  bool step_script(Frame& f);
  void save_child(const Value& v, Keys keys);
  void push(Frame::Kind kind, const Value& v, Keys keys = Keys::plain);
  void push(std::vector<Step> steps);
  /// Memoises an object under its identity.
  void put(const Value& v);
  bool met(const Value& v);
  /// Begins an object that is memoised only after its arguments. Error when it is begun in them for ever.
  void open(const Value& v);
  void check_attributes(const Value& v) const;
  std::string path_of(const Value& v) const;
  std::string path_of_storage(const StorageSpan& part, DType type) const;
  void not_safe(const Value& v, const char* what);
  std::string unsafe_listed() const;

  const Value& root_;
  const SaveOptions& options_;
  PickleStream out_;
  std::vector<Frame> frames_;
  std::unordered_map<const void*, std::uint32_t> memo_;
  std::unordered_map<const void*, int> opened_;
  KeyedMap<std::string, std::uint32_t> by_value_;  // layouts, NumPy's dtypes, bytes of at most one byte
  struct Stored {
    std::size_t index;
    std::uint32_t key;  // memo index of its key string
    DType type;         // as torch compares them: all untyped ones are uint8
  };
  StorageSpans spans_;
  std::map<std::tuple<const Storage*, std::size_t, std::size_t>, Stored> stored_;  // by part
  std::vector<StorageSpan> storages_;
  std::vector<Value> kept_;  // made on the way: their identities must not be used again
  struct Unsafe {
    Value value;
    const char* what;
  };
  std::vector<Unsafe> unsafe_;  // the first few
  std::size_t unsafe_count_ = 0;
};

}  // namespace harker::pt
