// Runs calls that opinfo.py wrote through harker and writes what came out: results, gradients, second gradients, errors.
//
//   opinfo --names                       prints what the tables have
//   opinfo CASES.pt RESULTS.pt [N ...]   runs all cases but those numbered N, and prints each number before its turn
//
// A case is a dict: op, args, kwargs, the `leaves` among the tensors of both, `cot` (for each result a gradient, or None), and
// `v` (for each leaf what its gradient is multiplied with, or None), if there is a second gradient to take. A result is a dict:
// out, rg (whether each requires grad), g (by backward), g2 (by grad), gg; or one of `inexpressible`, `refused`, `untyped`
// (an exception that is none of ours), with a message; g_refused, gg_refused. Cases of modules and optimizers: modules.cpp,
// optimizers.cpp.
#include <cstdio>
#include <set>
#include <string>

#include <harker/core/autograd/autograd.h>
#include <harker/core/random.h>
#include <harker/serialize/serialize.h>

#include "modules.h"

namespace opinfo {
namespace {

Value list(const std::vector<Tensor>& all) {
  std::vector<Value> out;
  for (const Tensor& t : all) out.push_back(t.defined() ? Value(t.detach()) : Value());
  return Value::list(std::move(out));
}

Out run(const Value& c, Call& k) {
  manual_seed(42);
  return call(c["op"].as_string(), k);
}

/// The results that have a gradient coming, these, and those of all results that torch has one for.
struct Roots {
  std::vector<Tensor> results, gradients, all;
  Roots(const Out& out, const Value& c) {
    const auto cots = c["cot"].elements();
    for (std::size_t i = 0; i < out.size() && i < cots.size(); ++i) {
      if (cots[i].is_none()) continue;
      all.push_back(cots[i].tensor().detach());
      if (!out[i].requires_grad()) continue;
      results.push_back(out[i]);
      gradients.push_back(all.back());
    }
  }
};

void differentiate_twice(const Value& c, Value& r) {
  Call k(c["args"], c["kwargs"], c["leaves"]);
  const Roots roots(run(c, k), c);
  for (const Tensor& t : roots.all) t.requires_grad_();
  std::vector<Tensor> leaves = k.leaves();
  const std::vector<Tensor> g = grad(roots.results, leaves, roots.gradients, {.create_graph = true});
  r.set("g2", list(g));
  std::vector<Tensor> outputs, with;
  for (std::size_t i = 0; i < g.size(); ++i)
    if (const Value& v = c["v"].elements()[i]; !v.is_none() && g[i].defined() && g[i].requires_grad()) {
      outputs.push_back(g[i]);
      with.push_back(v.tensor().detach());
    }
  leaves.insert(leaves.end(), roots.all.begin(), roots.all.end());
  r.set("gg", list(outputs.empty() ? std::vector<Tensor>(leaves.size()) : grad(outputs, leaves, with)));
}

std::string said(const Error& e) {
  const char* type = dynamic_cast<const ShapeError*>(&e)    ? "ShapeError"
                     : dynamic_cast<const TypeError*>(&e)   ? "TypeError"
                     : dynamic_cast<const GradError*>(&e)   ? "GradError"
                     : dynamic_cast<const FormatError*>(&e) ? "FormatError"
                                                            : "Error";
  return std::string(type) + ": " + e.what();
}

Value judged(const Value& c) {
  Value r = Value::dict();
  const char* refused = "refused";
  try {
    if (c.contains("module") || c.contains("optimizer")) {
      c.contains("module") ? judge_module(c, r) : judge_optimizer(c, r);
      return r;
    }
    Call k(c["args"], c["kwargs"], c["leaves"]);
    const Out out = run(c, k);
    results(r, out);
    if (!c.contains("cot")) return r;
    refused = "g_refused";
    differentiate(c, k, out, r);
    refused = "gg_refused";
    if (c.contains("v")) differentiate_twice(c, r);
  } catch (const Inexpressible& e) { r.set("inexpressible", Value(std::string(e.what()))); } catch (const Error& e) {
    r.set(refused, Value(said(e)));
  } catch (const std::exception& e) { r.set("untyped", Value(std::string(e.what()))); }
  return r;
}

}  // namespace

void results(Value& r, const Out& out) {
  std::vector<Value> rg;
  for (const Tensor& t : out) rg.push_back(Value(t.requires_grad()));
  r.set("out", list(out));
  r.set("rg", Value::list(std::move(rg)));
}
void differentiate(const Value& c, Call& k, const Out& out, Value& r) {
  const Roots roots(out, c);
  const std::size_t n = roots.results.size();
  for (std::size_t i = 0; i < n; ++i) roots.results[i].backward(roots.gradients[i], {.retain_graph = i + 1 < n});
  std::vector<Tensor> g;
  for (const Tensor& leaf : k.leaves()) g.push_back(leaf.grad());
  r.set("g", list(g));
}

}  // namespace opinfo

int main(int argc, char** argv) {
  using namespace opinfo;
  add_pointwise();
  add_binary();
  add_reduce();
  add_arrange();
  add_index();
  add_layers();
  add_losses();
  add_linalg();
  add_make();
  if (argc == 2) {
    for (const std::string& name : table().names()) std::printf("op %s\n", name.c_str());
    for (const std::string& name : module_names()) std::printf("module %s\n", name.c_str());
    for (const std::string& name : optimizer_names()) std::printf("optimizer %s\n", name.c_str());
    return 0;
  }
  std::set<std::size_t> left_out;
  for (int i = 3; i < argc; ++i) left_out.insert(std::stoul(argv[i]));
  const Value cases = load(argv[1]);
  std::vector<Value> results;
  for (std::size_t i = 0; i < cases.len(); ++i) {
    if (left_out.contains(i)) {
      results.emplace_back();
      continue;
    }
    std::printf("%zu\n", i);
    std::fflush(stdout);
    results.push_back(judged(cases.elements()[i]));
  }
  save(Value::list(std::move(results)), argv[2], {.format = "torch"});
}
