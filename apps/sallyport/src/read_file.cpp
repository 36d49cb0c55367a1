#include "read_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace sallyport::app {

std::expected<std::string, std::string> read_file(const std::string& path, std::size_t bytes_max) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected(path + ": " + std::strerror(errno != 0 ? errno : EIO));
  std::string text(bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.gcount() == 0 && errno == EISDIR)) return std::unexpected(path + ": cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > bytes_max) {
    return std::unexpected(path + ": is larger than " + std::to_string(bytes_max) + " bytes");
  }
  return text;
}

}  // namespace sallyport::app
