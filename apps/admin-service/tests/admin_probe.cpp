#include "admin_probe.hpp"

#include <stdexcept>

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "sallyport/crypto/random.hpp"
#include "sallyport/crypto/signing_key.hpp"
#include "sallyport/tokens/jwks.hpp"

namespace sallyport::admin_service {
namespace {

const asio::ip::address kLoopback = asio::ip::make_address("127.0.0.1");
constexpr std::chrono::seconds kPatience{20};

}  // namespace

KeyServer::KeyServer(const crypto::TokenKeyRing& ring) : acceptor_(io_, {kLoopback, 0}) {
  const std::string keys = tokens::render_jwks(ring);
  answer_ = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
            std::to_string(keys.size()) + "\r\n\r\n" + keys;
  thread_ = std::thread([this] { serve(); });
}

KeyServer::~KeyServer() {
  ::shutdown(acceptor_.native_handle(), SHUT_RDWR);  // wakes the thread, which closing alone does not
  thread_.join();
}

std::string KeyServer::url() const {
  return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/keys";
}

void KeyServer::serve() {
  while (true) {
    asio::ip::tcp::socket client(io_);
    ErrorCodeSys ec;
    acceptor_.accept(client, ec);
    if (ec) return;
    std::string request;
    asio::read_until(client, asio::dynamic_buffer(request), "\r\n\r\n", ec);
    if (!ec) asio::write(client, asio::buffer(answer_), ec);
  }
}

Probe::Probe(testing::SqlEngine engine)
    : ring_({{"k1", crypto::SigningKey::generate(crypto::SignatureAlgorithm::EdDSA)}}),
      keys_(ring_),
      database_(engine) {
  add(root, "root@example.test", "admin");
  add(user, "user@example.test", "user");
  database_.run(
      "INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at) VALUES "
      "('01a20d11-52c4-7b1e-8a3f-6c2d9e0b5001', '" +
      user + "', 1, 1, 9000000000000000)");
  service_.emplace(options(), logger_);
  if (auto started = service_->start(); !started) throw std::runtime_error(started.error().detail);
  const auto end = clock_.now() + kPatience;
  while (ask("GET /admin/users", admin()).status != 200) {
    if (clock_.now() > end) throw std::runtime_error("the keys did not come");
    std::this_thread::yield();
  }
}

AdminServiceOptions Probe::options() {
  AdminServiceOptions options{.secrets = {.redis_url = {},
                                          .database_url = {},
                                          .cursor_keys = crypto::HmacKeyRing({{"c1", crypto::random_secret(32)}})},
                              .database = database_.url(0, "sallyport_admin"),
                              .config = {}};
  options.config.common.issuer = "https://i.test";
  options.config.common.audience = "aud";
  options.config.common.jwks_url = keys_.url();
  options.config.common.listen = {{*IpAddress::parse("127.0.0.1"), 0}};
  options.config.common.threads = 2;
  options.config.common.access_log = false;
  options.config.common.shutdown_timeout = std::chrono::milliseconds(300);
  return options;
}

void Probe::add(const std::string& id, const std::string& email, const std::string& role) {
  database_.run("INSERT INTO users (id, email, password_hash, role, status, created_at, updated_at) VALUES ('" + id +
                "', '" + email + "', 'x', '" + role + "', 'active', 1, 1)");
}

std::string Probe::bearer(const std::string& who, const std::string& role) const {
  return testing::bearer_field(ring_, clock_, {who, role});
}

Reply Probe::ask(const std::string& line, const std::string& fields, const std::string& body) const {
  return testing::ask(service_.value().urls().at(0), line, fields, body);
}

std::string Probe::stored() {
  std::string out;
  for (const std::string& id : {root, user}) {
    out += database_.text(
               "SELECT role || ' ' || status || ' ' || credential_version || ' ' || updated_at FROM users "
               "WHERE id = '" +
               id + "'") +
           ", ";
  }
  return out + std::to_string(database_.number("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL")) + " open, " +
         std::to_string(database_.number("SELECT COUNT(*) FROM audit_events")) + " events";
}

}  // namespace sallyport::admin_service
