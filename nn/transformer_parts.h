// What both halves of a transformer do to clone a layer (internal).
#pragma once
#include <vector>

#include <harker/nn/any_module.h>
#include <harker/nn/attention.h>

namespace harker::nn {

/// Every parameter that an attention can have, in one order.
template <class Attention, class Pointers>
void add_members(Attention& a, Pointers& to) {
  for (auto* p : {&a.q_proj_weight, &a.k_proj_weight, &a.v_proj_weight, &a.in_proj_weight, &a.in_proj_bias, &a.bias_k,
                  &a.bias_v, &a.out_proj.weight, &a.out_proj.bias})
    to.push_back(p);
}

/// Makes `copy`, which was just made of the same options, what `from` is: weights, what is tied, modes. The lists are
/// their parameters, each in the same order. Error when `from` is of a derived class that has more.
void copy_layer(const Module& from, const std::vector<const Parameter*>& have, Module& copy,
                const std::vector<Parameter*>& made);
/// Error when a layer with this activation, null or a module, cannot be cloned.
void check_cloneable(const AnyModule* activation, const char* layer);

}  // namespace harker::nn
