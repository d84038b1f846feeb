// What main.cpp, modules.cpp and optimizers.cpp share.
#pragma once
#include "call.h"

namespace opinfo {

/// Writes results, and whether each requires grad.
void results(Value& r, const Out& out);
/// Gradients by backward, of the case's `cot`.
void differentiate(const Value& c, Call& k, const Out& out, Value& r);

std::vector<std::string> module_names();
void judge_module(const Value& c, Value& r);
std::vector<std::string> optimizer_names();
void judge_optimizer(const Value& c, Value& r);

}  // namespace opinfo
