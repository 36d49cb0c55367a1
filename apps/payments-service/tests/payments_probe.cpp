#include "payments_probe.hpp"

#include <stdexcept>

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>

#include "sallyport/tokens/access_token_issuer.hpp"

namespace sallyport::payments_service {
namespace {

constexpr const char* kProcessorKey = "sandbox-key-4711-sandbox-key-4711";

}  // namespace

std::string Reply::text(const char* member) const {
  if (!body.is_object()) return {};
  const auto* value = body.get_object().if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t Reply::number(const char* member) const {
  return body.as_object().at(member).to_number<std::int64_t>();
}

std::string Reply::complaint() const {
  std::string out = text("code");
  const auto* errors = body.is_object() ? body.get_object().if_contains("errors") : nullptr;
  std::string last;
  for (std::size_t i = 0; errors != nullptr && i < errors->as_array().size(); ++i) {
    std::string pointer = " " + std::string(errors->as_array()[i].as_object().at("pointer").as_string());
    if (pointer != last) out += pointer;
    last = std::move(pointer);
  }
  return out;
}

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
  const tokens::AccessTokenIssuer issuer(ring, {"https://i.test", "aud", std::chrono::seconds(60)});
  return "Authorization: Bearer " +
         std::string(issuer.issue({who, "s-1", "t-1", role}, clock.wall_now()).token.expose()) + "\r\n";
}

Reply Probe::ask(const std::string& line, const std::string& fields, const std::string& body) const {
  const std::string& url = service.value().urls().at(0);
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  socket.connect(
      {asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)))});
  std::string request = line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields;
  if (!body.empty() || line.starts_with("POST")) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  asio::write(socket, asio::buffer(request + "\r\n" + body));
  std::string answer;
  ErrorCodeSys end;
  asio::read(socket, asio::dynamic_buffer(answer), end);
  const auto blank = answer.find("\r\n\r\n");
  if (blank == std::string::npos) throw std::runtime_error("no answer to " + line);
  Reply reply{std::stoi(answer.substr(9, 3)), answer.substr(0, blank + 2), nullptr};
  boost::json::error_code ec;
  reply.body = boost::json::parse(answer.substr(blank + 4), ec);
  return reply;
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
