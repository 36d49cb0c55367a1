#pragma once

#include <atomic>
#include <string>

#include "controllers/own_account.hpp"
#include "controllers/sign_in.hpp"
#include "http/request_context.hpp"
#include "http/routes.hpp"
#include "metrics.hpp"
#include "readiness.hpp"
#include "sallyport/observability/access_log.hpp"

namespace sallyport::auth_service {

/// Takes requests from the server to the controllers and keeps the books. One for each event loop.
class AuthApplication final : public net::Application {
 public:
  /// All references outlive it.
  struct Parts {
    const RequestContext& context;
    SignIn& sign_in;
    OwnAccount& own_account;
    Readiness& readiness;
    const std::string& jwks;
    const metrics::Registry& registry;
    const AuthMetrics& metrics;
    metrics::Shard& shard;
    log::Logger& logger;
    log::AccessLog* access_log;  ///< nullptr: switched off
    const std::atomic<bool>& draining;
  };
  explicit AuthApplication(Parts parts) : parts_(parts) {}

  std::unique_ptr<net::Exchange> make_exchange() override;
  std::optional<net::Response> begin(net::Exchange& exchange) override;
  runtime::Task<net::Response> handle(net::Exchange& exchange) override;
  net::Response refuse(net::Exchange& exchange, const Error& error, std::string_view reason) override;
  void finished(net::Exchange& exchange, const net::Completion& completion) override;

 private:
  /// Everything that ends without waiting.
  std::optional<net::Response> answer_at_once(Exchange& exchange);
  runtime::Task<Result<net::Response>> dispatch(Exchange& exchange);
  runtime::Task<Result<net::Response>> ready(const Exchange& exchange);

  Parts parts_;
};

}  // namespace sallyport::auth_service
