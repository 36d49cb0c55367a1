#include "sallyport/auth_service/auth_service.hpp"

#include "auth_loop.hpp"
#include "sallyport/storage/sql/embedded_migrations.hpp"
#include "sallyport/storage/sql/start_up.hpp"

namespace sallyport::auth_service {
namespace {

Result<void> check_database(const AuthServiceOptions& options, log::Logger& logger) {
  storage::DatabaseNeeds needs{.url = options.database, .migrations = {}};
  needs.limits.allow_plaintext = options.allow_plaintext;
  needs.migrations = storage::embedded_migrations(options.database.dialect);
  needs.connections_max = options.database_connections_max;
  needs.instances = options.instances;
  return storage::check_database(needs, logger);
}

service::ServiceOptions service_options(const Shared& shared) {
  const AuthServiceOptions& settings = shared.options;
  service::ServiceOptions options{.name = "auth",
                                  .routes = AuthLoop::routes(),
                                  .issuer = settings.issuer,
                                  .audience = settings.audience,
                                  .keys = tokens::KeySet::of(settings.secrets.access_token_keys)};
  options.documents = {{"/.well-known/jwks.json", "application/json", "public, max-age=300", shared.jwks}};
  options.listen = settings.listen;
  options.threads = settings.threads;
  options.trusted_gateways = settings.trusted_gateways;
  options.redis = settings.redis;
  options.redis_key_prefix = settings.redis_key_prefix;
  options.denylist = settings.denylist;
  options.access_log = settings.access_log;
  options.shutdown_timeout = settings.shutdown_timeout;
  return options;
}

}  // namespace

class AuthService::Impl {
 public:
  Impl(AuthServiceOptions options, log::Logger& logger)
      : shared_(std::move(options), logger),
        service_(service_options(shared_), {shared_.registry, logger, shared_.clock, &shared_.pool},
                 [this](service::LoopContext& context) { return std::make_unique<AuthLoop>(context, shared_); }) {}

  Result<void> start(const std::function<bool()>& interrupted) {
    auto ready = check_database(shared_.options, shared_.logger);
    if (ready) ready = service_.start(interrupted);
    return ready;
  }

  service::Service& service() noexcept { return service_; }
  const std::string& jwks() const noexcept { return shared_.jwks; }

 private:
  Shared shared_;
  service::Service service_;
};

AuthService::AuthService(AuthServiceOptions options, log::Logger& logger)
    : impl_(std::make_unique<Impl>(std::move(options), logger)) {}
AuthService::~AuthService() = default;
Result<void> AuthService::start(const std::function<bool()>& interrupted) {
  return impl_->start(interrupted);
}
const std::vector<std::string>& AuthService::urls() const noexcept {
  return impl_->service().urls();
}
const std::string& AuthService::jwks() const noexcept {
  return impl_->jwks();
}
void AuthService::begin_drain() {
  impl_->service().begin_drain();
}
void AuthService::stop() {
  impl_->service().stop();
}

}  // namespace sallyport::auth_service
