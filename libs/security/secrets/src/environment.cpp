#include "sallyport/secrets/environment.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::secrets {
namespace {

class FileDescriptor final {
 public:
  explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

std::unexpected<std::string> system_error() {
  return std::unexpected(std::string(std::strerror(errno)));
}

/// Reads up to the end or until `out` is full; nullopt on an error, with errno set.
std::optional<std::size_t> read_up_to(int fd, std::string& out) {
  std::size_t read = 0;
  while (read < out.size()) {
    const ssize_t n = ::read(fd, out.data() + read, out.size() - read);
    if (n == 0) break;
    if (n > 0) {
      read += static_cast<std::size_t>(n);
    } else if (errno != EINTR) {
      return std::nullopt;
    }
  }
  return read;
}

}  // namespace

std::optional<Secret<std::string>> ProcessEnvironment::variable(const std::string& name) const {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return Secret<std::string>(value);
}

std::expected<SecretFile, std::string> ProcessEnvironment::file(const std::string& path, std::size_t bytes_max) const {
  // Not blocking: a name that leads to a pipe without a writer must not hang the start.
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status = {};
  if (fd.get() < 0 || ::fstat(fd.get(), &status) != 0) return system_error();
  if (!S_ISREG(status.st_mode)) return std::unexpected("is not a regular file");
  std::string text(bytes_max + 1, '\0');
  const auto size = read_up_to(fd.get(), text);
  if (!size) {
    wipe(text.data(), text.size());
    return system_error();
  }
  if (*size > bytes_max) {
    wipe(text.data(), text.size());
    return std::unexpected("is larger than " + std::to_string(bytes_max) + " bytes");
  }
  text.resize(*size);
  return SecretFile{Secret<std::string>(std::move(text)), (status.st_mode & S_IROTH) != 0};
}

std::expected<EnvironmentText, std::string> EnvironmentText::parse(std::string_view text) {
  EnvironmentText out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t equals = line.find('=');
    const std::string_view name = line.substr(0, equals);
    const bool well_formed = equals != std::string_view::npos && !name.empty() &&
                             name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string_view::npos;
    if (!well_formed) return std::unexpected("line " + std::to_string(number) + " is not NAME=value");
    const auto [at, fresh] =
        out.variables_.emplace(std::string(name), Secret<std::string>(std::string(line.substr(equals + 1))));
    if (!fresh) return std::unexpected("line " + std::to_string(number) + " sets a name for the second time");
  }
  return out;
}

std::optional<Secret<std::string>> EnvironmentText::variable(const std::string& name) const {
  const auto at = variables_.find(name);
  if (at == variables_.end()) return std::nullopt;
  return at->second;
}

std::expected<SecretFile, std::string> EnvironmentText::file(const std::string& path, std::size_t bytes_max) const {
  return ProcessEnvironment().file(path, bytes_max);
}

}  // namespace sallyport::secrets
