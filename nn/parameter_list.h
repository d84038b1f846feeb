// ParameterList and ParameterDict: parameters by number and by name, registered under these. Not in harker.h.
#pragma once
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

/// Parameters "0", "1", ...: `nn::ParameterList{randn({2, 3}), randn({4})}`. What is no Parameter becomes one.
class ParameterList : public Module {
 public:
  ParameterList();
  explicit ParameterList(const std::vector<Tensor>& parameters);
  ParameterList(std::initializer_list<Tensor> parameters);
  ParameterList(const ParameterList& o);
  void append(const Tensor& t);
  void append(const Parameter& p);
  void push_back(const Tensor& t) { append(t); }
  template <class List>
  void extend(const List& parameters) {
    const std::vector<std::remove_cvref_t<decltype(*parameters.begin())>> more(parameters.begin(), parameters.end());
    for (const auto& p : more) append(p);  // not of the list itself, which may be this one
  }
  std::size_t size() const noexcept;
  /// Error when there is none.
  Parameter& operator[](std::size_t i) const;
  Parameter& at(std::size_t i) const { return (*this)[i]; }
  Parameter* begin() const noexcept;
  Parameter* end() const noexcept;
  HARKER_MODULE(ParameterList)

 private:
  void show();
  struct List;
  const std::shared_ptr<List> list_;
};

/// By name, in the order of insertion.
class ParameterDict : public Module {
 public:
  ParameterDict();
  ParameterDict(std::initializer_list<NamedTensor> parameters);
  ParameterDict(const ParameterDict& o);
  /// Error for a name that is taken, empty, or contains a dot.
  void insert(std::string_view name, const Tensor& t);
  void insert(std::string_view name, const Parameter& p);
  std::size_t size() const noexcept;
  bool contains(std::string_view name) const noexcept;
  /// Error, with the nearest name, when there is none.
  Parameter& operator[](std::string_view name) const;
  std::vector<std::string> keys() const;
  /// Pairs of name and parameter.
  const NamedList<Parameter>& items() const noexcept { return *list_; }
  HARKER_MODULE(ParameterDict)

 private:
  void show();
  const std::shared_ptr<NamedList<Parameter>> list_;
};

}  // namespace nn
}  // namespace harker
