// The addresses come from the compiler's unwinder. The names come from the symbol tables of the files that are loaded,
// which we read ourselves: the C library knows only the functions that a program exports, and a program exports none.
#include <harker/core/base/backtrace.h>

#include <cxxabi.h>
#include <unwind.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>

#include <harker/core/base/text.h>

#if __has_include(<link.h>)
#include <link.h>
#define HARKER_ELF 1
#endif

namespace harker::detail {

std::size_t callers(std::span<void*> at) noexcept {
  struct State {
    std::span<void*> at;
    std::size_t n = 0;
    bool self = true;
  } state{at};
  _Unwind_Backtrace(
      [](_Unwind_Context* context, void* p) {
        State& s = *static_cast<State*>(p);
        if (std::exchange(s.self, false)) return _URC_NO_REASON;
        if (s.n == s.at.size()) return _URC_END_OF_STACK;
        void* ip = reinterpret_cast<void*>(_Unwind_GetIP(context));
        if (!ip) return _URC_END_OF_STACK;
        s.at[s.n++] = ip;
        return _URC_NO_REASON;
      },
      &state);
  return state.n;
}

namespace {

std::string readable(const char* symbol, std::size_t limit) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> plain(abi::__cxa_demangle(symbol, nullptr, nullptr, &status), std::free);
  std::string name = plain ? plain.get() : symbol;
  if (name.size() > limit) name = name.substr(0, limit - 3) + "...";
  return name;
}

#if defined(HARKER_ELF)

/// A loaded file and where it lies.
struct LoadedFile {
  std::string path;
  std::uintptr_t bias = 0;
};

LoadedFile loaded_file_of(std::uintptr_t address) {
  struct Search {
    std::uintptr_t address;
    LoadedFile found;
  } search{address, {}};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* p) {
        Search& s = *static_cast<Search*>(p);
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& h = info->dlpi_phdr[i];
          const std::uintptr_t begin = info->dlpi_addr + h.p_vaddr;
          if (h.p_type != PT_LOAD || s.address < begin || s.address >= begin + h.p_memsz) continue;
          const bool program = !info->dlpi_name || !*info->dlpi_name;
          s.found = {program ? "/proc/self/exe" : info->dlpi_name, info->dlpi_addr};
          return 1;
        }
        return 0;
      },
      &search);
  return search.found;
}

/// The functions of one file. What does not fit together is left out: a damaged table gives no names, and no harm.
class Symbols {
 public:
  explicit Symbols(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    ElfW(Ehdr) head;
    if (!read(in, 0, &head, 1) || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) return;
    if (head.e_shentsize != sizeof(ElfW(Shdr)) || head.e_shnum == 0) return;
    std::vector<ElfW(Shdr)> sections(head.e_shnum);
    if (!read(in, head.e_shoff, sections.data(), sections.size())) return;
    for (const auto wanted : {std::uint32_t{SHT_SYMTAB}, std::uint32_t{SHT_DYNSYM}}) {
      for (const ElfW(Shdr) & s : sections) {
        if (s.sh_type != wanted || s.sh_link >= sections.size() || s.sh_size > kMost) continue;
        const ElfW(Shdr)& text = sections[s.sh_link];
        if (text.sh_size > kMost) continue;
        symbols_.resize(s.sh_size / sizeof(ElfW(Sym)));
        names_.resize(text.sh_size + 1);
        if (read(in, s.sh_offset, symbols_.data(), symbols_.size()) &&
            read(in, text.sh_offset, names_.data(), text.sh_size))
          return;
        symbols_.clear();
      }
    }
  }
  /// Its symbol, or null.
  const char* at(std::uintptr_t offset) const {
    for (const ElfW(Sym) & s : symbols_) {
      if ((s.st_info & 0xf) == STT_FUNC && offset >= s.st_value && offset < s.st_value + s.st_size &&
          s.st_name < names_.size())
        return names_.data() + s.st_name;
    }
    return nullptr;
  }

 private:
  static constexpr std::size_t kMost = std::size_t{1} << 30;
  template <class T>
  static bool read(std::ifstream& in, std::uint64_t offset, T* to, std::size_t n) {
    in.seekg(static_cast<std::streamoff>(offset));
    in.read(reinterpret_cast<char*>(to), static_cast<std::streamsize>(n * sizeof(T)));
    return static_cast<bool>(in);
  }
  std::vector<ElfW(Sym)> symbols_;
  std::vector<char> names_;
};

#endif

}  // namespace

std::vector<std::string> function_names(std::span<void* const> at, std::size_t limit) {
  std::vector<std::string> names;
#if defined(HARKER_ELF)
  std::vector<std::pair<std::string, Symbols>> files;
  for (void* p : at) {
    const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(p) - 1;  // inside the call, not behind it
    const LoadedFile object = loaded_file_of(address);
    std::size_t k = 0;
    while (k < files.size() && files[k].first != object.path) ++k;
    if (k == files.size()) files.emplace_back(object.path, Symbols(object.path));
    if (const char* symbol = files[k].second.at(address - object.bias))
      names.push_back(readable(symbol, limit));
    else
      names.push_back(str(object.path, " at byte ", address - object.bias));
  }
#else
  for (void* p : at) names.push_back(str("address ", reinterpret_cast<std::uintptr_t>(p)));
  (void)limit;
  (void)readable;
#endif
  return names;
}

}  // namespace harker::detail
