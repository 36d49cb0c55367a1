#include "dev_home.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/read_file.hpp"
#include "sallyport/crypto/encoding.hpp"
#include "sallyport/crypto/random.hpp"
#include "sallyport/secrets/environment.hpp"
#include "sallyport/secrets/fresh_secrets.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kSecretsBytesMax = 65536;
constexpr std::size_t kPasswordBytes = 15;  // 20 characters

std::unexpected<std::string> system_error(const std::string& what) {
  return std::unexpected(what + ": " + std::strerror(errno));
}

/// The folder with all above it; true when it is new.
std::expected<bool, std::string> make_folder(const std::string& folder) {
  bool made = false;
  for (std::size_t end = 0; end != std::string::npos;) {
    end = folder.find('/', end + 1);
    made = ::mkdir(folder.substr(0, end).c_str(), 0700) == 0;
    struct stat found{};
    if (!made && (errno != EEXIST || ::stat(folder.substr(0, end).c_str(), &found) != 0)) return system_error(folder);
  }
  return made;
}

}  // namespace

std::expected<bool, std::string> make_private_file(const std::string& path, std::string_view text) {
  // Written elsewhere and then linked: whoever finds the file finds all of it, also when two start at once.
  std::string draft = path + ".XXXXXX";
  const int fd = ::mkstemp(draft.data());  // 0600
  if (fd < 0) return system_error(path);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const bool linked = written && ::link(draft.c_str(), path.c_str()) == 0;
  const int why = errno;
  ::close(fd);
  ::unlink(draft.c_str());
  errno = why;
  if (linked) return true;
  if (written && why == EEXIST) return false;
  return system_error(path);
}

Secret<std::string> random_password() {
  std::array<std::uint8_t, kPasswordBytes> bytes{};
  crypto::SecureRandom().fill(bytes);
  Secret<std::string> text(crypto::base64url_encode(bytes));
  wipe(bytes.data(), bytes.size());
  return text;
}

namespace {

/// Whoever can write the file chooses the keys that sign tokens. "": nobody else can.
std::string trust_problem(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return path + ": " + std::strerror(errno);
  if (!S_ISREG(found.st_mode)) return path + ": is not a regular file";
  if (found.st_uid != ::geteuid() && found.st_uid != 0) return path + ": belongs to another user";
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) return path + ": is open to other users (chmod 600 makes it yours)";
  return "";
}

/// The secrets of a folder that may not be there yet.
std::expected<secrets::AuthSecrets, std::string> open_secrets(const std::string& folder) {
  const auto fresh = make_folder(folder);
  if (!fresh) return std::unexpected(fresh.error());
  if (*fresh) {
    if (auto made = make_private_file(folder + "/.gitignore", "*\n"); !made) return std::unexpected(made.error());
  }
  const std::string path = folder + "/secrets.env";
  if (::access(path.c_str(), F_OK) != 0) {
    const auto made = make_private_file(path, secrets::fresh_environment_text(SystemClock()).expose());
    if (!made) return std::unexpected(made.error());
  }
  if (auto problem = trust_problem(path); !problem.empty()) return std::unexpected(std::move(problem));
  const auto text = read_file(path, kSecretsBytesMax);
  if (!text) return std::unexpected(path + ": " + text.error());
  const auto variables = secrets::EnvironmentText::parse(*text);
  if (!variables) return std::unexpected(path + ": " + variables.error());
  auto loaded = secrets::load_auth_secrets(*variables, secrets::StoreAddresses::Optional);
  if (!loaded.secrets) return std::unexpected(path + ": " + text_of(loaded.problems.front()));
  return *std::move(loaded.secrets);
}

}  // namespace

std::expected<DevHome, std::string> DevHome::open(const std::string& folder,
                                                  std::optional<storage::DatabaseUrl> database) {
  auto secrets = open_secrets(folder);
  if (!secrets) return std::unexpected(secrets.error() + " (--data DIR takes another folder)");
  if (!database) {
    auto url = storage::DatabaseUrl::parse("sqlite:" + folder + "/accounts.db");
    if (!url) return std::unexpected(folder + ": " + url.error().detail);
    database = *std::move(url);
  }
  return DevHome{folder, *std::move(secrets), random_password(), *std::move(database)};
}

secrets::SecretValues DevHome::known_values() const {
  auto values = secrets.known_values();
  values.push_back(processor_key);
  if (!database.password.empty()) values.push_back(database.password);
  return values;
}

}  // namespace sallyport::app
