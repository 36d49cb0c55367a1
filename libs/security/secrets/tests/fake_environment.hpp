#pragma once

#include <map>
#include <string>
#include <vector>

#include "sallyport/secrets/environment.hpp"
#include "sallyport/secrets/environment_reader.hpp"

namespace sallyport::secrets::testing {

/// An environment out of two maps.
class FakeEnvironment final : public Environment {
 public:
  struct File {
    std::string text;
    bool world_readable = false;
  };
  std::map<std::string, std::string> variables;
  std::map<std::string, File> files;

  std::optional<Secret<std::string>> variable(const std::string& name) const override {
    const auto at = variables.find(name);
    if (at == variables.end()) return std::nullopt;
    return Secret<std::string>(at->second);
  }
  std::expected<SecretFile, std::string> file(const std::string& path, std::size_t bytes_max) const override {
    const auto at = files.find(path);
    if (at == files.end()) return std::unexpected("No such file or directory");
    if (at->second.text.size() > bytes_max) return std::unexpected("is too large");
    return SecretFile{Secret<std::string>(at->second.text), at->second.world_readable};
  }
};

inline std::vector<std::string> texts_of(const std::vector<Problem>& problems) {
  std::vector<std::string> out;
  for (const auto& problem : problems) out.push_back(text_of(problem));
  return out;
}

}  // namespace sallyport::secrets::testing
