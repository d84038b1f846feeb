// The tests' JSON (tests/fixtures/README.md). What parses and prints it is compiled once, in test_json.cpp: it costs
// the compiler seconds.
#pragma once
#include <test_data.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace harker::test {

nlohmann::json read_json(const std::filesystem::path& path);
nlohmann::ordered_json read_ordered_json(const std::filesystem::path& path);
nlohmann::json parse_json(const std::string& text);

/// A number of the fixtures: a hexadecimal float, "nan", "inf", "-inf", a decimal string, or a JSON number or boolean.
double number(const nlohmann::json& j);

}  // namespace harker::test
