// Tables of numbers from CSV files (RFC 4180): fields between delimiters, in quotes where they hold one.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace nn {
namespace data {

/// Whether the first line names the columns. `automatic`: it does when none of its fields is a number.
enum class Header : std::uint8_t { automatic, yes, no };

struct CsvOptions {
  char delimiter = ',';
  Header header = Header::automatic;
  DType dtype = DType::float32;        ///< or float64
  std::optional<double> missing = {};  ///< the value of an empty field; without it such a field is an error
};

struct Csv {
  std::vector<std::string> names;  ///< of the columns; none without a header
  Tensor values;                   ///< [rows, columns]
  /// The column of that name, [rows], a view. Error with the nearest name when there is none.
  Tensor column(std::string_view name) const;
};

/// Reads a file whose fields, below the header, are all numbers (also "inf" and "nan"). Blank lines are left out; lines
/// end in LF, CRLF or CR. FormatError naming file, line and column for a field that is no number, a line with another
/// number of fields, a quote that is not closed, and a file without rows. Takes memory in proportion to the numbers.
Csv read_csv(const std::string& path, const CsvOptions& options = {});
/// The same from text; `name` stands for the file in messages.
Csv parse_csv(std::string_view text, const CsvOptions& options = {}, std::string_view name = "csv");

}  // namespace data
}  // namespace nn
}  // namespace harker
