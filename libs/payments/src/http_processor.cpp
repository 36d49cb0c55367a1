#include "sallyport/payments/http_processor.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/this_coro.hpp>

#include "sallyport/net/connection_pool.hpp"
#include "sallyport/net/http/authority.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/resilience/backoff.hpp"

#include "processor_answer.hpp"

namespace sallyport::payments {

using net::http::Method;

namespace {

constexpr std::size_t kAnswerBytesMax = 16384;
constexpr std::chrono::milliseconds kRestedMax{25000};
constexpr std::chrono::milliseconds kLeastTime{10};  // with less left nothing is sent

std::unexpected<Error> bad_url(std::string_view why) {
  return fail(ErrorCode::InternalError, fmt::format("processor URL: {}", why));
}

asio::ip::tcp::endpoint endpoint_of(const ProcessorUrl& url) {
  const std::string host = url.host == "localhost" ? "127.0.0.1" : url.host;
  return {asio::ip::make_address(host), url.port};
}

/// A reference goes into a path: only what needs no escape there is taken.
bool plain(std::string_view reference) {
  return !reference.empty() && std::ranges::all_of(reference, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace

Result<ProcessorUrl> ProcessorUrl::parse(std::string_view text) {
  if (!text.starts_with("http://")) return bad_url("does not begin with http://");
  text.remove_prefix(7);
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto authority = net::http::parse_authority(text.substr(0, slash));
  if (!authority) return bad_url("the host is not valid");
  ProcessorUrl url;
  url.authority = net::http::normal_form(*authority, 80);
  url.port = authority->port.value_or(80);
  url.host = std::string(authority->host);
  if (url.host.starts_with('[')) url.host = url.host.substr(1, url.host.size() - 2);
  ErrorCodeSys ec;
  asio::ip::make_address(url.host, ec);
  if (ec && url.host != "localhost") return bad_url("the host is no IP address");
  std::string_view base = text.substr(slash);
  while (base.ends_with('/')) base.remove_suffix(1);
  const auto path_character = [](char c) { return c == '/' || c == '.' || plain({&c, 1}); };
  if (!std::ranges::all_of(base, path_character)) return bad_url("the path holds a character that it cannot");
  url.base = std::string(base);
  return url;
}

class HttpPaymentProcessor::Impl {
 public:
  Impl(runtime::Executor executor, const Clock& clock, Random& random, log::Logger& logger,
       HttpProcessorOptions options)
      : executor_(executor),
        clock_(clock),
        random_(random),
        logger_(logger),
        options_(std::move(options)),
        sweeper_(executor, clock, std::chrono::milliseconds(20)),
        buffers_(4096, 16),
        breaker_(options_.breaker) {}

  std::optional<Error> closed() {
    if (breaker_.open_for(clock_.now()).count() == 0) return std::nullopt;
    return Error{ErrorCode::CircuitOpen, "the processor's circuit breaker is open", ErrorOrigin::Upstream, Retry::Safe};
  }

  void rest() noexcept { pool_.reset(); }

  runtime::Task<Result<Finding>> ask(Method method, std::string path, std::string body, OperationId operation,
                                     Deadline deadline);

 private:
  enum class Reached : std::uint8_t { No, Perhaps };
  struct Try {
    Result<ProcessorAnswer> answer;
    Reached reached = Reached::No;
    Reached before = Reached::No;  ///< on a kept connection, which then broke: not what was answered
  };

  runtime::Task<Try> try_once(Method method, std::string_view head, std::string_view body, Deadline deadline);
  runtime::Task<Result<ProcessorAnswer>> exchange(net::ClientConnection& connection, Method method,
                                                  std::string_view head, std::string_view body);
  std::string head_of(Method method, std::string_view path, std::size_t body_bytes, OperationId operation) const;
  void report(resilience::CircuitBreaker::Permit permit, const Try& tried);
  static Result<Finding> read(const Try& tried, Method method, OperationId operation, Reached earlier);
  static bool broken(const Try& tried) {
    return !tried.answer || tried.answer->status == 502 || tried.answer->status == 503 || tried.answer->status == 504;
  }

  net::ConnectionPool& pool() {
    if (!pool_) {
      pool_ = std::make_unique<net::ConnectionPool>(
          executor_, sweeper_, buffers_, endpoint_of(options_.url),
          net::ConnectionPoolOptions{.connect_timeout = options_.connect_timeout});
    }
    return *pool_;
  }

  runtime::Executor executor_;
  const Clock& clock_;
  Random& random_;
  log::Logger& logger_;
  const HttpProcessorOptions options_;
  net::Sweeper sweeper_;
  net::BufferPool buffers_;
  std::unique_ptr<net::ConnectionPool> pool_;  ///< null: at rest
  resilience::CircuitBreaker breaker_;
};

std::string HttpPaymentProcessor::Impl::head_of(Method method, std::string_view path, std::size_t body_bytes,
                                                OperationId operation) const {
  std::string head = fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\nX-Api-Key: {}\r\nAccept: application/json\r\n",
                                 net::http::to_string(method), options_.url.base, path, options_.url.authority,
                                 options_.api_key.expose());
  if (method == Method::Post) {
    head.append(fmt::format("Idempotency-Key: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
                            operation.to_string(), body_bytes));
  }
  return head.append("\r\n");
}

runtime::Task<Result<ProcessorAnswer>> HttpPaymentProcessor::Impl::exchange(net::ClientConnection& connection,
                                                                            Method method, std::string_view head,
                                                                            std::string_view body) {
  auto sent = connection.send_now(head, body, {});
  if (!sent) co_return std::unexpected(std::move(sent.error()));
  if (!*sent) {
    if (auto rest = co_await connection.send_rest(); !rest) co_return std::unexpected(std::move(rest.error()));
  }
  net::http::ResponseHead answer;
  if (auto read = co_await connection.read_head(method, answer); !read) {
    co_return std::unexpected(std::move(read.error()));
  }
  ProcessorAnswer received{answer.status, {}};
  while (true) {
    auto piece = co_await connection.next_body();
    if (!piece) co_return std::unexpected(std::move(piece.error()));
    if (piece->empty()) co_return received;
    if (received.body.size() + piece->size() > kAnswerBytesMax) {
      co_return fail(ErrorCode::BadGateway, "the processor's answer is too long", ErrorOrigin::Upstream);
    }
    received.body.append(piece->data(), piece->size());
  }
}

/// One try; a kept connection that its server had closed meanwhile is replaced once.
runtime::Task<HttpPaymentProcessor::Impl::Try> HttpPaymentProcessor::Impl::try_once(Method method,
                                                                                    std::string_view head,
                                                                                    std::string_view body,
                                                                                    Deadline deadline) {
  Reached before = Reached::No;
  while (true) {
    auto connection = before == Reached::No ? pool().take(kRestedMax) : nullptr;
    if (connection == nullptr) {
      net::Abortable* waiting = nullptr;
      auto connected = co_await pool().connect(deadline, waiting);
      if (!connected) co_return Try{std::unexpected(std::move(connected.error())), before, before};
      connection = std::move(*connected);
    }
    connection->set_deadline(deadline);
    auto answer = co_await exchange(*connection, method, head, body);
    const Reached reached = connection->bytes_sent() > 0 ? Reached::Perhaps : before;
    const bool stale = !answer && connection->used_before() && connection->bytes_received() == 0 &&
                       answer.error().code == ErrorCode::BadGateway;
    if (answer) pool().give_back(std::move(connection));
    if (!stale) co_return Try{std::move(answer), reached, before};
    before = Reached::Perhaps;  // so that the next one is a fresh connection
  }
}

Result<Finding> HttpPaymentProcessor::Impl::read(const Try& tried, Method method, OperationId operation,
                                                 Reached earlier) {
  auto finding = read_answer(*tried.answer, operation);
  if (earlier == Reached::No && tried.before == Reached::No) return finding;
  // A refusal says that this try did nothing; an earlier one may have.
  if (!finding) finding.error().retry = Retry::Never;
  if (method == Method::Post && finding && std::holds_alternative<NotKnown>(*finding)) {
    return fail(ErrorCode::BadGateway, "not found, once it may have been done", ErrorOrigin::Upstream);
  }
  return finding;
}

void HttpPaymentProcessor::Impl::report(resilience::CircuitBreaker::Permit permit, const Try& tried) {
  if (broken(tried)) {
    if (!breaker_.failed(permit, clock_.now(), random_)) return;
    logger_.write(log::Level::Warn, "processor_opened",
                  {{"detail", tried.answer ? std::string_view("status 502, 503 or 504")
                                           : std::string_view(tried.answer.error().detail)}});
  } else if (tried.answer->status == 500) {
    breaker_.abandoned(permit);  // one request's trouble, not the processor's
  } else if (breaker_.succeeded(permit)) {
    logger_.write(log::Level::Info, "processor_closed");
  }
}

runtime::Task<Result<Finding>> HttpPaymentProcessor::Impl::ask(Method method, std::string path, std::string body,
                                                               OperationId operation, Deadline deadline) {
  const std::string head = head_of(method, path, body.size(), operation);
  resilience::Backoff backoff(options_.backoff_base, options_.backoff_cap);
  runtime::Timer timer(co_await asio::this_coro::executor);
  Reached reached = Reached::No;
  Error last{ErrorCode::GatewayTimeout, "no time left for the processor", ErrorOrigin::Upstream, Retry::Safe};
  for (int n = 0; n < options_.tries; ++n) {
    if (n > 0) {
      const auto wait = backoff.next(random_);
      if (deadline.remaining(clock_.now()) <= wait + kLeastTime) break;
      timer.expires_after(wait);
      co_await timer.async_wait(runtime::use_task);
    }
    if (deadline.remaining(clock_.now()) <= kLeastTime) break;
    const auto permit = breaker_.try_acquire(clock_.now());
    if (!permit) {
      last = {ErrorCode::CircuitOpen, "the processor's circuit breaker is open", ErrorOrigin::Upstream, Retry::Safe};
      break;
    }
    Try tried =
        co_await try_once(method, head, body, deadline.sooner(Deadline::after(clock_.now(), options_.try_timeout)));
    report(*permit, tried);
    if (!broken(tried)) co_return read(tried, method, operation, reached);
    if (tried.reached == Reached::Perhaps) reached = Reached::Perhaps;
    last = tried.answer ? Error{ErrorCode::BadGateway, fmt::format("status {}", tried.answer->status),
                                ErrorOrigin::Upstream, Retry::Never}
                        : std::move(tried.answer.error());
  }
  last.retry = reached == Reached::No ? Retry::Safe : Retry::Never;
  co_return std::unexpected(std::move(last));
}

HttpPaymentProcessor::HttpPaymentProcessor(runtime::Executor executor, const Clock& clock, Random& random,
                                           log::Logger& logger, HttpProcessorOptions options)
    : impl_(std::make_unique<Impl>(executor, clock, random, logger, std::move(options))) {}
HttpPaymentProcessor::~HttpPaymentProcessor() = default;

namespace {

/// An answer to a POST: decided, or else it is as good as none.
Result<Verdict> decided(Result<Finding> finding) {
  if (!finding) return std::unexpected(std::move(finding.error()));
  if (auto* approved = std::get_if<Approved>(&*finding)) return std::move(*approved);
  if (auto* declined = std::get_if<Declined>(&*finding)) return std::move(*declined);
  if (std::holds_alternative<NotKnown>(*finding)) {
    return fail(ErrorCode::BadGateway, "the processor does not know the authorization", ErrorOrigin::Upstream,
                Retry::Safe);
  }
  return fail(ErrorCode::GatewayTimeout, "the processor has not decided", ErrorOrigin::Upstream);
}

std::string amount_json(Money amount) {
  return fmt::format(R"({{"amount":{},"currency":"{}"}})", amount.minor(), amount.currency().code());
}

std::unexpected<Error> no_reference() {
  return fail(ErrorCode::InternalError, "the authorization has no reference that can be sent", ErrorOrigin::Internal,
              Retry::Safe);
}

}  // namespace

void HttpPaymentProcessor::rest() noexcept {
  impl_->rest();
}

std::optional<Error> HttpPaymentProcessor::closed() {
  return impl_->closed();
}

HttpPaymentProcessor::Task<Verdict> HttpPaymentProcessor::authorize(OperationId operation, Money amount,
                                                                    CaptureMode capture, Deadline deadline) {
  std::string body = fmt::format(R"({{"amount":{},"currency":"{}","capture":{}}})", amount.minor(),
                                 amount.currency().code(), capture == CaptureMode::AtOnce);
  co_return decided(co_await impl_->ask(Method::Post, "/v1/authorizations", std::move(body), operation, deadline));
}

HttpPaymentProcessor::Task<Verdict> HttpPaymentProcessor::capture(OperationId operation, std::string authorization,
                                                                  Money amount, Deadline deadline) {
  if (!plain(authorization)) co_return no_reference();
  co_return decided(co_await impl_->ask(Method::Post, fmt::format("/v1/authorizations/{}/captures", authorization),
                                        amount_json(amount), operation, deadline));
}

HttpPaymentProcessor::Task<Verdict> HttpPaymentProcessor::void_authorization(OperationId operation,
                                                                             std::string authorization,
                                                                             Deadline deadline) {
  if (!plain(authorization)) co_return no_reference();
  co_return decided(co_await impl_->ask(Method::Post, fmt::format("/v1/authorizations/{}/void", authorization), "{}",
                                        operation, deadline));
}

HttpPaymentProcessor::Task<Verdict> HttpPaymentProcessor::refund(OperationId operation, std::string authorization,
                                                                 Money amount, Deadline deadline) {
  if (!plain(authorization)) co_return no_reference();
  co_return decided(co_await impl_->ask(Method::Post, fmt::format("/v1/authorizations/{}/refunds", authorization),
                                        amount_json(amount), operation, deadline));
}

HttpPaymentProcessor::Task<Finding> HttpPaymentProcessor::find(OperationId operation, Deadline deadline) {
  co_return co_await impl_->ask(Method::Get, fmt::format("/v1/operations/{}", operation.to_string()), {}, operation,
                                deadline);
}

}  // namespace sallyport::payments
