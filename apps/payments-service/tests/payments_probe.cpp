#include "payments_probe.hpp"

#include <stdexcept>

namespace sallyport::payments_service {
namespace {

constexpr const char* kProcessorKey = "sandbox-key-4711-sandbox-key-4711";

}  // namespace

Probe::Probe(Engine engine)
    : ring({{"k1", crypto::SigningKey::generate(crypto::SignatureAlgorithm::EdDSA)}}),
      sandbox({.api_key = Secret<std::string>(kProcessorKey)}, logger),
      database(engine) {}

Probe::~Probe() {
  stop();
}

PaymentsServiceOptions Probe::options() {
  PaymentsServiceOptions options{.secrets = {.redis_url = {},
                                             .database_url = {},
                                             .cursor_keys = crypto::HmacKeyRing({{"c1", crypto::random_secret(32)}}),
                                             .processor_url = {},
                                             .processor_key = Secret<std::string>(kProcessorKey)},
                                 .database = database.url(0, "sallyport_payments"),
                                 .processor = *payments::ProcessorUrl::parse(sandbox.url()),
                                 .config = {}};
  options.config.common.issuer = "https://i.test";
  options.config.common.audience = "aud";
  options.config.common.listen = {{*IpAddress::parse("127.0.0.1"), 0}};
  options.config.common.access_log = false;
  options.config.common.shutdown_timeout = std::chrono::milliseconds(300);
  options.config.processor_try_timeout = std::chrono::milliseconds(100);
  options.config.reconcile_every = std::chrono::milliseconds(50);
  options.keys = tokens::KeySet::of(ring);
  return options;
}

void Probe::start(PaymentsServiceOptions settings) {
  service.emplace(std::move(settings), logger);
  if (auto started = service->start(); !started) throw std::runtime_error(started.error().detail);
}

void Probe::stop() {
  if (service) service->stop();
  service.reset();
}

std::string Probe::bearer(const std::string& who, const std::string& role) const {
  return testing::bearer_field(ring, clock, {who, role});
}

Reply Probe::ask(const std::string& line, const std::string& fields, const std::string& body) const {
  return testing::ask(service.value().urls().at(0), line, fields, body);
}

Reply Probe::post(const std::string& path, const std::string& body, const std::string& key) const {
  std::string fields = bearer(user);
  if (!body.empty()) fields += "Content-Type: application/json\r\n";
  if (!key.empty()) fields += "Idempotency-Key: " + key + "\r\n";
  return ask("POST " + path, fields, body);
}

Reply Probe::get(const std::string& path) const {
  return ask("GET " + path, bearer(user));
}

std::string Probe::made(int amount, bool capture) {
  const auto reply = post(
      "/payments",
      R"({"amount":)" + std::to_string(amount) + R"(,"currency":"EUR","capture":)" + (capture ? "true" : "false") + "}",
      fresh_key());
  EXPECT_EQ(reply.status, 201);
  return reply.text("id");
}

std::int64_t Probe::rows(const std::string& table) {
  return database.number("SELECT COUNT(*) FROM " + table);
}

}  // namespace sallyport::payments_service
