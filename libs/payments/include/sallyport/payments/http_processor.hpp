#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/core/secret.hpp"
#include "sallyport/payments/processor.hpp"
#include "sallyport/resilience/circuit_breaker.hpp"

namespace sallyport::log {
class Logger;
}

namespace sallyport::payments {

/// Where the processor listens.
struct ProcessorUrl {
  std::string host;  ///< an IP address, IPv6 without brackets
  std::uint16_t port = 80;
  std::string authority;  ///< for the Host field
  std::string base;       ///< path before the processor's own; empty, or begins with '/' and does not end with it

  /// http://ADDRESS[:PORT][/BASE], with an IP address or localhost; no error repeats the text. TLS to a processor is
  /// the business of a proxy beside this process.
  static Result<ProcessorUrl> parse(std::string_view text);
};

struct HttpProcessorOptions {
  ProcessorUrl url = {};
  Secret<std::string> api_key = {};  ///< sent as X-Api-Key, and nowhere else
  std::chrono::milliseconds connect_timeout{1000};
  std::chrono::milliseconds try_timeout{4000};
  int tries = 2;  ///< every call can be repeated: an operation's id is its idempotency key
  std::chrono::milliseconds backoff_base{25};
  std::chrono::milliseconds backoff_cap{250};
  resilience::CircuitBreaker::Options breaker{};
};

/// The processor over HTTP/1.1 with JSON, on pooled connections of one event loop:
///   POST /v1/authorizations                  {"amount":1,"currency":"EUR","capture":true}
///   POST /v1/authorizations/REF/captures     {"amount":1,"currency":"EUR"}
///   POST /v1/authorizations/REF/refunds      {"amount":1,"currency":"EUR"}
///   POST /v1/authorizations/REF/void         {}
///   GET  /v1/operations/ID                   404 {"operation_id","status":"unknown"}: not known; no other 404 says so
/// with Idempotency-Key: ID, answered 200 {"operation_id","status":"succeeded"|"declined"|"processing","reference",
/// "failure_code"}.
///
/// A try that failed is repeated, with jitter, while the deadline has room: refused or broken connections, a try that
/// took too long, 502, 503, 504. 500 is not repeated. Any other 4xx was not done. Failures in a row open a circuit
/// breaker; then closed() says so and calls fail at once. Logs processor_opened and processor_closed.
class HttpPaymentProcessor final : public PaymentProcessor {
 public:
  /// The references outlive it. No call may be under way when it goes.
  HttpPaymentProcessor(runtime::Executor executor, const Clock& clock, Random& random, log::Logger& logger,
                       HttpProcessorOptions options);
  ~HttpPaymentProcessor() override;

  /// Drops the kept connections, whose timer would keep the event loop busy; the next call makes new ones. No call is
  /// under way.
  void rest() noexcept;

  std::optional<Error> closed() override;
  Task<Verdict> authorize(OperationId operation, Money amount, CaptureMode capture, Deadline deadline) override;
  Task<Verdict> capture(OperationId operation, std::string authorization, Money amount, Deadline deadline) override;
  Task<Verdict> void_authorization(OperationId operation, std::string authorization, Deadline deadline) override;
  Task<Verdict> refund(OperationId operation, std::string authorization, Money amount, Deadline deadline) override;
  Task<Finding> find(OperationId operation, Deadline deadline) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::payments
