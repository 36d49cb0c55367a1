#include "echo_service.hpp"

#include <thread>

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include "sallyport/net/problem.hpp"
#include "sallyport/net/request_body.hpp"
#include "sallyport/net/server.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kBodyBytesMax = 1U << 20U;

void append_string(std::string& out, std::string_view text) {
  out.push_back('"');
  log::append_json_escaped(out, text);
  out.push_back('"');
}

class Echo final : public net::Application {
 public:
  std::unique_ptr<net::Exchange> make_exchange() override { return std::make_unique<net::Exchange>(); }
  std::optional<net::Response> begin(net::Exchange&) override { return std::nullopt; }

  runtime::Task<net::Response> handle(net::Exchange& exchange) override {
    net::RequestBody& body = *exchange.body;
    auto taken = body.set_limit(kBodyBytesMax);
    if (taken && !body.complete_without_waiting()) taken = co_await body.prefetch(kBodyBytesMax);
    if (!taken) co_return refuse(exchange, taken.error(), {});
    net::Response response;
    response.add("Content-Type", "application/json");
    response.body = describe(exchange);
    co_return response;
  }

  net::Response refuse(net::Exchange&, const Error& error, std::string_view) override {
    net::Response response = net::problem(error.code, {});
    response.close = true;
    return response;
  }

  void finished(net::Exchange&, const net::Completion&) override {}

 private:
  static std::string describe(const net::Exchange& exchange) {
    const auto& request = exchange.request;
    std::string out = "{\"service\":\"echo\",\"method\":";
    append_string(out, request.method_text);
    out.append(",\"path\":");
    append_string(out, request.path);
    out.append(",\"query\":");
    append_string(out, request.query);
    out.append(",\"headers\":[");
    bool first = true;
    for (const auto& field : request.fields) {
      out.append(first ? "[" : ",[");
      first = false;
      append_string(out, field.name);
      out.push_back(',');
      append_string(out, field.value);
      out.push_back(']');
    }
    const auto bytes = exchange.body->prefetched();
    out.append("],\"body\":");
    append_string(out, {bytes.data(), bytes.size()});
    out.append("}\n");
    return out;
  }
};

}  // namespace

class EchoService::Impl {
 public:
  explicit Impl(log::Logger& logger)
      : io_(1), budget_(16000, 16000), server_(io_.get_executor(), clock_, limits(), budget_, application_, logger) {
    net::ListenPoint point{*IpAddress::parse("127.0.0.1"), 0};
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

 private:
  static net::ServerLimits limits() {
    net::ServerLimits limits;
    limits.connections_per_address_max = limits.connections_max;
    limits.requests_per_connection_max = UINT32_MAX;
    return limits;
  }

  SystemClock clock_;
  asio::io_context io_;
  net::ConnectionBudget budget_;
  Echo application_;
  net::Server server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

EchoService::EchoService(log::Logger& logger) : impl_(std::make_unique<Impl>(logger)) {}
EchoService::~EchoService() = default;
std::uint16_t EchoService::port() const noexcept {
  return impl_->port();
}

}  // namespace sallyport::app
