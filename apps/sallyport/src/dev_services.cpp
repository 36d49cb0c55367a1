#include "dev_services.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/core/clock.hpp"
#include "sallyport/crypto/random.hpp"
#include "sallyport/tokens/key_set.hpp"

namespace sallyport::app {
namespace {

using api_gateway::AuthMode;
using api_gateway::Revocation;
using api_gateway::Role;

constexpr const char* kName = "http://sallyport.dev";  // issuer and audience of a token that is good nowhere else
constexpr const char* kJwksPath = "/.well-known/jwks.json";

struct Path {
  std::string_view text;
  bool prefix;
  std::string_view upstream;
  AuthMode auth;
  Role role = Role::Any;
  std::optional<Revocation> revocation = std::nullopt;
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
    {"/payments", true, "payments", AuthMode::Required, Role::Any, Revocation::StrictWrites},
};

/// Counters, with the clock and the randomness that they refer to.
struct Counters {
  SystemClock clock;
  crypto::SecureRandom random;
  lockout::MemoryLockoutStore lockout{clock};
  rate_limit::MemoryStore limits{clock, random};
};

/// Of every service behind the gateway.
service::CommonSettings common_settings() {
  service::CommonSettings settings;
  settings.issuer = settings.audience = kName;
  settings.listen = {{*IpAddress::parse("127.0.0.1"), 0}};
  settings.trusted_gateways = service::loopback_blocks();
  settings.access_log = false;  // the gateway's says it all
  return settings;
}

template <class Service>
std::expected<void, std::string> started(Service& service) {
  if (auto ready = service.start(); !ready) return std::unexpected(ready.error().detail);
  return {};
}

void add_upstream(api_gateway::Config& config, const std::string& name, const std::string& url) {
  std::uint16_t port = 0;
  std::from_chars(url.data() + url.rfind(':') + 1, url.data() + url.size(), port);
  api_gateway::UpstreamConfig upstream;
  upstream.name = name;
  upstream.hosts.push_back({"127.0.0.1", port});
  config.upstreams.push_back(std::move(upstream));
}

}  // namespace

DevServices::DevServices(const DevHome& home, std::optional<storage::RedisUrl> redis, log::Logger& logger,
                         log::Logger* statement_log)
    : home_(home),
      redis_(std::move(redis)),
      logger_(logger),
      statement_log_(statement_log),
      denylist_(std::make_shared<denylist::MemoryDenylist>()) {
  const auto counters = std::make_shared<Counters>();
  lockout_ = {counters, &counters->lockout};
  counters_ = {counters, &counters->limits};
}

std::expected<void, std::string> DevServices::start() {
  for (const auto step : {&DevServices::start_sandbox, &DevServices::start_auth, &DevServices::start_admin,
                          &DevServices::start_payments}) {
    if (auto ready = (this->*step)(); !ready) return ready;
  }
  return {};
}

template <class Options>
void DevServices::fill(Options& options) const {
  options.config.common = common_settings();
  options.redis = redis_;
  options.denylist = denylist_;
  options.statement_log = statement_log_;
}

std::string DevServices::jwks_url() const {
  return auth_->urls().front() + kJwksPath;
}

std::expected<void, std::string> DevServices::start_sandbox() {
  try {
    sandbox_ = std::make_unique<payments_sandbox::Sandbox>(
        payments_sandbox::SandboxOptions{.api_key = home_.processor_key,
                                         .journal = home_.folder + "/processor.journal"},
        logger_);
  } catch (const std::exception& error) {
    return std::unexpected(std::string("the sandbox card processor: ") + error.what());
  }
  return {};
}

std::expected<void, std::string> DevServices::start_auth() {
  auth_service::AuthServiceOptions options{.secrets = home_.secrets, .database = home_.database, .config = {}};
  fill(options);
  options.lockout = lockout_;
  auth_ = std::make_unique<auth_service::AuthService>(std::move(options), logger_);
  return started(*auth_);
}

std::expected<void, std::string> DevServices::start_admin() {
  admin_service::AdminServiceOptions options{
      .secrets = {.redis_url = {}, .database_url = {}, .cursor_keys = home_.secrets.cursor_keys},
      .database = home_.database,
      .config = {}};
  fill(options);
  options.config.common.jwks_url = jwks_url();
  options.lockout = lockout_;
  options.counters = counters_;
  admin_ = std::make_unique<admin_service::AdminService>(std::move(options), logger_);
  return started(*admin_);
}

std::expected<void, std::string> DevServices::start_payments() {
  auto processor = payments::ProcessorUrl::parse(processor_url());
  if (!processor) return std::unexpected(processor.error().detail);
  payments_service::PaymentsServiceOptions options{.secrets = {.redis_url = {},
                                                               .database_url = {},
                                                               .cursor_keys = home_.secrets.cursor_keys,
                                                               .processor_url = {},
                                                               .processor_key = home_.processor_key},
                                                   .database = home_.database,
                                                   .processor = *std::move(processor),
                                                   .config = {}};
  fill(options);
  options.keys = tokens::KeySet::of(home_.secrets.access_token_keys);
  payments_ = std::make_unique<payments_service::PaymentsService>(std::move(options), logger_);
  return started(*payments_);
}

void DevServices::add_to(api_gateway::Config& config) const {
  add_upstream(config, "auth", auth_->urls().front());
  add_upstream(config, "admin", admin_->urls().front());
  add_upstream(config, "payments", payments_->urls().front());
  config.issuer = config.audience = kName;
  config.jwks_url = jwks_url();
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
    route.revocation = path.revocation;
    config.routes.push_back(std::move(route));
  }
}

}  // namespace sallyport::app
