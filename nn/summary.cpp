// The table of nn::summary, and the hooks that fill it.
#include <harker/core/base/text.h>
#include <harker/nn/summary.h>
#include <algorithm>
#include <memory>
#include <vector>

namespace harker HARKER_PUBLIC {
namespace detail {

struct SummaryRun::Row {
  std::string name;  // "fc1", indented as deep as it lies
  nn::Module module;
  bool training;
  std::shared_ptr<std::string> shape;  // shared with the hook
  HookHandle hook;
};

struct SummaryRun::Rows {
  std::vector<Row> all;
};

SummaryRun::SummaryRun(const nn::Module& model) : rows_(watched(model)) { nn::Module(model).eval(); }

SummaryRun::Rows* SummaryRun::watched(const nn::Module& model) {
  auto rows = std::make_unique<Rows>();
  model.learn_class();
  for (auto& [path, module] : model.named_modules()) {
    const std::size_t dot = path.rfind('.');
    const auto depth = path.empty() ? 0 : 1 + static_cast<std::size_t>(std::count(path.begin(), path.end(), '.'));
    Row row{std::string(2 * depth, ' ') + (dot == std::string::npos ? path : path.substr(dot + 1)),
            module,
            module.is_training(),
            std::make_shared<std::string>(),
            {}};
    row.hook = row.module.register_forward_hook(
        [shape = row.shape](nn::Module&, std::span<const Tensor>, const Tensor& out) { *shape = str(out.shape()); });
    rows->all.push_back(std::move(row));
  }
  return rows.release();
}

SummaryRun::~SummaryRun() {
  for (Row& row : rows_->all) {  // parents come first: what they do to their children is undone by these
    row.module.train(row.training);
    row.hook.remove();
  }
  delete rows_;
}

namespace {
/// 1234567 as "1,234,567"
std::string grouped(std::int64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}
std::int64_t count(const std::vector<Tensor>& tensors) {
  std::int64_t n = 0;
  for (const Tensor& t : tensors) n += t.numel();
  return n;
}
}  // namespace

std::string SummaryRun::table() const {
  struct Line {
    std::string left, shape, parameters;
  };
  std::vector<Line> lines = {{"module", "output shape", "parameters"}};
  for (const Row& row : rows_->all) {
    std::int64_t own = 0;
    for (const auto& named : row.module.named_parameters("", false)) own += named.second.numel();
    lines.push_back({str(row.name, row.name.empty() ? "" : "  ", row.module.class_name()),
                     row.shape->empty() ? "-" : *row.shape, own ? grouped(own) : "-"});
  }
  std::size_t left = 0, shape = 0, right = 0;
  for (const Line& l : lines) {
    left = std::max(left, l.left.size());
    shape = std::max(shape, l.shape.size());
    right = std::max(right, l.parameters.size());
  }
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Line& l = lines[i];
    out += l.left + std::string(left - l.left.size() + 2, ' ') + l.shape +
           std::string(shape - l.shape.size() + 2, ' ') + std::string(right - l.parameters.size(), ' ') + l.parameters +
           '\n';
    if (i == 0) out += std::string(left + shape + right + 4, '-') + '\n';
  }
  const std::vector<Tensor> all = rows_->all.front().module.parameters();
  std::vector<Tensor> trained;
  std::int64_t bytes = 0;
  for (const Tensor& p : all) {
    if (p.requires_grad()) trained.push_back(p);
    bytes += p.numel() * static_cast<std::int64_t>(item_size(p.dtype()));
  }
  return out + str(grouped(count(all)), " parameters, ", grouped(count(trained)), " of them trained; ", grouped(bytes),
                   " bytes\n");
}

}  // namespace detail
}  // namespace harker
