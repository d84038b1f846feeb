// A module as text: the name of its class, and the tree that PyTorch's repr draws.
#include <cxxabi.h>
#include <harker/core/base/text.h>
#include <harker/nn/registry.h>
#include <cstdlib>
#include <ostream>
#include <typeinfo>

namespace harker HARKER_PUBLIC {
namespace nn {

namespace {

/// "Net" for "app::(anonymous namespace)::Net<int>".
std::string short_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> plain(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                     std::free);
  const std::string_view name = plain ? plain.get() : type.name();
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '<' || name[i] == '(' || name[i] == '{') ++depth;
    if (name[i] == '>' || name[i] == ')' || name[i] == '}') --depth;
    if (depth == 0 && name[i] == ':') begin = i + 1;
  }
  return std::string(name.substr(begin, name.find('<', begin) - begin));
}

/// The class that derives from Module, or null for a plain Module. As typeid(m), but for a user's class that was
/// compiled with -fno-rtti, where the place before the virtual functions is empty and typeid would read it all the
/// same.
const std::type_info* class_of(const Module& m) {
  const void* const* const functions = *reinterpret_cast<const void* const* const*>(&m);
  const auto* const type = static_cast<const std::type_info*>(functions[-1]);
  return type && *type != typeid(Module) ? type : nullptr;
}

/// Lines after the first are indented, as torch's _addindent.
std::string indented(const std::string& text) {
  std::string out;
  for (char c : text) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out;
}

}  // namespace

std::string Module::class_name() const {
  if (!registry_->class_name.empty()) return registry_->class_name;
  const std::type_info* const type = class_of(*this);
  return type ? short_name(*type) : "Module";
}

void Module::learn_class() const {
  if (registry_->class_name.empty() && class_of(*this)) registry_->class_name = class_name();
}

bool Module::same_class(const Module& a, const Module& b) {
  const std::type_info *x = class_of(a), *y = class_of(b);
  return x == y || (x && y && *x == *y);
}

void Module::missed(const std::type_info& wanted) const {
  if (class_of(*this) || registry_->class_name != short_name(wanted)) return;
  detail::throw_error<Error>(
      "as: this handle on a ", class_name(),
      " is of the type Module, and does not know the object: modules in a Sequential, ModuleList<> "
      "or ModuleDict<> are found, members of a class are what their class names them");
}

void Module::set_extra_repr(std::string text) { registry_->extra_repr = std::move(text); }

std::ostream& operator<<(std::ostream& out, const Module& m) {
  const auto text = [](const auto& self, const Module::Registry& r, const std::string& class_name) -> std::string {
    std::vector<std::string> lines;
    if (!r.extra_repr.empty()) lines.push_back(indented(r.extra_repr));
    std::vector<std::string> parts;
    for (const auto& c : r.children) {
      const std::string& known = c.module->class_name;
      parts.push_back(indented(self(self, *c.module, known.empty() ? "Module" : known)));
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      std::size_t last = i;  // a ModuleList shows equal neighbours once
      while (class_name == "ModuleList" && last + 1 < parts.size() && parts[last + 1] == parts[i]) ++last;
      lines.push_back("(" + r.children[i].name + (last > i ? "-" + r.children[last].name : "") +
                      "): " + (last > i ? std::to_string(last - i + 1) + " x " : "") + parts[i]);
      i = last;
    }
    std::string all = class_name + "(";
    if (parts.empty() && lines.size() == 1 && r.extra_repr.find('\n') == std::string::npos) {
      all += r.extra_repr;
    } else if (!lines.empty()) {
      for (const std::string& line : lines) all += "\n  " + line;
      all += '\n';
    }
    return all + ")";
  };
  return out << text(text, *m.registry_, m.class_name());
}

}  // namespace nn
}  // namespace harker
