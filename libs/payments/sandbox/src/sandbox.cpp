#include "sallyport/payments_sandbox/sandbox.hpp"

#include <atomic>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "sallyport/net/problem.hpp"
#include "sallyport/net/request_body.hpp"
#include "sallyport/net/server.hpp"

#include "ledger.hpp"

namespace sallyport::payments_sandbox {
namespace {

namespace json = boost::json;
using net::http::Method;

constexpr std::size_t kBodyBytesMax = 4096;
constexpr std::string_view kAuthorizations = "/v1/authorizations";
constexpr std::string_view kOperations = "/v1/operations/";

/// A wait that ends early when the client has gone.
class Nap final : public net::Abortable {
 public:
  explicit Nap(runtime::Executor executor) : timer_(executor) {}
  runtime::Task<> sleep(net::Exchange& exchange, std::chrono::milliseconds time) {
    exchange.waiting_on = this;
    timer_.expires_after(time);
    ErrorCodeSys ec;
    if (!exchange.client_gone) co_await timer_.async_wait(runtime::into(ec));
    exchange.waiting_on = nullptr;
  }
  void abort() noexcept override { timer_.cancel(); }

 private:
  runtime::Timer timer_;
};

net::Response plain_status(ErrorCode code) {
  return net::problem(code, {});
}

net::Response not_known(std::string_view operation) {
  net::Response response;
  response.status = 404;
  response.add("Content-Type", "application/json");
  response.body = fmt::format(R"({{"operation_id":"{}","status":"unknown"}})", operation);
  return response;
}

net::Response describe(std::string_view operation, const Entry& entry) {
  net::Response response;
  response.add("Content-Type", "application/json");
  response.body = entry.approved ? fmt::format(R"({{"operation_id":"{}","status":"succeeded","reference":"{}"}})",
                                               operation, entry.reference)
                                 : fmt::format(R"({{"operation_id":"{}","status":"declined","failure_code":"{}"}})",
                                               operation, entry.failure_code);
  return response;
}

/// The task that a POST asks for, by its path and body.
std::optional<Task> task_of(std::string_view path, std::string_view operation, std::string_view body) {
  json::error_code ec;
  const json::value value = json::parse(json::string_view(body.data(), body.size()), ec);
  if (ec || !value.is_object() || operation.empty() || operation.size() > 64) return std::nullopt;
  const json::object& form = value.get_object();
  Task task;
  task.operation = std::string(operation);
  const auto* amount = form.if_contains("amount");
  if (amount != nullptr && amount->is_int64()) task.amount = amount->get_int64();
  if (!path.starts_with(kAuthorizations)) return std::nullopt;
  path.remove_prefix(kAuthorizations.size());
  if (path.empty()) {
    const auto* capture = form.if_contains("capture");
    const bool at_once = capture != nullptr && capture->is_bool() && capture->get_bool();
    task.kind = at_once ? Task::Kind::Charge : Task::Kind::Authorize;
  } else {
    const auto slash = path.rfind('/');
    if (slash == 0 || slash == std::string_view::npos) return std::nullopt;
    task.authorization = std::string(path.substr(1, slash - 1));
    const std::string_view action = path.substr(slash + 1);
    if (action == "captures") {
      task.kind = Task::Kind::Capture;
    } else if (action == "refunds") {
      task.kind = Task::Kind::Refund;
    } else if (action == "void") {
      task.kind = Task::Kind::Void;
    } else {
      return std::nullopt;
    }
  }
  if (task.kind != Task::Kind::Void && task.amount < 1) return std::nullopt;
  return task;
}

class Desk final : public net::Application {
 public:
  Desk(runtime::Executor executor, SandboxOptions options)
      : executor_(executor), options_(std::move(options)), ledger_(options_.journal) {}

  std::unique_ptr<net::Exchange> make_exchange() override { return std::make_unique<net::Exchange>(); }

  std::optional<net::Response> begin(net::Exchange& exchange) override {
    const auto key = exchange.request.fields.find("x-api-key");
    if (!key || *key != options_.api_key.expose()) return plain_status(ErrorCode::AuthenticationRequired);
    ++requests_;
    if (exchange.request.method == Method::Post) return std::nullopt;
    const std::string_view path = exchange.request.path;
    if (!path.starts_with(kOperations)) return plain_status(ErrorCode::NotFound);
    const std::string operation(path.substr(kOperations.size()));
    const auto found = ledger_.find(operation);
    return found ? describe(operation, *found) : not_known(operation);
  }

  runtime::Task<net::Response> handle(net::Exchange& exchange) override {
    net::RequestBody& body = *exchange.body;
    auto taken = body.set_limit(kBodyBytesMax);
    if (taken && !body.complete_without_waiting()) taken = co_await body.prefetch(kBodyBytesMax);
    if (!taken) co_return refuse(exchange, taken.error(), {});
    const auto bytes = body.prefetched();
    const auto task = task_of(exchange.request.path, exchange.request.fields.find("idempotency-key").value_or(""),
                              {bytes.data(), bytes.size()});
    if (!task) co_return plain_status(ErrorCode::ValidationFailed);
    const Mood mood = mood_of(*task);
    if (mood == Mood::Error) co_return plain_status(ErrorCode::InternalError);
    if (mood == Mood::Unavailable) co_return plain_status(ErrorCode::ServiceUnavailable);
    Nap nap(executor_);
    if (mood == Mood::Slow) co_await nap.sleep(exchange, options_.slow);
    const auto entry = mood == Mood::Silent ? std::nullopt : ledger_.carry_out(*task);
    if (mood == Mood::Silent || mood == Mood::SilentDone) co_await nap.sleep(exchange, std::chrono::minutes(10));
    if (mood == Mood::ErrorDone) co_return plain_status(ErrorCode::InternalError);
    co_return entry ? describe(task->operation, *entry) : plain_status(ErrorCode::NotFound);
  }

  net::Response refuse(net::Exchange&, const Error& error, std::string_view) override {
    net::Response response = plain_status(error.code);
    response.close = true;
    return response;
  }
  void finished(net::Exchange&, const net::Completion&) override {}

  const Ledger& ledger() const noexcept { return ledger_; }
  std::size_t requests() const noexcept { return requests_; }

 private:
  runtime::Executor executor_;
  const SandboxOptions options_;
  Ledger ledger_;
  std::atomic<std::size_t> requests_{0};
};

}  // namespace

class Sandbox::Impl {
 public:
  Impl(SandboxOptions options, log::Logger& logger)
      : io_(1),
        budget_(1000, 1000),
        port_(options.port),
        desk_(io_.get_executor(), std::move(options)),
        server_(io_.get_executor(), clock_, limits(), budget_, desk_, logger) {
    net::ListenPoint point{*IpAddress::parse("127.0.0.1"), port_};
    server_.listen(net::open_listener(point));
    port_ = point.port;
    thread_ = std::thread([this] { io_.run(); });
  }

  ~Impl() {
    asio::post(io_, [this] {
      server_.stop_accepting();
      server_.abort_connections();
    });
    thread_.join();
  }

  std::uint16_t port() const noexcept { return port_; }
  const Desk& desk() const noexcept { return desk_; }

 private:
  static net::ServerLimits limits() {
    net::ServerLimits limits;
    limits.connections_max = limits.connections_per_address_max = 1000;
    limits.requests_per_connection_max = UINT32_MAX;
    return limits;
  }

  SystemClock clock_;
  asio::io_context io_;
  net::ConnectionBudget budget_;
  std::uint16_t port_;
  Desk desk_;
  net::Server server_;
  std::thread thread_;
};

Sandbox::Sandbox(SandboxOptions options, log::Logger& logger)
    : impl_(std::make_unique<Impl>(std::move(options), logger)) {}
Sandbox::~Sandbox() = default;
std::uint16_t Sandbox::port() const noexcept {
  return impl_->port();
}
std::string Sandbox::url() const {
  return fmt::format("http://127.0.0.1:{}", port());
}
std::optional<SandboxAccount> Sandbox::account(std::string_view reference) const {
  return impl_->desk().ledger().account(reference);
}
std::size_t Sandbox::operations() const {
  return impl_->desk().ledger().operations();
}
std::size_t Sandbox::requests() const {
  return impl_->desk().requests();
}

}  // namespace sallyport::payments_sandbox
