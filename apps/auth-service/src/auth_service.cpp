#include "sallyport/auth_service/auth_service.hpp"

#include "auth_loop.hpp"
#include "sallyport/service/database.hpp"

namespace sallyport::auth_service {
namespace {

service::ServiceOptions service_options(const Shared& shared) {
  const AuthServiceOptions& settings = shared.options;
  service::ServiceOptions options{
      .name = "auth", .routes = AuthLoop::routes(), .issuer = {}, .audience = {}, .keys = {}};
  service::apply(settings.config.common, options);
  options.keys = tokens::KeySet::of(settings.secrets.access_token_keys);
  options.documents = {{"/.well-known/jwks.json", "application/json", "public, max-age=300", shared.jwks}};
  options.redis = settings.redis;
  options.denylist = settings.denylist;
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
    auto ready = service::check_database(shared_.options.database, shared_.options.config.common, shared_.logger);
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
