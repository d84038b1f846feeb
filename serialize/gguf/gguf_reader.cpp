// Reads a GGUF file. Counts and lengths are compared with the bytes left before anything is made; where tensors lie is
// judged before the first is. Metadata becomes the attribute `gguf` of the dict of tensors.
#include <algorithm>
#include <bit>
#include <numeric>

#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/serialize/gguf/gguf_file.h>
#include <harker/serialize/gguf/gguf_types.h>
#include <harker/serialize/option_names.h>
#include <harker/serialize/value/geometry.h>
#include <harker/serialize/value/kept_elements.h>
#include <harker/serialize/value/named_tensors.h>

namespace harker::gguf {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

struct Info {
  std::string_view name;
  std::vector<std::int64_t> shape;
  std::uint32_t number = 0;
  const TensorType* type = nullptr;  // null: not known here
  std::uint64_t offset = 0, nbytes = 0;
};

class Reader {
 public:
  Reader(const std::shared_ptr<const io::Source>& source, const LoadOptions& options)
      : source_(source), options_(options), in_(source->bytes(), source->name()) {}

  Document read() {
    header();
    if (tensors_ > in_.left() / kLeastInfo || keys_ > in_.left() / kLeastKey)
      fail(tensors_, " tensors and ", keys_, " keys are announced, more than its ", source_->bytes().size(),
           " bytes can hold");
    for (std::uint64_t i = 0; i < keys_; ++i) key();
    infos_.resize(static_cast<std::size_t>(tensors_));  // each of which takes 24 bytes at least
    for (Info& info : infos_) read_info(info);
    places();
    return document();
  }

 private:
  static constexpr std::uint64_t kLeastInfo = 8 + 4 + 4 + 8, kLeastKey = 8 + 4 + 1;

  template <class... T>
  [[noreturn]] void fail(const T&... why) const {
    throw_error<FormatError>(source_->name(), ": ", why...);
  }
  template <class T>
  T number() {
    const std::uint8_t* p = in_.take(sizeof(T)).data();
    return big_ ? io::load_be<T>(p) : io::load_le<T>(p);
  }
  std::string_view text() { return io::text(in_.take(number<std::uint64_t>())); }
  std::string_view name(const char* of) {
    const std::string_view s = text();
    if (!detail::valid_utf8(s, false)) fail("the name of a ", of, " is not UTF-8: ", quoted(s));
    return s;
  }

  void header() {
    if (io::text(in_.take(kMagic.size())) != kMagic) fail("does not begin with GGUF: it is damaged");
    version_ = number<std::uint32_t>();
    big_ = version_ != 0 && (version_ & 0xffff) == 0;
    if (big_) version_ = io::load_be<std::uint32_t>(source_->bytes().data() + kMagic.size());
    if (version_ == 1) fail("version 1 of GGUF, of August 2023, is not read: convert the model anew");
    if (version_ != 2 && version_ != 3) fail("version ", version_, " of GGUF is not known; 2 and 3 are read");
    tensors_ = number<std::uint64_t>();
    keys_ = number<std::uint64_t>();
  }

  void key() {
    const std::string_view k = name("key");
    const std::uint32_t type = number<std::uint32_t>();
    Value v = type == kArray ? array(k) : type == kText ? text_value() : scalar(k, type);
    if (k == kAlignmentKey) {
      alignment_ = type == kUint32 ? static_cast<std::uint64_t>(v.as_int()) : 0;
      if (!std::has_single_bit(alignment_) || alignment_ > kMostAlignment)
        fail(kAlignmentKey, " must be a power of two, as uint32, and at most ", kMostAlignment);
    }
    if (k == kNoteKey && v.is_string() && note_.is_none())
      note_ = std::move(v);
    else if (metadata_.contains(Value(k)))
      fail("the key ", quoted(k), " occurs twice (duplicate)");
    else
      metadata_.set(Value(k), std::move(v));
  }

  Value text_value() {
    const std::string_view s = text();
    return detail::valid_utf8(s, true) ? Value(s) : Value::bytes(io::bytes(s));
  }

  DType dtype_of(std::string_view k, std::uint32_t type) const {
    for (const NumberType& n : kNumberTypes)
      if (n.number == type) return n.dtype;
    fail("the key ", quoted(k), " is of type ", type,
         type == kArray ? ", an array in an array, which is" : ", which is", " not read");
  }

  // Numbers as a tensor of their own, of that type.
  Tensor numbers(std::string_view k, DType dtype, std::uint64_t count, const Shape& shape, const Shape& strides) {
    std::uint64_t nbytes = 0;
    if (!io::checked_mul(count, item_size(dtype), nbytes))
      fail("the key ", quoted(k), ": ", count, " elements overflow");
    const io::ByteView stored = in_.take(nbytes);
    if (dtype == DType::bool_ && std::any_of(stored.begin(), stored.end(), [](std::uint8_t b) { return b > 1; }))
      fail("the key ", quoted(k), " is said to be true or false (bool), and neither 0 nor 1");
    return make_view(
        io::read_storage(
            source_, {.stored = stored, .nbytes = nbytes, .swap = big_ ? item_size(dtype) : 1, .label = std::string(k)},
            false),
        dtype, shape, strides, 0);
  }

  // Plain where writing it gives the same bytes again.
  Value scalar(std::string_view k, std::uint32_t type) {
    const DType dtype = dtype_of(k, type);
    const Tensor t = numbers(k, dtype, 1, {}, {});
    Value plain;
    switch (type) {
      case kBool: plain = *static_cast<const std::uint8_t*>(t.raw()) != 0; break;
      case kUint32: plain = *t.data<std::uint32_t>(); break;
      case kInt32: plain = *t.data<std::int32_t>(); break;
      case kUint64: plain = *t.data<std::uint64_t>(); break;
      case kInt64: plain = *t.data<std::int64_t>(); break;
      case kFloat32:
        if (*t.data<float>() == *t.data<float>()) plain = static_cast<double>(*t.data<float>());
        break;
      case kFloat64:
        if (*t.data<double>() == *t.data<double>()) plain = *t.data<double>();
        break;
      default: break;
    }
    return !plain.is_none() && type_of_number(plain) == type ? plain : Value(t);
  }

  Value array(std::string_view k) {
    const std::uint32_t type = number<std::uint32_t>();
    const std::uint64_t count = number<std::uint64_t>();
    if (type != kText) {
      const DType dtype = dtype_of(k, type);
      if (count > in_.left())
        fail("the key ", quoted(k), ": ", count, " elements, in ", in_.left(), " bytes (truncated)");
      return numbers(k, dtype, count, {static_cast<std::int64_t>(count)}, {1});
    }
    if (count > in_.left() / 8)
      fail("the key ", quoted(k), ": ", count, " texts, in ", in_.left(), " bytes (truncated)");
    std::vector<Value> texts;
    for (std::uint64_t i = 0; i < count; ++i) texts.push_back(text_value());
    return Value::list(std::move(texts));
  }

  void read_info(Info& info) {
    info.name = name("tensor");
    const std::uint32_t rank = number<std::uint32_t>();
    if (rank > kMaxRank)
      fail("tensor ", quoted(info.name), " has ", rank, " dimensions; at most ", kMaxRank, " are read");
    std::uint64_t numel = 1;
    bool fits = true, none = false;
    for (std::uint32_t d = 0; d < rank; ++d) {
      const auto size = number<std::uint64_t>();
      if (size > INT64_MAX) fail("tensor ", quoted(info.name), ": the size ", size, " is none (overflow)");
      info.shape.push_back(static_cast<std::int64_t>(size));
      none = none || size == 0;
      fits = fits && io::checked_mul(numel, std::max<std::uint64_t>(size, 1), numel) && numel <= INT64_MAX;
    }
    info.number = number<std::uint32_t>();
    info.offset = number<std::uint64_t>();
    for (const TensorType& t : kTensorTypes)
      if (t.number == info.number) info.type = &t;
    if (!fits) fail("tensor ", quoted(info.name), ": its number of elements overflows");
    std::reverse(info.shape.begin(), info.shape.end());
    if (!info.type) return;
    const auto row = static_cast<std::uint64_t>(info.shape.empty() ? 1 : info.shape.back());
    if (row % info.type->block != 0)
      fail("tensor ", quoted(info.name), ": rows of ", row, " elements are no whole blocks of ", info.type->block, " (",
           info.type->name, ')');
    if (!none && !io::checked_mul(numel / info.type->block, info.type->bytes, info.nbytes))
      fail("tensor ", quoted(info.name), ": its number of bytes overflows");
  }

  // Every tensor lies inside the data, on the alignment, and no two share a byte.
  void places() {
    std::uint64_t begin = in_.position();
    if (!io::checked_add(begin, (alignment_ - begin % alignment_) % alignment_, begin))
      fail("the data's begin overflows");
    const std::uint64_t file = source_->bytes().size(), size = file - std::min(file, begin);
    data_ = source_->bytes().subspan(static_cast<std::size_t>(file - size));
    std::vector<std::size_t> order(infos_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(infos_[a].offset, infos_[a].nbytes) < std::pair(infos_[b].offset, infos_[b].nbytes);
    });
    std::uint64_t end = 0;
    const Info* before = nullptr;
    for (std::size_t i = 0; i < order.size(); ++i) {
      Info& info = infos_[order[i]];
      if (info.offset % alignment_ != 0)
        fail("tensor ", quoted(info.name), ": the offset ", info.offset, " is no multiple of the alignment, ",
             alignment_);
      if (info.offset > size || (info.type && info.nbytes > size - info.offset))
        fail("tensor ", quoted(info.name), ": ", info.nbytes, " bytes at offset ", info.offset, ", the data has ", size,
             ": truncated, or a wrong size");
      if (!info.type)  // as far as it can reach
        info.nbytes = (i + 1 < order.size() ? std::min(infos_[order[i + 1]].offset, size) : size) - info.offset;
      if (info.nbytes == 0) continue;
      if (info.offset < end) fail("tensors ", quoted(before->name), " and ", quoted(info.name), " overlap");
      end = info.offset + info.nbytes;
      before = &info;
    }
    if (size - end >= alignment_) behind_ = size - end;
  }

  Value tensor(const Info& info) {
    const DType dtype = info.type && info.type->block == 1 ? info.type->dtype : DType::uint8;
    const bool plain = info.type && info.type->block == 1;
    std::vector<std::int64_t> sizes = info.shape, strides(sizes.size());
    if (!plain) sizes = {static_cast<std::int64_t>(info.nbytes)}, strides.resize(1);
    std::int64_t step = 1;
    for (std::size_t d = sizes.size(); d-- > 0;) strides[d] = step, step *= std::max<std::int64_t>(sizes[d], 1);
    const Ref<Storage> storage = io::read_storage(
        source_,
        {.stored = data_.subspan(static_cast<std::size_t>(info.offset), static_cast<std::size_t>(info.nbytes)),
         .nbytes = info.nbytes,
         .swap = big_ ? item_size(dtype) : 1,
         .label = std::string(info.name)},
        options_.mmap);
    const Tensor t = make_view(storage, dtype, Shape(std::span<const std::int64_t>(sizes)),
                               Shape(std::span<const std::int64_t>(strides)), 0);
    if (plain) return t;
    const Value kept = kept_elements("gguf", info.type ? std::string(info.type->name) : str("TYPE_", info.number),
                                     Shape(std::span<const std::int64_t>(info.shape)), info.nbytes, t);
    if (big_) kept.as_opaque().state.set("byteorder", "big");  // inside the blocks, too
    return kept;
  }

  Document document() {
    Value root = note_.is_none() ? Value::ordered_dict() : dict_noted(note_.as_string(), source_->name());
    bool found = options_.only.empty();
    for (const Info& info : infos_) {
      if (!options_.only.empty() && info.name != options_.only) continue;
      if (root.contains(Value(info.name))) fail("two tensors of the name ", quoted(info.name), " (duplicate)");
      root.set(Value(info.name), tensor(info));
      found = true;
    }
    if (!found)
      throw_error<Error>(source_->name(), ": there is no entry ", quoted(options_.only),
                         detail::in_brackets(option_names().only));
    Document d{Value(), Value::dict()};
    d.facts.set("container", "gguf");
    d.facts.set("version", version_);
    d.facts.set("byteorder", big_ ? "big" : "little");
    d.facts.set("alignment", alignment_);
    if (const Value* v = metadata_.find("general.architecture"); v && v->is_string()) d.facts.set("architecture", *v);
    d.facts.set("metadata_keys", metadata_.len());
    if (behind_ > 0)
      d.facts.set("passed_over", Value::list({str(behind_, " bytes behind the last tensor, which belong to none")}));
    if (metadata_.len() > 0) {
      Value attributes = root.attributes().is_dict() ? root.attributes() : Value::dict();
      attributes.set("gguf", std::move(metadata_));
      root.set_attributes(std::move(attributes));
    }
    d.value = options_.only.empty() ? std::move(root) : Value(root[Value(options_.only)]);
    return d;
  }

  std::shared_ptr<const io::Source> source_;
  const LoadOptions& options_;
  io::ByteCursor in_;
  bool big_ = false;
  std::uint32_t version_ = 0;
  std::uint64_t tensors_ = 0, keys_ = 0, alignment_ = kDefaultAlignment, behind_ = 0;
  Value metadata_ = Value::ordered_dict(), note_;
  std::vector<Info> infos_;
  io::ByteView data_;
};

}  // namespace

Document read_file(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) {
  return Reader(source, options).read();
}

}  // namespace harker::gguf
