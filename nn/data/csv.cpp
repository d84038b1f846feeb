// CSV: characters to fields to numbers, one field in memory at a time.
//
//   file   = [BOM] record {newline record}          newline = LF | CRLF | CR; blank lines are skipped
//   record = field {delimiter field}
//   field  = space* (text | '"' (any but '"' | '""')* '"') space*
#include <harker/nn/data/csv.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>

#include <harker/core/base/text.h>

namespace harker HARKER_PUBLIC {
namespace nn::data {

using harker::detail::quoted;
using harker::detail::str;
using harker::detail::throw_error;

namespace {

constexpr std::size_t kBuffer = std::size_t{1} << 16;
constexpr std::size_t kLongestField = 4096;  // no number is longer; without a limit a quote could take the whole file

/// Characters of a file, through a buffer, or of a text.
class Characters {
 public:
  explicit Characters(std::string_view text) : text_(text) {}
  explicit Characters(const std::string& path) : name_(path) {
    file_.reset(std::fopen(path.c_str(), "rb"));
    if (!file_) throw_error<IoError>(name_, ": cannot be opened");
    buffer_.resize(kBuffer);
  }
  /// The next one, or -1 at the end.
  int peek() {
    if (at_ == text_.size() && !refill()) return -1;
    return static_cast<unsigned char>(text_[at_]);
  }
  void advance() { ++at_; }

 private:
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  bool refill() {
    if (!file_) return false;
    const std::size_t n = std::fread(buffer_.data(), 1, buffer_.size(), file_.get());
    if (n == 0 && std::ferror(file_.get())) throw_error<IoError>(name_, ": cannot be read");
    text_ = std::string_view(buffer_.data(), n);
    at_ = 0;
    return n > 0;
  }
  std::string name_;
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<char> buffer_;
  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_space(int c) { return c == ' ' || c == '\t'; }
bool is_newline(int c) { return c == '\n' || c == '\r'; }

/// Numbers in T, rounded once. A number too small for T is 0; one too large is none.
template <class T>
bool parse(std::string_view field, T& v) {
  if (field.starts_with('+') && !field.starts_with("+-")) field.remove_prefix(1);
  const char* const end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data(), end, v);
  if (stop != end || field.empty()) return false;
  if (error != std::errc::result_out_of_range) return error == std::errc();
  const std::size_t e = field.find_first_of("eE");
  double wide = 0;
  if (std::from_chars(field.data(), end, wide).ec == std::errc())
    v = static_cast<T>(wide);
  else if (e != std::string_view::npos && field[e + 1] == '-')
    v = T(field.starts_with('-') ? -0.0 : 0.0);
  else
    return false;
  return std::isfinite(v);
}

template <class T>
class Reader {
 public:
  Reader(Characters in, const CsvOptions& options, std::string_view name)
      : in_(std::move(in)), options_(options), file_(name) {
    if (options.delimiter == '"' || is_newline(options.delimiter) || options.delimiter == '\0')
      throw_error<Error>("read_csv: the delimiter cannot be a quote, a newline or NUL");
  }

  Csv read() {
    skip_mark();
    while (in_.peek() >= 0) {
      if (!skip_blank_line()) read_record();
    }
    if (rows_ == 0) throw_error<FormatError>(file_, ": holds no rows of numbers");
    Csv out;
    out.names = std::move(names_);
    out.values = from_vector(values_, {rows_, static_cast<std::int64_t>(columns_)});
    return out;
  }

 private:
  template <class... W>
  [[noreturn]] void refuse(std::size_t line, const W&... why) const {
    throw_error<FormatError>(file_, ", line ", line, ": ", why...);
  }
  std::string column_name(std::size_t column) const {
    return column < names_.size() ? str("column ", column + 1, " (", quoted(names_[column], 40), ")")
                                  : str("column ", column + 1);
  }

  void skip_mark() {  // UTF-8's byte order mark
    for (int c : {0xef, 0xbb, 0xbf}) {
      if (in_.peek() != c) return;
      in_.advance();
    }
  }
  void take_newline() {
    const int c = in_.peek();
    if (c < 0) return;
    in_.advance();
    if (c == '\r' && in_.peek() == '\n') in_.advance();
    ++line_;
  }
  bool skip_blank_line() {
    while (is_space(in_.peek()) && in_.peek() != options_.delimiter) in_.advance();
    if (in_.peek() >= 0 && !is_newline(in_.peek())) return false;
    take_newline();
    return true;
  }

  /// One field into field_, without the spaces around it.
  void read_field(std::size_t column) {
    field_.clear();
    const auto add = [&](int c) {
      if (field_.size() == kLongestField)
        refuse(line_, "the field in ", column_name(column), " is longer than ", kLongestField, " bytes");
      field_ += static_cast<char>(c);
    };
    const auto ends = [&](int c) { return c < 0 || c == options_.delimiter || is_newline(c); };
    while (is_space(in_.peek()) && !ends(in_.peek())) in_.advance();
    if (in_.peek() == '"') {
      const std::size_t opened = line_;
      in_.advance();
      for (;;) {
        const int c = in_.peek();
        if (c < 0) refuse(opened, "the quote that opens in ", column_name(column), " is not closed");
        if (is_newline(c)) {
          add('\n');
          take_newline();
          continue;
        }
        in_.advance();
        if (c != '"') {
          add(c);
        } else if (in_.peek() == '"') {
          add('"');
          in_.advance();
        } else {
          break;
        }
      }
      while (is_space(in_.peek()) && !ends(in_.peek())) in_.advance();
      if (!ends(in_.peek())) refuse(line_, "text follows the closing quote in ", column_name(column));
      return;
    }
    while (!ends(in_.peek())) {
      add(in_.peek());
      in_.advance();
    }
    while (!field_.empty() && is_space(field_.back())) field_.pop_back();
  }

  /// A first line is kept as text until it is known whether it names the columns.
  void read_record() {
    const std::size_t line = line_;
    const bool first = columns_ == 0;
    std::vector<std::string> texts;
    std::size_t column = 0, numbers = 0;
    for (;; ++column) {
      if (!first && column == columns_) refuse(line, "more than the ", columns_, " fields of the first line");
      read_field(column);
      T v{};
      const bool number = parse(field_, v);
      numbers += number;
      if (first)
        texts.push_back(field_);
      else
        values_.push_back(number ? v : number_of(field_, line, column));
      if (in_.peek() != options_.delimiter || in_.peek() < 0) break;
      in_.advance();
    }
    take_newline();
    if (!first) {
      if (column + 1 != columns_) refuse(line, column + 1, " fields, the first line has ", columns_);
      ++rows_;
      return;
    }
    columns_ = texts.size();
    if (options_.header == Header::yes || (options_.header == Header::automatic && numbers == 0)) {
      names_ = std::move(texts);
      return;
    }
    for (std::size_t i = 0; i < columns_; ++i) {
      T v{};
      values_.push_back(parse(texts[i], v) ? v : number_of(texts[i], line, i));
    }
    ++rows_;
  }

  /// Of a field that is no number.
  T number_of(const std::string& field, std::size_t line, std::size_t column) const {
    if (field.empty()) {
      if (options_.missing) return static_cast<T>(*options_.missing);
      refuse(line, column_name(column), " is empty; set .missing to the value such a field shall have");
    }
    refuse(line, column_name(column), ": ", quoted(field, 40), " is not a number that fits ", name(dtype_of<T>));
  }

  Characters in_;
  CsvOptions options_;
  std::string file_, field_;
  std::vector<std::string> names_;
  std::vector<T> values_;
  std::size_t columns_ = 0, line_ = 1;
  std::int64_t rows_ = 0;
};

Csv read_from(Characters in, const CsvOptions& options, std::string_view name) {
  if (options.dtype == DType::float32) return Reader<float>(std::move(in), options, name).read();
  if (options.dtype == DType::float64) return Reader<double>(std::move(in), options, name).read();
  throw_error<TypeError>("read_csv: dtype is float32 or float64, not ", harker::name(options.dtype));
}

}  // namespace

Csv read_csv(const std::string& path, const CsvOptions& options) { return read_from(Characters(path), options, path); }

Csv parse_csv(std::string_view text, const CsvOptions& options, std::string_view name) {
  return read_from(Characters(text), options, name);
}

Tensor Csv::column(std::string_view name) const {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return values.select(1, static_cast<std::int64_t>(i));
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string_view near = harker::detail::nearest(name, known.data(), known.size());
  throw_error<Error>("csv: there is no column ", quoted(name),
                     near.empty() ? std::string() : str("; did you mean ", quoted(near), "?"));
}

}  // namespace nn::data
}  // namespace harker
