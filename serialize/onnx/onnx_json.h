// The metadata of a .pb file: the value table as JSON (grammar in onnx_json_writer.cpp).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <harker/serialize/value_table/flatten.h>

namespace harker::onnx {

struct Metadata {
  value_table::Table table;
  std::vector<std::string> initializers;  ///< the name of the one that holds each storage
};

std::string write_json(const Metadata& metadata);
/// FormatError, beginning with `what`, for anything but what write_json writes.
Metadata read_json(std::string_view json, std::string_view what);

}  // namespace harker::onnx
