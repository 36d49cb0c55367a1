#include "auth_probe.hpp"

#include "sallyport/secrets/environment.hpp"
#include "sallyport/secrets/fresh_secrets.hpp"
#include "sallyport/storage/sql/embedded_migrations.hpp"
#include "sallyport/storage/sql/migrator.hpp"

namespace sallyport::auth_service {

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
  return sallyport::testing::connect(io, service.urls().at(0));
}

std::string AuthProbe::ask_raw(const AuthService& service, const std::string& line, const std::string& fields,
                               const std::string& body) {
  return sallyport::testing::send_and_read(service.urls().at(0),
                                           line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields +
                                               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

Reply AuthProbe::ask(const AuthService& service, const std::string& line, const std::string& fields,
                     const std::string& body) {
  return sallyport::testing::read_reply(ask_raw(service, line, fields, body));
}

Reply AuthProbe::post(const AuthService& service, const std::string& path, const std::string& body) {
  return ask(service, "POST " + path, "Content-Type: application/json\r\n", body);
}

std::int64_t AuthProbe::rows(const std::string& table) const {
  return direct_->query_one("SELECT COUNT(*) FROM " + table).value().value().integer(0);
}

}  // namespace sallyport::auth_service
