// Headers of 512 bytes, each followed by its data in blocks of 512; two empty blocks end the archive. PAX headers (for
// fractional times) are passed over, unless they give a member another name or size.
#include <harker/serialize/torch/tar_archive.h>

#include <algorithm>

#include <harker/core/base/text.h>

namespace harker::pt {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

constexpr std::size_t kBlock = 512, kRecord = 10240;
constexpr std::size_t kName = 0, kNameSize = 100, kSize = 124, kSizeSize = 12, kSum = 148, kSumSize = 8, kType = 156,
                      kMagic = 257, kPrefix = 345;

// Octal digits, padded with spaces and zeros.
bool octal(std::string_view s, std::uint64_t& out) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\0')) s.remove_suffix(1);
  out = 0;
  for (char c : s) {
    if (c < '0' || c > '7') return false;
    out = out * 8 + static_cast<std::uint64_t>(c - '0');  // at most twelve digits
  }
  return !s.empty();
}

bool empty_block(io::ByteView b) {
  return std::all_of(b.begin(), b.end(), [](std::uint8_t c) { return c == 0; });
}

}  // namespace

TarArchive::TarArchive(io::ByteView file, std::string what) : file_(file), what_(std::move(what)) {
  std::size_t at = 0;
  while (file_.size() - at >= kBlock && !empty_block(file_.subspan(at, kBlock))) read_member(at);
  const io::ByteView rest = file_.subspan(at);
  if (rest.size() < 2 * kBlock || file_.size() % kRecord != 0)
    throw_error<FormatError>(what_, " at ", at,
                             ": the tar archive is truncated: it must end in two empty blocks and fill ", "records of ",
                             kRecord, " bytes, the file has ", file_.size());
  if (!empty_block(rest)) throw_error<FormatError>(what_, " at ", at, ": data behind the end of the tar archive");
}

void TarArchive::read_member(std::size_t& at) {
  const std::string_view header = io::text(file_.subspan(at, kBlock));
  const std::string where = str(what_, " at ", at, ": tar header: ");
  if (header.substr(kMagic, 5) != "ustar") throw_error<FormatError>(where, "no 'ustar' in it: damaged");
  std::uint64_t size = 0, sum = 0, found = 0;
  for (std::size_t i = 0; i < kBlock; ++i)
    found += i >= kSum && i < kSum + kSumSize ? static_cast<std::uint64_t>(' ') : file_[at + i];
  if (!octal(header.substr(kSum, kSumSize), sum) || sum != found)
    throw_error<FormatError>(where, "the checksum is ", found, ", the header says ", sum, ": damaged");
  if (!octal(header.substr(kSize, kSizeSize), size)) throw_error<FormatError>(where, "the size is no octal number");
  std::string_view name = header.substr(kName, kNameSize);
  name = name.substr(0, name.find('\0'));
  if (header[kPrefix] != '\0')
    throw_error<FormatError>(where, "a name in two parts, which none of PyTorch's members has");
  const std::size_t left = file_.size() - at - kBlock;
  if (size > left)
    throw_error<FormatError>(where, quoted(name), " has a size of ", size, " bytes, ", left, " are left: truncated");
  const io::ByteView data = file_.subspan(at + kBlock, static_cast<std::size_t>(size));
  const std::size_t padded = (static_cast<std::size_t>(size) + kBlock - 1) / kBlock * kBlock;
  if (padded > left || !empty_block(file_.subspan(at + kBlock + data.size(), padded - data.size())))
    throw_error<FormatError>(where, quoted(name), ": what fills its last block is not zero, or truncated");
  at += kBlock + padded;
  const char type = header[kType];
  if (type == 'x' || type == 'g') {
    const std::string_view pax = io::text(data);
    for (std::string_view key : {" path=", " size=", " linkpath="})
      if (pax.find(key) != pax.npos)
        throw_error<FormatError>(where, "a PAX header that sets", key, "..., which PyTorch's members do not need");
    return;
  }
  for (const Member& m : members_)
    if (m.name == name) throw_error<FormatError>(where, "two members are named ", quoted(name));
  constexpr std::size_t kMost = 1000;
  if (members_.size() >= kMost) throw_error<FormatError>(where, "more than 1000 members: not written by PyTorch");
  members_.push_back({name, data, type});
}

const TarArchive::Member* TarArchive::find(std::string_view name) const {
  for (const Member& m : members_) {
    if (m.name != name) continue;
    if (m.type != '0' && m.type != '\0')
      throw_error<FormatError>(what_, ": the member ", quoted(name), " is no plain file (a link or a folder)");
    return &m;
  }
  return nullptr;
}

}  // namespace harker::pt
