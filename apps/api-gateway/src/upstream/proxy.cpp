#include "upstream/proxy.hpp"

#include <charconv>
#include <exception>

#include "refuse.hpp"
#include "sallyport/net/request_body.hpp"
#include "upstream/forwarding.hpp"

namespace sallyport::api_gateway {

using net::http::Framing;
using net::http::Method;
using runtime::into;
using runtime::Task;

namespace {

constexpr std::size_t kReplayableBytes = 65536;  // gathered before dispatch, so that it can be sent again
constexpr std::chrono::seconds kBodyIdle{30};
constexpr std::chrono::milliseconds kRestedMax{30000};
constexpr std::chrono::milliseconds kRestedMaxUnsafe{
    2000};  // for requests that must not meet a connection being closed
constexpr int kTriesMax = 2;

bool idempotent(Method method) noexcept {
  return method != Method::Post && method != Method::Patch && method != Method::Connect;
}

std::chrono::microseconds since(SteadyTime then, SteadyTime now) {
  return std::chrono::duration_cast<std::chrono::microseconds>(now - then);
}

}  // namespace

/// One try at an upstream, and what it holds.
struct Proxy::Attempt {
  std::shared_ptr<UpstreamHost> host;
  std::unique_ptr<net::ClientConnection> connection;
  InFlight place;
  Deadline deadline{SteadyTime::max()};
  bool fresh = false;  ///< use a new connection

  /// Nothing of the request can have been acted on, or doing it twice is harmless and the connection was merely stale.
  bool may_try_again(const Exchange& exchange) const noexcept {
    // What an upload has sent, whole or not, is not here any more.
    if (exchange.client_gone || exchange.background || !exchange.body->complete()) return false;
    if (connection == nullptr) return true;  // never connected
    if (!connection->used_before() || connection->bytes_received() != 0) return false;
    return connection->bytes_sent() == 0 || idempotent(exchange.request.method);
  }
};

/// Sends the part of a long body that had not arrived when the request was dispatched.
class Proxy::Upload final : public net::Background {
 public:
  Upload(Exchange& exchange, net::ClientConnection& connection, bool chunked, std::chrono::milliseconds timeout,
         const Clock& clock, runtime::Executor executor)
      : exchange_(exchange),
        connection_(connection),
        chunked_(chunked),
        timeout_(timeout),
        clock_(clock),
        ended_(executor, SteadyTime::max()) {
    connection_.set_body_unsent(true);
  }

  static Task<> run(Upload& self) {
    self.failure_ = co_await self.pump();
    self.running_ = false;
    if (self.failure_ && !self.upstream_failed_) self.connection_.abort();
    self.ended_.cancel();
  }

  Task<> stop() override {
    if (running_) {
      exchange_.body->cancel();
      connection_.abort();
    }
    while (running_) {
      ErrorCodeSys ignored;
      co_await ended_.async_wait(into(ignored));
    }
  }

  bool running() const noexcept { return running_; }
  /// The client's fault, if any: its body broke off, broke its framing, or was too long.
  const std::optional<Error>& failure() const noexcept { return failure_; }
  bool client_failed() const noexcept { return failure_ && !upstream_failed_; }

 private:
  Task<std::optional<Error>> pump() {
    for (;;) {
      // While the client has to say something, its own deadlines hold: its pauses are not the upstream's.
      connection_.set_deadline(Deadline(SteadyTime::max()));
      auto piece = co_await exchange_.body->next();
      if (!piece) co_return std::move(piece.error());
      // A long upload has no total limit while it moves; the answer's own time starts at its end.
      connection_.set_deadline(
          Deadline::after(clock_.coarse_now(), piece->empty() ? timeout_ : std::chrono::milliseconds(kBodyIdle)));
      const bool last = piece->empty();
      if (last && !chunked_) break;
      char size_line[20];
      std::string_view before, after;
      if (chunked_) {
        char* end = std::to_chars(size_line, size_line + 16, piece->size(), 16).ptr;
        *end++ = '\r';
        *end++ = '\n';
        before = {size_line, static_cast<std::size_t>(end - size_line)};
        after = "\r\n";
      }
      auto sent = co_await connection_.send(before, {piece->data(), piece->size()}, after);
      if (!sent) {
        upstream_failed_ = true;
        co_return std::move(sent.error());
      }
      if (last) break;
    }
    connection_.set_body_unsent(false);
    co_return std::nullopt;
  }

  Exchange& exchange_;
  net::ClientConnection& connection_;
  const bool chunked_;
  const std::chrono::milliseconds timeout_;
  const Clock& clock_;
  runtime::Timer ended_;  ///< never expires; cancelled when the pump ends
  std::optional<Error> failure_;
  bool running_ = true;
  bool upstream_failed_ = false;
};

/// The rest of an answer, pulled from the upstream as the client takes it.
class Proxy::AnswerBody final : public net::BodySource {
 public:
  AnswerBody(Exchange& exchange, Attempt attempt, const Clock& clock)
      : exchange_(exchange), attempt_(std::move(attempt)), clock_(clock) {}
  ~AnswerBody() override { exchange_.waiting_on = nullptr; }

  Task<Result<std::span<const char>>> next() override {
    attempt_.connection->set_deadline(Deadline::after(clock_.coarse_now(), kBodyIdle));
    exchange_.waiting_on = attempt_.connection.get();
    auto piece = co_await attempt_.connection->next_body();
    exchange_.waiting_on = nullptr;
    if (piece && piece->empty()) {
      attempt_.place.release();
      // While an upload still runs it refers to the connection, which then stays here and goes with this object.
      if (attempt_.connection->reusable()) attempt_.host->pool->give_back(std::move(attempt_.connection));
    }
    co_return piece;
  }

 private:
  Exchange& exchange_;
  Attempt attempt_;
  const Clock& clock_;
};

Proxy::Proxy(std::vector<std::unique_ptr<Upstream>>& upstreams, const Clock& clock, runtime::TaskScope& tasks,
             runtime::Executor executor, bool gateway_speaks_cors)
    : upstreams_(upstreams),
      clock_(clock),
      tasks_(tasks),
      executor_(executor),
      gateway_speaks_cors_(gateway_speaks_cors) {}

Task<net::Response> Proxy::handle(Exchange& exchange) {
  const Route& route = *exchange.lookup.route;
  Upstream& upstream = *upstreams_[route.upstream];
  net::RequestBody& body = *exchange.body;
  if (!body.complete_without_waiting() && !route.config->streaming) {
    auto gathered = co_await body.prefetch(kReplayableBytes);
    if (!gathered) co_return refuse_body(exchange, gathered.error());
  }
  const SteadyTime dispatched = clock_.now();
  Attempt attempt;
  attempt.deadline = Deadline::after(dispatched, upstream.config().timeout);
  attempt.place = upstream.admit();
  if (!attempt.place) {
    net::Response full = refuse(exchange, ErrorCode::Overloaded, "Too many requests to this service are under way.");
    full.add("Retry-After", "1");
    co_return full;
  }
  std::exception_ptr failure;
  try {
    Result<void> tried;
    for (int n = 0; n < kTriesMax; ++n) {
      tried = co_await try_once(exchange, upstream, attempt);
      if (tried || !attempt.may_try_again(exchange) || attempt.deadline.expired(clock_.now())) break;
      attempt.fresh = true;
    }
    exchange.upstream_time = since(dispatched, clock_.now());
    if (!tried) co_return co_await failed(exchange, tried.error());
    co_return answer(exchange, attempt);
  } catch (...) {
    failure = std::current_exception();
  }
  // The attempt's connection goes now, and nothing may refer to it any more.
  exchange.waiting_on = nullptr;
  if (exchange.background) {
    co_await exchange.background->stop();
    exchange.background.reset();
  }
  std::rethrow_exception(failure);
}

Task<Result<void>> Proxy::try_once(Exchange& exchange, Upstream& upstream, Attempt& attempt) {
  attempt.connection.reset();
  attempt.host = upstream.pick(attempt.host.get());  // a second try prefers another host
  if (attempt.host == nullptr) co_return fail(ErrorCode::BadGateway, "no address known", ErrorOrigin::Upstream);
  attempt.place.at(attempt.host);
  exchange.upstream_host.assign(attempt.host->label);
  if (!attempt.fresh) {
    attempt.connection = attempt.host->pool->take(idempotent(exchange.request.method) ? kRestedMax : kRestedMaxUnsafe);
  }
  if (attempt.connection == nullptr) {
    auto connected = co_await attempt.host->pool->connect(attempt.deadline, exchange.waiting_on);
    if (!connected) co_return std::unexpected(std::move(connected.error()));
    attempt.connection = std::move(*connected);
  }
  co_return co_await send(exchange, attempt);
}

Task<Result<void>> Proxy::send(Exchange& exchange, Attempt& attempt) {
  net::ClientConnection& connection = *attempt.connection;
  const Route& route = *exchange.lookup.route;
  net::RequestBody& body = *exchange.body;
  connection.set_deadline(attempt.deadline);
  exchange.waiting_on = &connection;

  const std::span<const char> here = body.prefetched();
  OutgoingBody outgoing;
  outgoing.present = body.has_body() || exchange.request.framing == Framing::Length;
  if (body.complete()) {
    outgoing.length = here.size();
  } else if (body.framing() == Framing::Length) {
    outgoing.length = exchange.request.content_length;
  }
  write_upstream_head(exchange.upstream_head, exchange, upstream_path(*route.config, exchange.path), outgoing,
                      attempt.deadline.remaining(clock_.coarse_now()));
  std::string_view tail;
  if (outgoing.present && !outgoing.length && !here.empty()) {
    char size_line[20];
    char* end = std::to_chars(size_line, size_line + 16, here.size(), 16).ptr;
    exchange.upstream_head.append(size_line, static_cast<std::size_t>(end - size_line)).append("\r\n", 2);
    tail = "\r\n";
  }
  auto sent_all = connection.send_now(exchange.upstream_head, {here.data(), here.size()}, tail);
  if (!sent_all) co_return std::unexpected(std::move(sent_all.error()));
  if (!*sent_all) {
    if (auto rest = co_await connection.send_rest(); !rest) co_return rest;
  }
  if (!body.complete()) {
    auto upload = std::make_unique<Upload>(exchange, connection, !outgoing.length,
                                           upstreams_[route.upstream]->config().timeout, clock_, executor_);
    Upload& running = *upload;
    exchange.background = std::move(upload);
    if (!tasks_.spawn(Upload::run(running))) {
      exchange.background.reset();
      co_return fail(ErrorCode::Overloaded, "too many uploads");
    }
  }
  auto head = co_await connection.read_head(exchange.request.method, exchange.answer_head);
  exchange.waiting_on = nullptr;
  co_return head;
}

net::Response Proxy::answer(Exchange& exchange, Attempt& attempt) {
  const net::http::ResponseHead& head = exchange.answer_head;
  net::Response response;
  response.status = head.status;
  copy_answer_fields(response, head, gateway_speaks_cors_);
  if (head.framing == Framing::None && exchange.request.method == Method::Head) {
    if (const auto announced = head.fields.find("content-length")) {
      std::uint64_t length = 0;
      std::from_chars(announced->data(), announced->data() + announced->size(), length);
      response.length = length;
    }
  }
  if (exchange.background && static_cast<Upload&>(*exchange.background).running()) response.close = true;
  const auto whole = attempt.connection->whole_body();
  if (whole && !response.close) {
    if (!whole->empty()) response.body = std::string(*whole);
    attempt.connection->take_whole_body();
    attempt.place.release();
    attempt.host->pool->give_back(std::move(attempt.connection));
    return response;
  }
  if (head.framing == Framing::Length) response.length = head.content_length;
  response.body = std::make_unique<AnswerBody>(exchange, std::move(attempt), clock_);
  return response;
}

Task<net::Response> Proxy::failed(Exchange& exchange, const Error& error) {
  exchange.waiting_on = nullptr;
  if (exchange.background) {
    co_await exchange.background->stop();
    const auto upload = std::move(exchange.background);
    const auto& broken = static_cast<Upload&>(*upload);
    if (broken.client_failed() && broken.failure()->origin == ErrorOrigin::Downstream)
      co_return refuse_body(exchange, *broken.failure());
  }
  switch (error.code) {
    case ErrorCode::GatewayTimeout:
      co_return refuse(exchange, error.code, "The service did not answer in time.");
    case ErrorCode::Overloaded:
      co_return refuse(exchange, error.code, "There is more work than can be done in time.");
    default:
      co_return refuse(exchange, ErrorCode::BadGateway, "The service could not be reached or gave no valid answer.");
  }
}

}  // namespace sallyport::api_gateway
