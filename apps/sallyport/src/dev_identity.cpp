#include "dev_identity.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "dev_folder.hpp"
#include "local_accounts.hpp"
#include "sallyport/core/clock.hpp"
#include "sallyport/crypto/encoding.hpp"
#include "sallyport/crypto/random.hpp"
#include "sallyport/storage/sql/embedded_migrations.hpp"
#include "sallyport/storage/sql/migrator.hpp"

namespace sallyport::app {
namespace {

using api_gateway::AuthMode;
using api_gateway::Role;

constexpr const char* kName = "http://sallyport.dev";  // issuer and audience of a token that is good nowhere else
constexpr const char* kJwksPath = "/.well-known/jwks.json";
constexpr const char* kFirstAdmin = "admin@sallyport.dev";
constexpr std::size_t kPasswordBytes = 15;  // 20 characters

Secret<std::string> random_password() {
  std::array<std::uint8_t, kPasswordBytes> bytes{};
  crypto::SecureRandom().fill(bytes);
  Secret<std::string> text(crypto::base64url_encode(bytes));
  wipe(bytes.data(), bytes.size());
  return text;
}

std::expected<void, std::string> migrate(const storage::DatabaseUrl& url) {
  auto session = storage::SqlSession::open(url, {.statement = std::chrono::milliseconds(0)});
  if (!session) return std::unexpected(session.error().describe());
  const SystemClock clock;
  storage::Migrator migrator(**session, storage::embedded_migrations(url.dialect), clock);
  if (auto applied = migrator.migrate(); !applied) return std::unexpected(applied.error().describe());
  return {};
}

/// Past stdio, whose buffer would keep a copy, but in order with what it holds.
void write_to_terminal(std::string_view text) {
  std::fflush(stdout);
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::uint16_t port_of(const std::string& url) {
  std::uint16_t port = 0;
  std::from_chars(url.data() + url.rfind(':') + 1, url.data() + url.size(), port);
  return port;
}

/// Of every service behind the gateway.
service::CommonSettings common_settings() {
  service::CommonSettings settings;
  settings.issuer = settings.audience = kName;
  settings.listen = {{*IpAddress::parse("127.0.0.1"), 0}};
  settings.trusted_gateways = service::loopback_blocks();
  settings.access_log = false;  // the gateway's says it all
  return settings;
}

/// Counters that refer to their clock.
struct Lockout {
  SystemClock clock;
  lockout::MemoryLockoutStore store{clock};
};

std::shared_ptr<lockout::MemoryLockoutStore> make_lockout() {
  auto made = std::make_shared<Lockout>();
  auto* const store = &made->store;
  return {std::move(made), store};
}

struct Path {
  std::string_view text;
  bool prefix;
  std::string_view upstream;
  AuthMode auth;
  Role role = Role::Any;
};

// Where a password or a refresh token is the proof, an access token that has expired must not be in its way.
constexpr Path kPaths[] = {
    {"/auth", true, "auth", AuthMode::Optional},
    {"/auth/register", false, "auth", AuthMode::None},
    {"/auth/login", false, "auth", AuthMode::None},
    {"/auth/refresh", false, "auth", AuthMode::None},
    {"/auth/logout", false, "auth", AuthMode::None},
    {"/.well-known/jwks.json", false, "auth", AuthMode::None},
    {"/admin", true, "admin", AuthMode::Required, Role::Admin},
};

void add_upstream(api_gateway::Config& config, const std::string& name, const std::string& url) {
  api_gateway::UpstreamConfig upstream;
  upstream.name = name;
  upstream.hosts.push_back({"127.0.0.1", port_of(url)});
  config.upstreams.push_back(std::move(upstream));
}

}  // namespace

DevIdentity::DevIdentity(std::string folder, secrets::AuthSecrets secrets, storage::DatabaseUrl database)
    : folder_(std::move(folder)),
      secrets_(std::move(secrets)),
      database_(std::move(database)),
      first_password_(random_password()),
      denylist_(std::make_shared<denylist::MemoryDenylist>()),
      lockout_(make_lockout()) {}

std::expected<DevIdentity, std::string> DevIdentity::prepare(const std::string& folder,
                                                             std::optional<storage::DatabaseUrl> database) {
  auto secrets = open_dev_folder(folder);
  if (!secrets) return std::unexpected(secrets.error() + " (--data DIR takes another folder)");
  if (!database) {
    auto url = storage::DatabaseUrl::parse("sqlite:" + folder + "/accounts.db");
    if (!url) return std::unexpected(folder + ": " + url.error().detail);
    database = *std::move(url);
  }
  return DevIdentity(folder, *std::move(secrets), *std::move(database));
}

secrets::SecretValues DevIdentity::known_values() const {
  auto values = secrets_.known_values();
  values.push_back(first_password_);
  if (!database_.password.empty()) values.push_back(database_.password);
  return values;
}

std::expected<void, std::string> DevIdentity::set_up(log::Logger& logger) const {
  if (auto migrated = migrate(database_); !migrated) {
    return std::unexpected(database_.endpoint() + ": " + migrated.error());
  }
  auto accounts = LocalAccounts::open(database_, Plaintext::Refused, "sallyport dev", logger);
  if (!accounts) return std::unexpected(accounts.error());
  const auto empty = (*accounts)->empty();
  if (!empty) return std::unexpected(empty.error());
  if (!*empty) return {};
  auto created = (*accounts)->create(
      {.email = kFirstAdmin, .password = first_password_, .name = "Administrator", .role = accounts::Role::Admin});
  if (!created) {
    // Another `dev` on the same folder may have been quicker: then it is that one's to tell the password.
    const auto still_empty = (*accounts)->empty();
    if (still_empty && !*still_empty) return {};
    return std::unexpected(created.error());
  }
  return tell_password(created->email);
}

std::expected<void, std::string> DevIdentity::tell_password(const std::string& email) const {
  if (::isatty(STDOUT_FILENO) == 1) {
    const std::string_view password = first_password_.expose();
    for (const std::string_view piece :
         {std::string_view("First administrator, shown this once:\n  "), std::string_view(email),
          std::string_view("  "), password, std::string_view("\n\n")}) {
      write_to_terminal(piece);
    }
    return {};
  }
  const std::string path = folder_ + "/first-admin.txt";
  ::unlink(path.c_str());  // of a database that is gone
  const Secret<std::string> line(fmt::format("{} {}\n", email, first_password_.expose()));
  const auto made = make_private_file(path, line.expose());
  if (!made) return std::unexpected(made.error());
  fmt::print("First administrator: {}, with the password in {}\n\n", email, path);
  return {};
}

std::expected<std::unique_ptr<auth_service::AuthService>, std::string> DevIdentity::start(
    std::optional<storage::RedisUrl> redis, log::Logger& logger, log::Logger* statement_log) const {
  auth_service::AuthServiceOptions options{.secrets = secrets_, .database = database_, .config = {}};
  options.config.common = common_settings();
  options.redis = std::move(redis);
  options.denylist = denylist_;
  options.lockout = lockout_;
  options.statement_log = statement_log;
  auto service = std::make_unique<auth_service::AuthService>(std::move(options), logger);
  if (auto started = service->start(); !started) return std::unexpected(started.error().detail);
  return service;
}

std::expected<std::unique_ptr<admin_service::AdminService>, std::string> DevIdentity::start_admin(
    const std::string& auth_url, std::optional<storage::RedisUrl> redis, log::Logger& logger,
    log::Logger* statement_log) const {
  admin_service::AdminServiceOptions options{
      .secrets = {.redis_url = {}, .database_url = {}, .cursor_keys = secrets_.cursor_keys},
      .database = database_,
      .config = {}};
  options.config.common = common_settings();
  options.config.common.jwks_url = auth_url + kJwksPath;
  options.redis = std::move(redis);
  options.statement_log = statement_log;
  options.denylist = denylist_;
  options.lockout = lockout_;
  auto service = std::make_unique<admin_service::AdminService>(std::move(options), logger);
  if (auto started = service->start(); !started) return std::unexpected(started.error().detail);
  return service;
}

void add_identity(api_gateway::Config& config, const std::string& auth_url, const std::string& admin_url) {
  add_upstream(config, "auth", auth_url);
  add_upstream(config, "admin", admin_url);
  config.issuer = config.audience = kName;
  config.jwks_url = auth_url + kJwksPath;
  const std::vector<api_gateway::RouteConfig> others = config.routes;
  for (const Path& path : kPaths) {
    const bool taken = std::ranges::any_of(others, [&](const auto& other) {
      return other.prefix && (path.text == other.path || path.text.starts_with(other.path + "/"));
    });
    if (taken) continue;
    api_gateway::RouteConfig route;
    route.path = path.text;
    route.prefix = path.prefix;
    route.id = route.path + (route.prefix ? "/*" : "");
    route.upstream = path.upstream;
    route.auth = path.auth;
    route.role = path.role;
    config.routes.push_back(std::move(route));
  }
}

}  // namespace sallyport::app
