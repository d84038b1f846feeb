// What rows ask of a call, and the walk over all calls.
#include <harker/serialize/onnx/export_call.h>

#include <algorithm>

#include <harker/core/base/text.h>

namespace harker::onnx {

using detail::str;
using detail::throw_error;
using Kind = detail::TracedArgument::Kind;

namespace {

const Row* row_of(std::string_view op) {
  for (const std::span<const Row> rows : {pointwise_rows(), shape_rows(), reduction_rows(), layer_rows()})
    for (const Row& r : rows)
      if (r.op == op) return &r;
  return nullptr;
}

/// Operations that only look at the memory of their first argument in another way.
bool is_view(std::string_view op) {
  static constexpr std::string_view kViews[] = {"view", "permute", "expand", "slice", "clone"};
  return std::find(std::begin(kViews), std::end(kViews), op) != std::end(kViews);
}
/// A constant beyond this many bytes that is a view of another is not written a second time.
constexpr std::size_t kSmall = 1024;

}  // namespace

Call::Call(Export& all, int op) : graph(all.graph), all_(all), op_(op) {}
const std::string& Call::name() const { return all_.runs.op(op_).name; }

void Call::refuse(std::string_view why) const { throw_error<Error>("export_onnx: ", all_.runs.place(op_), ": ", why); }

int Call::tensor(std::size_t i) const { return all_.runs.op(op_).inputs.at(i); }
int Call::result(std::size_t i) const { return all_.runs.op(op_).outputs.at(i); }
std::size_t Call::inputs() const { return all_.runs.op(op_).inputs.size(); }
bool Call::has(std::size_t i) const { return i < inputs() && tensor(i) >= 0; }
std::string Call::in(std::size_t i) const { return has(i) ? all_.value(tensor(i), op_) : ""; }
std::string Call::in(std::size_t i, DType t) const { return dtype(i) == t ? in(i) : cast(in(i), t); }
DType Call::dtype(std::size_t i) const { return all_.runs.tensor(tensor(i)).tensor.dtype(); }
int Call::rank(std::size_t i) const { return all_.runs.tensor(tensor(i)).shape.rank(); }
std::vector<Dim> Call::dims_of(int t) const {
  std::vector<Dim> out;
  for (int d = 0; d < all_.runs.tensor(t).shape.rank(); ++d) {
    const std::optional<Dim> size = all_.runs.dim(t, d);
    if (!size)
      refuse(str("the size of dimension ", d,
                 " of a tensor is no multiple of the batch's size (and a number "
                 "beside it): it cannot be written down; dynamic_batch = false makes it fixed"));
    out.push_back(*size);
  }
  return out;
}
std::vector<Dim> Call::dims(std::size_t i) const { return dims_of(tensor(i)); }
std::vector<std::int64_t> Call::fixed_dims(std::size_t i) const {
  std::vector<std::int64_t> out;
  for (Dim d : dims(i)) {
    if (!d.fixed())
      refuse("needs sizes that do not depend on the batch's size; dynamic_batch = false makes them fixed");
    out.push_back(d.c);
  }
  return out;
}
std::vector<std::int64_t> Call::sizes(std::size_t i, int d) const { return all_.runs.sizes(tensor(i), d); }

const Tensor* Call::constant(std::size_t i) const {
  return all_.runs.live(tensor(i)) ? nullptr : &all_.runs.tensor(tensor(i)).tensor;
}

std::size_t Call::arguments() const { return all_.runs.op(op_).arguments.size(); }
Dim Call::dim(std::size_t k) const {
  const std::optional<Dim> d = all_.runs.whole(op_, k);
  if (!d) refuse("an argument depends on the batch's size in a way that cannot be written down");
  return *d;
}
std::int64_t Call::whole(std::size_t k) const {
  const Dim d = dim(k);
  if (!d.fixed()) refuse("an argument depends on the batch's size; dynamic_batch = false makes it fixed");
  return d.c;
}
double Call::number(std::size_t k) const {
  if (!all_.runs.same(op_, k)) refuse("a number depends on the batch's size; dynamic_batch = false makes it fixed");
  const Kind kind = all_.runs.op(op_).arguments.at(k).kind;
  if (kind != Kind::real && kind != Kind::scalar && kind != Kind::integer) refuse("an argument is not known");
  return all_.runs.op(op_).arguments[k].number;
}
bool Call::given(std::size_t k) const { return all_.runs.op(op_).arguments.at(k).kind != Kind::opaque; }
bool Call::is_real(std::size_t k) const { return all_.runs.op(op_).arguments.at(k).is_real; }
std::vector<double> Call::numbers(std::size_t k) const { return all_.runs.numbers(op_, k); }
std::string Call::text(std::size_t k) const {
  if (!all_.runs.same(op_, k)) refuse("an argument depends on the batch's size");
  return all_.runs.op(op_).arguments.at(k).text;
}
std::size_t Call::length(std::size_t k) const { return all_.runs.op(op_).arguments.at(k).list.size(); }
Dim Call::listed_dim(std::size_t k, std::size_t i) const {
  if (i >= length(k)) refuse("an argument is not known");
  const std::optional<Dim> d = all_.runs.listed(op_, k, i);
  if (!d) refuse("an argument depends on the batch's size in a way that cannot be written down");
  return *d;
}
std::int64_t Call::listed(std::size_t k, std::size_t i) const {
  const Dim d = listed_dim(k, i);
  if (!d.fixed()) refuse("an argument depends on the batch's size; dynamic_batch = false makes it fixed");
  return d.c;
}
std::vector<std::int64_t> Call::list(std::size_t k) const {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < length(k); ++i) out.push_back(listed(k, i));
  return out;
}

std::size_t Call::outputs() const { return all_.runs.op(op_).outputs.size(); }
DType Call::out_dtype(std::size_t i) const { return all_.runs.tensor(result(i)).tensor.dtype(); }
int Call::out_rank(std::size_t i) const { return all_.runs.tensor(result(i)).shape.rank(); }
std::vector<Dim> Call::out_dims(std::size_t i) const { return dims_of(result(i)); }
void Call::is(const std::string& value, std::size_t i) const {
  const int t = result(i);
  if (t < 0) return;
  std::string& name = all_.names_[static_cast<std::size_t>(t)];
  if (name.empty()) name = value;  // a result that is an argument has one
}
void Call::is_as(const std::string& value, DType made) const {
  is(made == out_dtype() ? value : cast(value, out_dtype()));
}

std::string Call::cast(const std::string& value, DType to) const {
  return node("Cast", {value}, integer("to", computing_type(to)));
}
std::string Call::reshape(const std::string& value, const std::vector<Dim>& to) const {
  const auto open = std::count_if(to.begin(), to.end(), [](Dim d) { return !d.fixed(); });
  const bool empty = std::any_of(to.begin(), to.end(), [](Dim d) { return d.fixed() && d.c == 0; });
  if (open == 1 && !empty) {
    std::vector<std::int64_t> sizes;
    for (Dim d : to) sizes.push_back(d.fixed() ? d.c : -1);
    return node("Reshape", {value, graph.list(sizes)});
  }
  return node("Reshape", {value, graph.shape(to)}, empty ? integer("allowzero", 1) : "");
}
std::string Call::reduce(const char* type, const std::string& value, const std::vector<std::int64_t>& axes,
                         bool keep) const {
  if (axes.empty()) return node("Identity", {value});
  const std::string kept = integer("keepdims", keep);
  if (std::string_view(type) == "ReduceSum" || graph.opset() >= 18) return node(type, {value, graph.list(axes)}, kept);
  return node(type, {value}, ints("axes", axes) + kept);
}

Export::Export(const Runs& r, Graph& g)
    : runs(r), graph(g), names_(r.first().tensors().size()), written_(static_cast<std::size_t>(r.op_count())) {}

std::string Export::value(int t, int for_op) {
  std::string& known = names_[static_cast<std::size_t>(t)];
  if (!known.empty()) return known;
  const RecordedTensor& r = runs.tensor(t);
  if (runs.live(t))
    throw_error<Error>("export_onnx: ", runs.place(for_op), ": a value of ", runs.place(r.made_by),
                       " has no form in ONNX");
  runs.check_constant(t, for_op);
  if (const std::string* in_state = graph.initializer(r.tensor)) return known = *in_state;
  if (r.made_by >= 0 && r.tensor.nbytes() > kSmall && is_view(runs.op(r.made_by).name)) {
    write_op(r.made_by);
    return names_[static_cast<std::size_t>(t)];
  }
  return known = graph.constant(r.tensor);
}

void Export::write_op(int i) {
  if (written_[static_cast<std::size_t>(i)]) return;
  written_[static_cast<std::size_t>(i)] = true;
  const Call call(*this, i);
  const RecordedOp& o = runs.op(i);
  if (o.outputs.empty()) {  // item, data, to_vector
    if (runs.live_op(i))
      call.refuse(
          "the program reads the elements of a tensor that depends on the input, which a file cannot; what it "
          "does with them would be written down as it was in this run");
    return;
  }
  const Row* row = row_of(o.name);
  if (!row) call.refuse("this operation has no form in ONNX (docs/onnx-export.md lists those that have one)");
  row->write(call);
}

void Export::write() {
  for (int i = 0; i < runs.op_count(); ++i) {
    const RecordedOp& o = runs.op(i);
    if (runs.live_op(i))
      write_op(i);
    else if (o.outputs.empty())
      runs.check_constant(o.inputs[0], i);
  }
}

}  // namespace harker::onnx
