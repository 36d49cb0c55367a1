#pragma once

#include "readiness.hpp"
#include "sallyport/observability/access_log.hpp"
#include "sallyport/service/bearer.hpp"
#include "shell.hpp"

namespace sallyport::service {

/// Takes requests from the server to the handlers and keeps the books. One for each event loop.
class Dispatcher final : public net::Application {
 public:
  /// All references outlive it.
  struct Parts {
    const Shell& shell;
    const RequestContext& context;
    Bearer& bearer;
    service::Application& application;
    Readiness& readiness;
    metrics::Shard& shard;
    log::AccessLog* access_log;  ///< nullptr: switched off
  };
  explicit Dispatcher(Parts parts) : parts_(parts) {}

  std::unique_ptr<net::Exchange> make_exchange() override;
  std::optional<net::Response> begin(net::Exchange& exchange) override;
  runtime::Task<net::Response> handle(net::Exchange& exchange) override;
  net::Response refuse(net::Exchange& exchange, const Error& error, std::string_view reason) override;
  void finished(net::Exchange& exchange, const net::Completion& completion) override;

 private:
  /// Everything that ends without waiting.
  std::optional<net::Response> answer_at_once(Exchange& exchange);
  Answer dispatch(Exchange& exchange);
  Answer serve(const Route& route, Exchange& exchange);
  Answer ready(const Exchange& exchange);

  Parts parts_;
};

}  // namespace sallyport::service
