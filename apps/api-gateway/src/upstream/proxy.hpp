#pragma once

#include <vector>

#include "exchange.hpp"
#include "sallyport/net/filter.hpp"
#include "sallyport/runtime/task_scope.hpp"
#include "upstream/upstream.hpp"

namespace sallyport::api_gateway {

/// Forwards a request to its route's upstream and brings the answer back, streaming both bodies.
/// Order:   last; nothing reaches an upstream that any step above refused.
/// Answers: 502 bad_gateway; 503 overloaded; 504 gateway_timeout; 400, 408, 413 for a body that breaks its rules.
/// Cost:    one kept-alive connection for the time of the exchange.
/// Posture: hardened against both sides: framing is checked and written anew in both directions.
class Proxy final : public net::Endpoint<Exchange> {
 public:
  /// upstreams: in the order of the configuration. All references outlive the proxy.
  Proxy(std::vector<std::unique_ptr<Upstream>>& upstreams, const Clock& clock, runtime::TaskScope& tasks,
        runtime::Executor executor, bool gateway_speaks_cors);

  runtime::Task<net::Response> handle(Exchange& exchange) override;

 private:
  class Upload;
  class AnswerBody;
  struct Attempt;
  runtime::Task<Result<void>> try_once(Exchange& exchange, Upstream& upstream, Attempt& attempt);
  runtime::Task<Result<void>> send(Exchange& exchange, Attempt& attempt);
  net::Response answer(Exchange& exchange, Attempt& attempt);
  runtime::Task<net::Response> failed(Exchange& exchange, const Error& error);

  std::vector<std::unique_ptr<Upstream>>& upstreams_;
  const Clock& clock_;
  runtime::TaskScope& tasks_;
  runtime::Executor executor_;
  const bool gateway_speaks_cors_;
};

}  // namespace sallyport::api_gateway
