#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/core/secret.hpp"
#include "sallyport/secrets/environment.hpp"

namespace sallyport::secrets {

inline constexpr std::size_t kSecretBytesMax = 65536;

/// One broken rule (or one warning) about one variable. Never holds a value, so it may be printed and logged.
struct Problem {
  std::string variable;  ///< for example "SALLYPORT_LOOKUP_PEPPER"
  std::string rule;      ///< for example "is not set"
};

/// "SALLYPORT_LOOKUP_PEPPER is not set".
std::string text_of(const Problem& problem);

/// Reads NAME, or the file that NAME_FILE names without its line end at the end, and collects every problem instead of
/// stopping at the first. Both set, empty, over 64 KiB, unreadable or with control characters: a problem, and nullopt.
/// A file that everybody may read: a warning. For one thread.
class EnvironmentReader final {
 public:
  explicit EnvironmentReader(const Environment& environment) : environment_(environment) {}

  /// nullopt without a problem when neither is set.
  std::optional<Secret<std::string>> optional(const std::string& name);
  /// Not set is a problem.
  std::optional<Secret<std::string>> required(const std::string& name);
  /// Whether NAME or NAME_FILE is set, whatever it holds.
  bool is_set(const std::string& name) const;

  void add_problem(std::string variable, std::string rule);
  void add_warning(std::string variable, std::string rule);
  const std::vector<Problem>& problems() const noexcept { return problems_; }
  const std::vector<Problem>& warnings() const noexcept { return warnings_; }

 private:
  std::optional<Secret<std::string>> from_file(const std::string& name, const std::string& path);

  const Environment& environment_;
  std::vector<Problem> problems_;
  std::vector<Problem> warnings_;
};

}  // namespace sallyport::secrets
