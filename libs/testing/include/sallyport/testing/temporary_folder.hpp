#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::testing {

/// A folder of its own (mode 0700), removed with all that is in it. Throws std::system_error.
class TemporaryFolder final {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::string file(std::string_view name) const { return (path_ / name).string(); }
  /// Writes a file (mode 0600) and returns its path.
  std::string write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace sallyport::testing
