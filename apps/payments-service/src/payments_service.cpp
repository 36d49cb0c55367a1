#include "sallyport/payments_service/payments_service.hpp"

#include "payments_loop.hpp"
#include "sallyport/service/database.hpp"

namespace sallyport::payments_service {
namespace {

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
    auto ready = service::check_database(shared_.options.database, shared_.options.config.common, shared_.logger);
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
