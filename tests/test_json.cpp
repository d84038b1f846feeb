#include <test_json.h>

#include <cstdlib>
#include <fstream>

namespace harker::test {

nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream in(path);
  return nlohmann::json::parse(in);
}
nlohmann::ordered_json read_ordered_json(const std::filesystem::path& path) {
  std::ifstream in(path);
  return nlohmann::ordered_json::parse(in);
}
nlohmann::json parse_json(const std::string& text) { return nlohmann::json::parse(text); }

double number(const nlohmann::json& j) {
  if (j.is_string()) return std::strtod(j.get_ref<const std::string&>().c_str(), nullptr);
  if (j.is_boolean()) return j.get<bool>() ? 1 : 0;
  return j.get<double>();
}

}  // namespace harker::test
