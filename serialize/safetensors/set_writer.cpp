// Writes a set as huggingface_hub.save_torch_state_dict lays it out: tensors in the dict's order fill one file after
// another up to SaveOptions::max_shard_size, and an index says which is where:
//
//   index = {"metadata": {["harker": our table,] "total_size": bytes of all tensors},
//            "weight_map": {tensor: file, ...}}    indented by two, keys sorted, as Python's json.dumps has it
//   file  = model-00001-of-00002.safetensors
//
// The index is renamed into place last, and no file that is there is written over: the old index goes on naming its own
// files, whole, until the new one takes its place. A set written over another is therefore named model.2-00001-...; the
// old files are removed when nothing names them any more: no other index in the folder, as that of a set whose own name
// is model.2.
#include <algorithm>
#include <cstdio>
#include <set>

#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/serialize/safetensors/safetensors_file.h>
#include <harker/serialize/safetensors/writer.h>

namespace harker::safetensors {
namespace {

using detail::str;

constexpr std::string_view kEnd = ".safetensors";

std::vector<Order> split(const Plan& plan, std::uint64_t most) {
  std::vector<Order> shards;
  Order shard;
  std::uint64_t nbytes = 0;
  for (const std::size_t i : plan.written()) {
    const std::uint64_t size = plan.items()[i].nbytes;
    if (size > most) {
      shards.push_back({i});
      continue;
    }
    if (nbytes + size > most) shards.push_back(std::exchange(shard, {})), nbytes = 0;
    shard.push_back(i);
    nbytes += size;
  }
  if (!shard.empty()) shards.push_back(shard);
  for (Order& s : shards) plan.sort(s);
  return shards;
}

// Is it a file of any set of this stem?
bool is_of_set(std::string_view name, std::string_view stem) {
  if (!name.starts_with(stem) || !name.ends_with(kEnd)) return false;
  name = name.substr(0, name.size() - kEnd.size()).substr(stem.size());
  const auto digits = [&](std::size_t least) {
    const std::size_t n = std::min(name.size(), name.find_first_not_of("0123456789"));
    name.remove_prefix(n);
    return n >= least;
  };
  const auto skip = [&](std::string_view s) {
    if (!name.starts_with(s)) return false;
    name.remove_prefix(s.size());
    return true;
  };
  if (skip(".") && !digits(1)) return false;
  return skip("-") && digits(5) && skip("-of-") && digits(5) && name.empty();
}

std::vector<std::string> names_of(std::string_view stem, std::size_t n, int generation) {
  std::vector<std::string> out;
  for (std::size_t i = 1; i <= n; ++i) {
    char numbers[64];
    std::snprintf(numbers, sizeof numbers, "-%05zu-of-%05zu", i, n);
    out.push_back(str(stem, generation > 1 ? str('.', generation) : std::string(), std::string_view(numbers), kEnd));
  }
  return out;
}

// What the old set and killed saves leave goes, as far as no other index in the folder names it. Where one of those
// cannot be read, only what the old index of this set names.
void retire_old(io::Sink& sink, const std::vector<std::string>& listed, std::string_view index, std::string_view stem) {
  const std::shared_ptr<const io::Source> old = sink.old();
  if (!old) return;
  std::set<std::string> own, others;
  const auto add = [](std::set<std::string>& to, const io::Source& from) {
    try {
      for (auto& [tensor, shard] : read_index(from).weight_map) to.insert(std::move(shard));
      return true;
    } catch (const Error&) { return false; }
  };
  const auto add_other = [&](const std::string& name) {
    try {
      return add(others, *old->beside(name, false, true));
    } catch (const Error&) { return false; }
  };
  add(own, *old);
  bool all = true;
  for (const std::string& n : listed)
    if (n.ends_with(".index.json") && n != index) all = add_other(n) && all;
  for (const std::string& n : listed)
    if (is_of_set(n, stem) && !others.contains(n) && (all || own.contains(n))) sink.retire(n);
}

}  // namespace

SaveReport write_set(io::Sink& sink, const Value& value, std::string_view name, const SaveOptions& options) {
  check_options(options);
  const NoGradGuard guard;
  const Plan plan(value, options);
  const std::vector<Order> shards = split(plan, options.max_shard_size);
  std::string_view stem = name.substr(0, name.rfind(".index.json"));
  if (stem.ends_with(kEnd)) stem.remove_suffix(kEnd.size());
  const std::vector<std::string> listed = sink.neighbours();
  const std::set<std::string_view> there(listed.begin(), listed.end());
  const auto is_there = [&](const std::string& n) { return there.contains(n); };
  std::vector<std::string> names = names_of(stem, shards.size(), 1);
  for (int g = 2; std::any_of(names.begin(), names.end(), is_there); ++g) names = names_of(stem, shards.size(), g);

  SaveReport report;
  Order all;
  std::uint64_t total = 0;
  std::vector<std::pair<std::string_view, std::string_view>> map;
  for (std::size_t s = 0; s < shards.size(); ++s) {
    Strings notes = plan.metadata(shards[s]);
    add_note(notes, "format", "pt");
    io::Sink& file = sink.beside(names[s]);
    write_tensors(file, plan, shards[s], notes, options);
    report.bytes += file.position();
    for (const std::size_t i : shards[s]) {
      map.emplace_back(plan.items()[i].name, names[s]);
      total += plan.items()[i].nbytes;
      all.push_back(i);
    }
  }
  std::string index = "{\n  \"metadata\": {\n";
  if (const std::string table = plan.table(all); !table.empty()) {
    index += str("    \"", kTable, "\": ");
    append_json(index, table, true);
    index += ",\n";
  }
  index += str("    \"total_size\": ", total, "\n  },\n  \"weight_map\": {");
  std::sort(map.begin(), map.end());
  for (const auto& [tensor, file] : map) {
    index += tensor == map.front().first ? "\n    " : ",\n    ";
    append_json(index, tensor, true);
    index += ": ";
    append_json(index, file, true);
  }
  index += map.empty() ? "}\n}\n" : "\n  }\n}\n";
  sink.write(index);
  report.bytes += sink.position();
  retire_old(sink, listed, name, stem);
  return report;
}

}  // namespace harker::safetensors
