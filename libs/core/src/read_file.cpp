#include "sallyport/core/read_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace sallyport {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

std::unexpected<std::string> system_error() {
  return std::unexpected(std::string(std::strerror(errno)));
}

}  // namespace

std::expected<std::string, std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return system_error();
  std::string text(bytes_max + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return system_error();
  if (text.size() > bytes_max) return std::unexpected("is larger than " + std::to_string(bytes_max) + " bytes");
  return text;
}

}  // namespace sallyport
