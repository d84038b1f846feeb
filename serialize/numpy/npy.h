// One array as np.save writes it. The grammar (numpy/lib/format.py):
//
//   array  = "\x93NUMPY" major:u8 minor:u8 length header elements
//   length = u16 in version 1.0, u32 in 2.0 (long headers) and 3.0 (names of fields in UTF-8)
//   header = "{'descr': dtype, 'fortran_order': False, 'shape': (2, 3), }" spaces "\n"     a literal of Python, in
//            Latin-1 (3.0: UTF-8), so long that the elements begin at a multiple of 64
//   dtype  = '<f4'            order ('<' little, '>' big, '|' none), kind and bytes of an element
//            [('x', '<f4')]   a structure
#pragma once
#include <memory>
#include <string>

#include <harker/serialize/io/source.h>
#include <harker/serialize/serialize.h>

namespace harker::numpy {

inline constexpr std::string_view kMagic("\x93NUMPY", 6);

/// Where an array lies.
struct Place {
  std::shared_ptr<const io::Source> source;
  io::ByteView bytes;  ///< from the magic on, part of the source's
  std::string label;   ///< for errors: empty for a .npy file
  bool check_crc = false;
  std::uint32_t crc = 0;  ///< of all `bytes`
};
struct Array {
  Value value;
  int version = 0;
  bool fortran_order = false;
  std::size_t left = 0;  ///< bytes that follow its elements
};
/// A tensor. What no tensor holds (text, structures, dates, bfloat16, of which NumPy stores bytes without a name) is kept as an
/// opaque numpy.ndarray with `descr`, `shape`, `fortran_order` and its bytes, when `keep_others`, else refused. An array
/// of objects is a pickle, which is never read: opaque with Unknown::keep, else refused.
Array read_array(const Place& place, const LoadOptions& options, bool keep_others);

/// Whether a dtype, as a literal, has objects in it: 'O', '|O8', 'object_', 'i4,O'. Rather once too often.
bool names_objects(std::string_view descr);

/// Why np.save could not write this, or "".
std::string cannot_save(const Value& v);
/// The bytes of a Value that it can.
struct Written {
  std::string header;
  io::ByteView elements;  ///< as long as this lives
  Tensor held;
};
Written written_array(const Value& v);

}  // namespace harker::numpy
