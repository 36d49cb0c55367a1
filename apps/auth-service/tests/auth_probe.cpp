#include "auth_probe.hpp"

#include <stdexcept>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>

#include "sallyport/secrets/environment.hpp"
#include "sallyport/secrets/fresh_secrets.hpp"
#include "sallyport/storage/sql/embedded_migrations.hpp"
#include "sallyport/storage/sql/migrator.hpp"

namespace sallyport::auth_service {

std::string Reply::text(const char* member) const {
  if (!body.is_object()) return {};
  const auto* value = body.get_object().if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string Reply::complaint() const {
  std::string out = text("code");
  const auto* errors = body.is_object() ? body.get_object().if_contains("errors") : nullptr;
  if (errors == nullptr) return out;
  for (const auto& error : errors->as_array()) {
    const auto& members = error.as_object();
    std::string told = " " + std::string(members.at("pointer").as_string());
    told.append(":").append(members.at("code").as_string());
    if (!out.ends_with(told)) out += told;
  }
  return out;
}

void AuthProbe::migrate() {
  storage::Migrator migrator(*direct_, storage::embedded_migrations(database_.dialect), clock_);
  ASSERT_TRUE(migrator.migrate().has_value());
}

AuthServiceOptions AuthProbe::options() const {
  const auto text = secrets::fresh_environment_text(clock_);
  auto loaded =
      secrets::load_auth_secrets(*secrets::EnvironmentText::parse(text.expose()), secrets::StoreAddresses::Optional);
  AuthServiceOptions options{.secrets = *std::move(loaded.secrets), .database = database_, .config = {}};
  service::CommonSettings& common = options.config.common;
  common.issuer = "https://life.test";
  common.audience = "life";
  common.listen = {{*IpAddress::parse("127.0.0.1"), 0}};
  common.trusted_gateways = service::loopback_blocks();
  common.shutdown_timeout = std::chrono::milliseconds(300);
  common.access_log = false;
  options.hashing.parameters = {.memory_kib = 64, .passes = 1, .lanes = 1};
  options.denylist = denylist_;
  return options;
}

asio::ip::tcp::socket AuthProbe::connect(asio::io_context& io, const AuthService& service) {
  const std::string& url = service.urls().at(0);
  asio::ip::tcp::socket socket(io);
  socket.connect(
      {asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)))});
  return socket;
}

std::string AuthProbe::ask_raw(const AuthService& service, const std::string& line, const std::string& fields,
                               const std::string& body) {
  asio::io_context io;
  auto socket = connect(io, service);
  asio::write(socket, asio::buffer(line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields +
                                   "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
  std::string answer;
  ErrorCodeSys end;
  asio::read(socket, asio::dynamic_buffer(answer), end);
  return answer;
}

Reply AuthProbe::ask(const AuthService& service, const std::string& line, const std::string& fields,
                     const std::string& body) {
  const std::string answer = ask_raw(service, line, fields, body);
  const auto blank = answer.find("\r\n\r\n");
  if (blank == std::string::npos) throw std::runtime_error("no answer to " + line);
  Reply reply{std::stoi(answer.substr(9, 3)), answer.substr(0, blank + 2), nullptr};
  boost::json::error_code ec;
  reply.body = boost::json::parse(answer.substr(blank + 4), ec);
  return reply;
}

Reply AuthProbe::post(const AuthService& service, const std::string& path, const std::string& body) {
  return ask(service, "POST " + path, "Content-Type: application/json\r\n", body);
}

std::int64_t AuthProbe::rows(const std::string& table) const {
  return direct_->query_one("SELECT COUNT(*) FROM " + table).value().value().integer(0);
}

}  // namespace sallyport::auth_service
