#include "dev_identity.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "read_file.hpp"
#include "sallyport/secrets/environment.hpp"
#include "sallyport/secrets/fresh_secrets.hpp"
#include "sallyport/storage/sql/embedded_migrations.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kSecretsBytesMax = 65536;
constexpr const char* kName = "http://sallyport.dev";  // issuer and audience of a token that is good nowhere else

std::string system_error(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

/// Writes the file only when it does not exist, so that nobody's secrets are ever replaced.
std::optional<std::string> make_secrets(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return errno == EEXIST ? std::nullopt : std::optional(system_error(path));
  const Secret<std::string> text = secrets::fresh_environment_text(SystemClock());
  const auto bytes = text.expose();
  const bool written =
      ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && ::fsync(fd) == 0;
  std::string problem = written ? "" : system_error(path);
  ::close(fd);
  if (written) return std::nullopt;
  ::unlink(path.c_str());
  return problem;
}

std::optional<std::string> migrate(const storage::DatabaseUrl& url) {
  auto session = storage::SqlSession::open(url, {});
  if (!session) return session.error().describe();
  const SystemClock clock;
  storage::Migrator migrator(**session, storage::embedded_migrations(url.dialect), clock);
  if (auto applied = migrator.migrate(); !applied) return applied.error().describe();
  return std::nullopt;
}

}  // namespace

std::expected<DevIdentity, std::string> DevIdentity::prepare(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return std::unexpected(system_error(folder));
  const std::string path = folder + "/secrets.env";
  if (auto problem = make_secrets(path)) return std::unexpected(*std::move(problem));
  const auto text = read_file(path, kSecretsBytesMax);
  if (!text) return std::unexpected(text.error());
  const auto variables = secrets::EnvironmentText::parse(*text);
  if (!variables) return std::unexpected(path + ": " + variables.error());
  auto loaded = secrets::load_auth_secrets(*variables, secrets::StoreAddresses::Optional);
  if (!loaded.secrets) return std::unexpected(path + ": " + text_of(loaded.problems.front()));
  return DevIdentity(folder, *std::move(loaded.secrets));
}

std::expected<std::unique_ptr<auth_service::AuthService>, std::string> DevIdentity::start(
    std::optional<storage::RedisUrl> redis, log::Logger& logger) const {
  auto database = storage::DatabaseUrl::parse("sqlite:" + folder_ + "/accounts.db");
  if (!database) return std::unexpected(database.error().detail);
  if (auto problem = migrate(*database)) return std::unexpected(folder_ + "/accounts.db: " + *problem);
  auth_service::AuthServiceOptions options{.secrets = secrets_, .database = *std::move(database)};
  options.redis = std::move(redis);
  options.issuer = options.audience = kName;
  options.listen = {{*IpAddress::parse("127.0.0.1"), 0}};
  options.access_log = false;  // the gateway's says it all
  auto service = std::make_unique<auth_service::AuthService>(std::move(options), logger);
  if (auto started = service->start(); !started) return std::unexpected(started.error().detail);
  return service;
}

std::uint16_t port_of(const std::string& url) {
  std::uint16_t port = 0;
  std::from_chars(url.data() + url.rfind(':') + 1, url.data() + url.size(), port);
  return port;
}

}  // namespace sallyport::app
