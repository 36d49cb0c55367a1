#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/api_gateway/config.hpp"

namespace sallyport::api_gateway {

struct YamlNode;

/// Gathers what is wrong with a file, so that all of it is told at once. Bounded: a hostile file cannot fill the
/// memory.
class Problems final {
 public:
  static constexpr std::size_t kMax = 1000;

  void error(const YamlNode& where, std::string message);
  void error(int line, int column, std::string message);
  void warning(const YamlNode& where, std::string message);
  /// In the order of the file; what concerns the whole file comes first.
  std::vector<ConfigProblem> take();

 private:
  void add(ConfigProblem problem);

  std::vector<ConfigProblem> problems_;
  bool cut_ = false;
};

/// The text in single quotes, cut to a readable length, without anything that a terminal or a log could take amiss.
std::string in_quotes(std::string_view text);

}  // namespace sallyport::api_gateway
