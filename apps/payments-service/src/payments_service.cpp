#include "sallyport/payments_service/payments_service.hpp"

#include "payments_loop.hpp"
#include "sallyport/storage/sql/embedded_migrations.hpp"
#include "sallyport/storage/sql/start_up.hpp"

namespace sallyport::payments_service {
namespace {

Result<void> check_database(const PaymentsServiceOptions& options, log::Logger& logger) {
  const service::CommonSettings& common = options.config.common;
  storage::DatabaseNeeds needs{.url = options.database, .migrations = {}};
  needs.limits.allow_plaintext = common.allow_plaintext;
  needs.migrations = storage::embedded_migrations(options.database.dialect);
  needs.connections_max = common.database_connections;
  needs.instances = common.instances;
  return storage::check_database(needs, logger);
}

service::ServiceOptions service_options(const PaymentsServiceOptions& settings) {
  service::ServiceOptions options{
      .name = "payments", .routes = PaymentsLoop::routes(), .issuer = {}, .audience = {}, .keys = {}};
  service::apply(settings.config.common, options);
  if (settings.keys) options.keys = settings.keys;
  options.redis = settings.redis;
  options.denylist = settings.denylist;
  return options;
}

}  // namespace

class PaymentsService::Impl {
 public:
  Impl(PaymentsServiceOptions options, log::Logger& logger)
      : shared_(std::move(options), logger),
        service_(service_options(shared_.options), {shared_.registry, logger, shared_.clock, &shared_.pool},
                 [this](service::LoopContext& context) { return std::make_unique<PaymentsLoop>(context, shared_); }) {}

  Result<void> start(const std::function<bool()>& interrupted) {
    auto ready = check_database(shared_.options, shared_.logger);
    if (ready) ready = service_.start(interrupted);
    return ready;
  }
  service::Service& service() noexcept { return service_; }

 private:
  Shared shared_;
  service::Service service_;
};

PaymentsService::PaymentsService(PaymentsServiceOptions options, log::Logger& logger)
    : impl_(std::make_unique<Impl>(std::move(options), logger)) {}
PaymentsService::~PaymentsService() = default;
Result<void> PaymentsService::start(const std::function<bool()>& interrupted) {
  return impl_->start(interrupted);
}
const std::vector<std::string>& PaymentsService::urls() const noexcept {
  return impl_->service().urls();
}
void PaymentsService::begin_drain() {
  impl_->service().begin_drain();
}
void PaymentsService::stop() {
  impl_->service().stop();
}

}  // namespace sallyport::payments_service
