#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "sallyport/crypto/signing_key.hpp"
#include "sallyport/service/answers.hpp"
#include "sallyport/service/body.hpp"
#include "sallyport/service/service.hpp"
#include "sallyport/testing/service_client.hpp"
#include "sallyport/tokens/jwks.hpp"

namespace sallyport::service {

/// What the loops of a probe have been told.
struct ProbeLog {
  std::atomic<int> prepared{0}, started{0}, stopped{0};
  std::string refuse_to_prepare;
};

/// A service that tells what its handlers see.
class ProbeLoop final : public Application {
 public:
  ProbeLoop(LoopContext&, ProbeLog& log) : log_(log) {}

  runtime::Task<Result<void>> prepare(Deadline) override {
    ++log_.prepared;
    if (!log_.refuse_to_prepare.empty()) co_return fail(ErrorCode::ServiceUnavailable, log_.refuse_to_prepare);
    co_return Result<void>{};
  }
  void start() override { ++log_.started; }
  runtime::Task<> stop() override {
    ++log_.stopped;
    co_return;
  }

  Answer thing(Exchange& x) {
    const std::string who = x.principal ? x.principal->user + " as " + x.principal->role : "anybody";
    co_return private_json(200, std::string(x.parameter("id")) + " for " + who);
  }
  Answer post(Exchange& x) {
    auto text = co_await receive_json_text(x, 64);
    if (!text) co_return std::move(text.error());
    co_return private_json(201, std::string(*text));
  }
  Answer broken(Exchange&) { co_return fail(ErrorCode::ServiceUnavailable, "a secret of ours"); }

  static std::span<const Route> routes() {
    using net::http::Method;
    static constexpr std::array kRoutes{
        Route{Method::Get, "/things/{id}", Access::Bearer, handler<&ProbeLoop::thing>},
        Route{Method::Get, "/open/{id}", Access::Anyone, handler<&ProbeLoop::thing>},
        Route{Method::Get, "/admin/{id}", Access::Admin, handler<&ProbeLoop::thing>},
        Route{Method::Post, "/things", Access::Anyone, handler<&ProbeLoop::post>},
        Route{Method::Get, "/broken", Access::Anyone, handler<&ProbeLoop::broken>},
    };
    return kRoutes;
  }

 private:
  ProbeLog& log_;
};

/// A probe with its keys, and a client for it.
class Probe final {
 public:
  Probe()
      : ring({{"k1", crypto::SigningKey::generate(crypto::SignatureAlgorithm::EdDSA)}}),
        options{.name = "probe",
                .routes = ProbeLoop::routes(),
                .issuer = "https://i",
                .audience = "aud",
                .keys = tokens::KeySet::of(ring)} {
    options.listen = {{*IpAddress::parse("127.0.0.1"), 0}};
    options.documents = {{"/keys", "application/json", "public, max-age=300", tokens::render_jwks(ring)}};
    options.access_log = false;
    options.shutdown_timeout = std::chrono::milliseconds(300);
  }

  /// From now on `options` means nothing.
  Result<void> start() {
    service.emplace(options, Service::Surroundings{registry, logger, clock, nullptr},
                    [this](LoopContext& context) { return std::make_unique<ProbeLoop>(context, log); });
    return service->start();
  }
  std::string bearer(const char* role = "user") const {
    return testing::bearer_field(ring, clock, {"u-1", role, "https://i"});
  }
  /// The whole answer to one request on a connection of its own. line: "GET /path".
  std::string ask(const std::string& line, const std::string& fields = "", const std::string& body = "") const {
    std::string request = line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields;
    if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return testing::send_and_read(service->urls().at(0), request + "\r\n" + body);
  }

  crypto::TokenKeyRing ring;
  ServiceOptions options;
  SystemClock clock;
  log::Logger logger{log::Logger::Options{.level = log::Level::Off}, log::Redactor{}};
  metrics::Registry registry;
  ProbeLog log;
  std::optional<Service> service;
};

}  // namespace sallyport::service
