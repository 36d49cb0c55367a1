#include "environment.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace sallyport::app {
namespace {
constexpr std::size_t kSecretBytesMax = 65536;
}  // namespace

std::expected<std::string, std::string> read_file(const std::string& path, std::size_t bytes_max) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected(path + ": " + std::strerror(errno != 0 ? errno : EIO));
  std::string text(bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.gcount() == 0 && errno == EISDIR)) return std::unexpected(path + ": cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > bytes_max)
    return std::unexpected(path + ": is larger than " + std::to_string(bytes_max) + " bytes");
  return text;
}

std::expected<std::optional<Secret<std::string>>, std::string> environment_secret(const std::string& name) {
  const std::string file_name = name + "_FILE";
  const char* const value = std::getenv(name.c_str());
  const char* const file = std::getenv(file_name.c_str());
  if (value != nullptr && file != nullptr)
    return std::unexpected(name + " and " + file_name + " are both set; set one of them");
  if (value != nullptr) return Secret<std::string>(value);
  if (file == nullptr) return std::nullopt;
  auto text = read_file(file, kSecretBytesMax);
  if (!text) return std::unexpected(file_name + ": " + text.error());
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  return Secret<std::string>(std::move(*text));
}

}  // namespace sallyport::app
