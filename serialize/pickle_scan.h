// What the pickles in a file would call, found by following their opcodes with nothing built: names of classes and
// functions, how they are used, and what no honest writer does. For `harker scan`; loading has a machine of its own
// (pickle_reader.h), which refuses what it does not know.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <harker/serialize/io/source.h>

namespace harker HARKER_PUBLIC {

struct PickleName {
  std::string module, name;  ///< Python 3's; "?" where the pickle computes it
  std::uint64_t first = 0;   ///< where it is named first: the opcode's position in the pickle
  std::uint64_t named = 0, called = 0;
  std::uint64_t built = 0;  ///< objects of it that are given a state (BUILD)
  bool allowed = false;     ///< what our readers know, used in a way they know
};

struct ScannedPickle {
  std::string where;  ///< "archive/data.pkl"; empty for a file that is one
  int protocol = 0;
  std::vector<PickleName> names;  ///< in the order in which they are first named
  std::vector<std::string> odd;   ///< "41 bytes after STOP"
};

/// All pickles of a file: of a zip archive in whatever member, also compressed, and inside NumPy's object arrays; of the
/// legacy stream and tar form; bare ones; and those within strings of other pickles. Empty for formats that hold none.
/// Damage is an oddity here, not an error; FormatError for what is no model file at all.
std::vector<ScannedPickle> scan_pickles(const io::Source& source);

}  // namespace harker
