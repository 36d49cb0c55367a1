#include "sallyport/admin_service/admin_service.hpp"

#include "admin_loop.hpp"
#include "sallyport/service/database.hpp"

namespace sallyport::admin_service {
namespace {

service::ServiceOptions service_options(const AdminServiceOptions& settings) {
  service::ServiceOptions options{
      .name = "admin", .routes = AdminLoop::routes(), .issuer = {}, .audience = {}, .keys = {}};
  service::apply(settings.config.common, options);
  options.redis = settings.redis;
  options.denylist = settings.denylist;
  return options;
}

}  // namespace

class AdminService::Impl {
 public:
  Impl(AdminServiceOptions options, log::Logger& logger)
      : shared_(std::move(options), logger),
        service_(service_options(shared_.options), {shared_.registry, logger, shared_.clock, &shared_.pool},
                 [this](service::LoopContext& context) { return std::make_unique<AdminLoop>(context, shared_); }) {}

  Result<void> start(const std::function<bool()>& interrupted) {
    auto ready = service::check_database(shared_.options.database, shared_.options.config.common, shared_.logger);
    if (ready) ready = service_.start(interrupted);
    return ready;
  }
  void use_limits(rate_limit::LimitCatalog limits) { shared_.limits.use(std::move(limits)); }
  service::Service& service() noexcept { return service_; }

 private:
  Shared shared_;
  service::Service service_;
};

AdminService::AdminService(AdminServiceOptions options, log::Logger& logger)
    : impl_(std::make_unique<Impl>(std::move(options), logger)) {}
AdminService::~AdminService() = default;
Result<void> AdminService::start(const std::function<bool()>& interrupted) {
  return impl_->start(interrupted);
}
const std::vector<std::string>& AdminService::urls() const noexcept {
  return impl_->service().urls();
}
void AdminService::use_limits(rate_limit::LimitCatalog limits) {
  impl_->use_limits(std::move(limits));
}
void AdminService::begin_drain() {
  impl_->service().begin_drain();
}
void AdminService::stop() {
  impl_->service().stop();
}

}  // namespace sallyport::admin_service
