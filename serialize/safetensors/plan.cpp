// Chooses what is written. Tensors that overlap in memory are written once, as that one of them which covers the others
// (the first by name, as safetensors.torch.save_model has it); views that lie apart are tensors of their own.
#include <harker/serialize/safetensors/plan.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/core/value/object.h>
#include <harker/serialize/io/keyed_map.h>
#include <harker/serialize/value/geometry.h>

namespace harker::safetensors {
namespace {

using detail::str;
using detail::throw_error;

constexpr std::size_t kListed = 300;  // characters of names in a message

class Refusal {
 public:
  void add(const std::string& what) {
    if (text_.size() + what.size() <= kListed)
      text_ += (text_.empty() ? "" : ", ") + what;
    else
      ++more_;
  }
  void refuse() const {
    if (text_.empty()) return;
    throw_error<TypeError>("save: safetensors holds tensors by name, and cannot hold ", text_,
                           more_ > 0 ? str(", and ", more_, " more") : std::string(),
                           "; save the part that is a state dict, or in another format");
  }

 private:
  std::string text_;
  std::size_t more_ = 0;
};

// Why a tensor cannot be written, or "".
std::string unfit(const Value& v, Item& item) {
  const Tensor& t = v.lazy_tensor();
  if (!t.defined()) return "an undefined tensor";
  if (!(t.device() == Device{})) return str("a tensor on ", harker::name(t.device()), ": move it to the CPU first");
  if (v.conj() || v.neg()) return str("a lazy ", v.conj() ? "conjugate" : "negative", " view: resolve it first");
  if (t.dim() > kMaxRank) return str("a tensor of ", t.dim(), " dimensions");
  item.kind = kind_of(t.dtype());
  if (!item.kind || (item.kind->name == kF4 && t.dim() == 0)) return str("a tensor of ", harker::name(t.dtype()));
  item.tensor = t;
  item.shape = t.shape();
  if (item.kind->name == kF4) item.shape[item.shape.rank() - 1] *= 2;
  return {};
}

// One of our objects for elements that we have no dtype for (reader.cpp), as it was read.
bool is_bytes_of(const Value& v, Item& item) {
  if (v.kind() != Value::Kind::opaque || v.as_opaque().module != "safetensors") return false;
  const Value::Opaque& o = v.as_opaque();
  item.kind = kind_named(o.name);
  const Value* shape = o.state.is_dict() ? o.state.find("shape") : nullptr;
  const Value* data = o.state.is_dict() ? o.state.find("data") : nullptr;
  if (!item.kind || !shape || shape->kind() != Value::Kind::size || !data || !data->is_tensor()) return false;
  item.tensor = data->lazy_tensor();
  item.shape = shape->as_size();
  std::uint64_t bits = item.kind->bits;
  for (const std::int64_t n : item.shape)
    if (n < 0 || !io::checked_mul(bits, static_cast<std::uint64_t>(n), bits)) return false;
  return bits % 8 == 0 && item.tensor.dtype() == DType::uint8 &&
         static_cast<std::uint64_t>(item.tensor.numel()) == bits / 8;
}

// Where in its storage a tensor's bytes lie.
struct Area {
  std::uint64_t begin, end;
  std::size_t item;
};
Area area_of(const Tensor& t, std::size_t item) {
  std::int64_t last = t.storage_offset();
  for (int d = 0; d < t.dim(); ++d) last += (t.shape()[d] - 1) * t.strides()[d];
  const std::uint64_t size = item_size(t.dtype());
  return {static_cast<std::uint64_t>(t.storage_offset()) * size, (static_cast<std::uint64_t>(last) + 1) * size, item};
}

bool same_view(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && a.strides() == b.strides() &&
         a.storage_offset() == b.storage_offset();
}

}  // namespace

Plan::Plan(const Value& value, const SaveOptions& options) : value_(value), options_(options) {
  Refusal refusal;
  if (!value.is_dict())
    throw_error<TypeError>("save: safetensors holds a dict of tensors, this is ", detail::with_article(value));
  for (const auto& [key, v] : value.items()) {
    if (!key.is_string()) {
      refusal.add(str("the key ", key.fits_int64() && key.is_int() ? std::to_string(key.as_int()) + ' ' : "", '(',
                      detail::with_article(key), ')'));
      continue;
    }
    Item item;
    item.name = key.as_string();
    item.holder = v;
    const std::string named = detail::quoted(item.name, 60);
    if (item.name == kMetadata || !detail::valid_utf8(item.name, false)) {
      refusal.add(str("the name ", named));
    } else if (v.is_tensor()) {
      if (const std::string why = unfit(v, item); !why.empty()) refusal.add(str(named, " (", why, ')'));
    } else if (!is_bytes_of(v, item)) {
      refusal.add(str(named, " (", detail::with_article(v), ')'));
    }
    if (!item.tensor.defined()) continue;
    item.nbytes = static_cast<std::uint64_t>(item.tensor.numel()) * item_size(item.tensor.dtype());
    items_.push_back(std::move(item));
  }
  refusal.refuse();
  read_notes();
  find_twins();
}

void Plan::read_notes() {
  const Value& attributes = value_.attributes();
  const Value* notes = attributes.is_dict() ? attributes.find(kMetadata) : nullptr;
  if (!notes) return;
  if (!notes->is_dict())
    throw_error<TypeError>("save: the attribute __metadata__ is ", detail::with_article(*notes),
                           ", expected a dict of strings");
  for (const auto& [key, text] : notes->items()) {
    const bool strings = key.is_string() && text.is_string();
    const std::string named =
        key.is_string() ? detail::quoted(key.as_string(), 60) : std::string(detail::with_article(key));
    if (!strings || !detail::valid_utf8(key.as_string(), false) || !detail::valid_utf8(text.as_string(), false))
      throw_error<TypeError>("save: safetensors' __metadata__ maps strings to strings; ", named, " is ",
                             strings ? std::string("not UTF-8") : detail::with_article(text));
    if (key.as_string() == kTable) throw_error<TypeError>("save: the entry ", named, " of __metadata__ is our own");
    notes_.emplace_back(key.as_string(), text.as_string());
  }
}

void Plan::find_twins() {
  std::unordered_map<const Storage*, std::vector<Area>> storages;
  for (std::size_t i = 0; i < items_.size(); ++i)
    if (items_[i].nbytes > 0 && items_[i].holder.is_tensor())
      storages[&items_[i].tensor.storage()].push_back(area_of(items_[i].tensor, i));
  for (const Item& first : items_) {
    const auto at = storages.find(&first.tensor.storage());
    if (at == storages.end() || at->second.size() < 2) continue;
    std::vector<Area> areas = std::move(at->second);
    storages.erase(at);
    std::sort(areas.begin(), areas.end(),
              [](const Area& a, const Area& b) { return a.begin != b.begin ? a.begin < b.begin : a.item < b.item; });
    for (std::size_t from = 0, to; from < areas.size(); from = to) {
      std::uint64_t end = areas[from].end;
      for (to = from + 1; to < areas.size() && areas[to].begin < end; ++to) end = std::max(end, areas[to].end);
      if (to - from < 2) continue;
      const std::span<const Area> group(&areas[from], to - from);
      const Tensor& one = items_[group[0].item].tensor;
      const bool all_same =
          std::all_of(group.begin(), group.end(), [&](const Area& a) { return same_view(items_[a.item].tensor, one); });
      std::size_t holder = Item::kNone;
      for (const Area& a : group) {
        const Item& i = items_[a.item];
        const bool covers = i.tensor.is_contiguous() && a.begin == group[0].begin && a.end == end;
        if ((covers || all_same) && (holder == Item::kNone || i.name < items_[holder].name)) holder = a.item;
      }
      const auto distance_fits = [&](const Area& a) {
        return (a.begin - group[0].begin) % item_size(items_[a.item].tensor.dtype()) == 0;
      };
      if (options_.refuse_shared || holder == Item::kNone || !std::all_of(group.begin(), group.end(), distance_fits))
        throw_error<TypeError>("save: the tensors ", detail::quoted(items_[group[0].item].name), " and ",
                               detail::quoted(items_[group[1].item].name), " share memory",
                               group.size() > 2 ? str(", and ", group.size() - 2, " more") : std::string(),
                               options_.refuse_shared ? "" : ", and none of them covers the others",
                               ": clone one of them");
      for (const Area& a : group)
        if (a.item != holder) items_[a.item].twin_of = holder, has_twins_ = true;
    }
  }
}

Order Plan::written() const {
  Order order;
  for (std::size_t i = 0; i < items_.size(); ++i)
    if (items_[i].twin_of == Item::kNone) order.push_back(i);
  return order;
}

void Plan::sort(Order& order) const {
  const auto unit = [&](const Item& i) {  // the largest alignment that its size keeps up
    const auto most = static_cast<std::uint64_t>(options_.alignment);
    return !options_.align_tensors ? 0 : i.nbytes == 0 ? most : std::min(most, i.nbytes & (~i.nbytes + 1));
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const Item &x = items_[a], &y = items_[b];
    if (unit(x) != unit(y)) return unit(x) > unit(y);
    return x.kind != y.kind ? x.kind > y.kind : x.name < y.name;
  });
}

Strings Plan::metadata(const Order& order) const {
  Strings out = notes_;
  if (!has_twins_) return out;
  KeyedSet<std::string_view> own;  // the user's, which are not replaced
  for (const auto& note : notes_) own.insert(note.first);
  std::vector<bool> here(items_.size());
  for (const std::size_t i : order) here[i] = true;
  for (const Item& i : items_)
    if (i.twin_of != Item::kNone && here[i.twin_of] && !own.contains(i.name))
      out.emplace_back(i.name, items_[i.twin_of].name);
  return out;
}

void write_elements(io::Sink& sink, const Tensor& t) {
  constexpr std::int64_t kCopied = 1 << 20;
  if (t.numel() == 0) return;
  if (!t.is_contiguous() && t.numel() > kCopied && t.dim() > 1) {  // at most kMaxRank deep
    for (std::int64_t i = 0; i < t.size(0); ++i) write_elements(sink, t.select(0, i));
    return;
  }
  const Tensor rows = t.contiguous();
  sink.write(io::ByteView(static_cast<const std::uint8_t*>(rows.raw()),
                          static_cast<std::size_t>(rows.numel()) * item_size(rows.dtype())));
}

}  // namespace harker::safetensors
