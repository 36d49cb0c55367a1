#include "config/problems.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "config/yaml_tree.hpp"

namespace sallyport::api_gateway {

void Problems::error(const YamlNode& where, std::string message) {
  add(ConfigProblem{where.line, where.column, std::move(message), false});
}

void Problems::error(int line, int column, std::string message) {
  add(ConfigProblem{line, column, std::move(message), false});
}

void Problems::warning(const YamlNode& where, std::string message) {
  add(ConfigProblem{where.line, where.column, std::move(message), true});
}

void Problems::add(ConfigProblem problem) {
  if (problems_.size() == kMax) {
    cut_ = cut_ || !problem.warning;
    return;
  }
  const auto later =
      std::upper_bound(problems_.begin(), problems_.end(), problem, [](const ConfigProblem& a, const ConfigProblem& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
      });
  problems_.insert(later, std::move(problem));
}

std::vector<ConfigProblem> Problems::take() {
  if (cut_) {
    problems_.push_back(ConfigProblem{0, 0, fmt::format("more than {} problems; the rest is left out", kMax), false});
  }
  return std::exchange(problems_, {});
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShown = 60;
  std::string out = "'";
  for (const char c : text.substr(0, kShown)) out += (c >= ' ' && c <= '~') ? c : '?';
  if (text.size() > kShown) out += "...";
  out += '\'';
  return out;
}

bool LoadedConfig::ok() const noexcept {
  return std::all_of(problems.begin(), problems.end(), [](const ConfigProblem& problem) { return problem.warning; });
}

std::string format_problems(std::string_view file, const std::vector<ConfigProblem>& problems) {
  std::string out;
  for (const auto& problem : problems) {
    out += file;
    if (problem.line > 0) out += fmt::format(":{}:{}", problem.line, problem.column);
    out += problem.warning ? ": warning: " : ": ";
    out += problem.message;
    out += '\n';
  }
  return out;
}

}  // namespace sallyport::api_gateway
