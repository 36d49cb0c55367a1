#pragma once

#include <cstddef>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/core/secret.hpp"

namespace sallyport::secrets {

/// What a NAME_FILE variable led to.
struct SecretFile {
  Secret<std::string> text;
  bool world_readable = false;
};

/// Where variables and the files they name come from; injected, so that tests need neither.
class Environment {
 public:
  virtual ~Environment() = default;
  /// nullopt when the variable is not set; an empty one is set.
  virtual std::optional<Secret<std::string>> variable(const std::string& name) const = 0;
  /// A regular file of at most `bytes_max`, or what is wrong with it, in words that hold nothing of its content.
  virtual std::expected<SecretFile, std::string> file(const std::string& path, std::size_t bytes_max) const = 0;
};

/// The process' own environment and file system. Not to be used while another thread calls setenv.
class ProcessEnvironment final : public Environment {
 public:
  std::optional<Secret<std::string>> variable(const std::string& name) const override;
  std::expected<SecretFile, std::string> file(const std::string& path, std::size_t bytes_max) const override;
};

/// Variables from the text of an env file, which is what `sallyport keys new` prints: NAME=value lines, values taken
/// literally; empty lines and lines that begin with # mean nothing. Files that they name are read from the disk.
class EnvironmentText final : public Environment {
 public:
  /// An error names the line, never what stands in it: not NAME=value, or a name for the second time.
  static std::expected<EnvironmentText, std::string> parse(std::string_view text);
  std::optional<Secret<std::string>> variable(const std::string& name) const override;
  std::expected<SecretFile, std::string> file(const std::string& path, std::size_t bytes_max) const override;

 private:
  std::map<std::string, Secret<std::string>> variables_;
};

}  // namespace sallyport::secrets
