// How a connection comes up: resolve, connect, TLS, log in.
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <memory>
#include <span>
#include <vector>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include "redis_connection.hpp"
#include "sallyport/core/ip_address.hpp"
#include "sallyport/storage/resp.hpp"

namespace sallyport::storage {
namespace {

using Resolver = asio::ip::basic_resolver<asio::ip::tcp, runtime::Executor>;

/// The reply's first word, "WRONGPASS". The rest of an error text can repeat the command's arguments, so after AUTH it
/// is not for the log.
std::string_view code_of(std::string_view message) {
  return message.substr(0, message.find(' '));
}

constexpr std::string_view kNoPasswordSet = "ERR AUTH <password> called without any password configured";
constexpr std::string_view kNotRedis = "what answers is not Redis";
constexpr std::string_view kNotPlainRedis = "what answers is not Redis without TLS; does it want rediss://?";

std::string why_no_answer(const ErrorCodeSys& error, bool tls) {
  const bool hung_up = error == asio::error::eof || error == asio::error::connection_reset;
  if (hung_up && !tls) return "the server closed the connection at the login; does it want TLS (rediss://)?";
  return "cannot log in: " + error.message();
}

/// A server that is starting, full or fenced off answers so for a while; the same settings can work later.
bool is_passing(std::string_view message) {
  return message.starts_with("LOADING") || message.starts_with("BUSY") || message.starts_with("MASTERDOWN") ||
         message.starts_with("ERR max number of clients");
}

bool is_refused_login(std::string_view message) {
  return message.starts_with("WRONGPASS") || message.starts_with("NOAUTH") || message.starts_with("NOPERM");
}

}  // namespace

/// A name lookup that nobody has to wait for: the system's resolver cannot be stopped, and must not hold up a deadline.
class Connection::Resolution final : public std::enable_shared_from_this<Resolution> {
 public:
  explicit Resolution(runtime::Executor executor) : resolver_(executor), finished_(executor, SteadyTime::max()) {}

  void start(const std::string& host, std::uint16_t port) {
    resolver_.async_resolve(host, std::to_string(port), Resolver::numeric_service,
                            [self = shared_from_this()](const ErrorCodeSys& error, Resolver::results_type results) {
                              if (self->done_) return;
                              self->done_ = true;
                              self->error_ = error;
                              for (const auto& entry : results) self->endpoints_.push_back(entry.endpoint());
                              self->finished_.cancel();
                            });
  }
  void abandon() {
    done_ = true;
    error_ = asio::error::operation_aborted;
    finished_.cancel();
    resolver_.cancel();
  }
  static runtime::Task<ErrorCodeSys> wait(std::shared_ptr<Resolution> self) {
    while (!self->done_) {
      ErrorCodeSys ignored;
      co_await self->finished_.async_wait(runtime::into(ignored));
    }
    co_return self->error_;
  }
  const std::vector<asio::ip::tcp::endpoint>& endpoints() const noexcept { return endpoints_; }

 private:
  Resolver resolver_;
  runtime::Timer finished_;
  std::vector<asio::ip::tcp::endpoint> endpoints_;
  ErrorCodeSys error_;
  bool done_ = false;
};

void Connection::abandon_resolution() {
  if (resolution_) resolution_->abandon();
}

ConnectFailure Connection::failure(RedisErrorKind kind, std::string_view what, bool fatal) const {
  const std::string_view why = closed_ ? std::string_view(close_reason_) : what;
  return {RedisError{closed_ ? RedisErrorKind::NotSent : kind, std::string(why)}, fatal && !closed_};
}

std::string_view Connection::what_is_missing() {
  if (!connected_) return "no connection in time";
  // A server without TLS waits for the rest of what it takes for a command.
  if (tls_ && SSL_is_init_finished(tls_->native_handle()) == 0) return "no TLS handshake in time; is the port for TLS?";
  return "no answer to the login in time";
}

runtime::Task<std::optional<ConnectFailure>> Connection::open(asio::ssl::context* tls, Deadline deadline) {
  const auto self = shared_from_this();
  timer_.expires_after(deadline.remaining(clock_.now()));
  timer_.async_wait([self](const ErrorCodeSys& error) {
    if (!error && !self->established_) self->close(RedisErrorKind::NotSent, self->what_is_missing());
  });
  auto failed = co_await connect_transport(tls);
  if (!failed) failed = co_await log_in();
  if (!failed && closed_) failed = failure(RedisErrorKind::NotSent, close_reason_);
  if (failed) {
    close(RedisErrorKind::NotSent, failed->error.message);
    co_return failed;
  }
  start_exchange();
  co_return std::nullopt;
}

runtime::Task<std::optional<ConnectFailure>> Connection::connect_transport(asio::ssl::context* tls) {
  const bool local = options_.url.transport == RedisUrl::Transport::Unix;
  const ErrorCodeSys error = local ? co_await connect_unix() : co_await connect_tcp();
  if (error || closed_) co_return failure(RedisErrorKind::NotSent, "cannot connect: " + error.message());
  connected_ = true;
  ErrorCodeSys ignored;
  if (!local) {
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  }
  socket_.non_blocking(true, ignored);
  if (tls == nullptr) co_return std::nullopt;
  co_return co_await shake_tls(*tls);
}

runtime::Task<ErrorCodeSys> Connection::connect_unix() {
  ErrorCodeSys error;
  const asio::local::stream_protocol::endpoint endpoint(options_.url.host);
  co_await socket_.async_connect(endpoint, runtime::into(error));
  co_return error;
}

runtime::Task<ErrorCodeSys> Connection::connect_tcp() {
  ErrorCodeSys error;
  std::vector<asio::ip::tcp::endpoint> endpoints;
  if (const auto address = asio::ip::make_address(options_.url.host, error); !error) {
    endpoints.emplace_back(address, options_.url.port);
  } else {
    resolution_ = std::make_shared<Resolution>(executor_);
    resolution_->start(options_.url.host, options_.url.port);
    error = co_await Resolution::wait(resolution_);
    if (error || closed_) co_return error;
    endpoints = resolution_->endpoints();
  }
  error = asio::error::host_not_found;
  for (const auto& endpoint : endpoints) {
    ErrorCodeSys ignored;
    socket_.close(ignored);
    error.clear();
    co_await socket_.async_connect(endpoint, runtime::into(error));
    if (!error || closed_) break;
  }
  co_return error;
}

runtime::Task<std::optional<ConnectFailure>> Connection::shake_tls(asio::ssl::context& tls) {
  const std::string& host = options_.url.host;
  tls_.emplace(socket_, tls);
  SSL* ssl = tls_->native_handle();
  X509_VERIFY_PARAM* rules = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool by_address = IpAddress::parse(host).has_value();
  // Server Name Indication carries names only (RFC 6066 section 3).
  const bool set = by_address ? X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1
                              : X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size()) == 1 &&
                                    SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  if (!set) co_return failure(RedisErrorKind::NotSent, "TLS: the host cannot be verified", true);
  ErrorCodeSys error;
  co_await tls_->async_handshake(asio::ssl::stream_base::client, runtime::into(error));
  if (!error && !closed_) co_return std::nullopt;
  if (const long verified = SSL_get_verify_result(ssl); verified != X509_V_OK && !closed_) {
    const std::string why = X509_verify_cert_error_string(verified);
    co_return failure(RedisErrorKind::NotSent, "TLS: the server's certificate does not verify: " + why, true);
  }
  co_return failure(RedisErrorKind::NotSent, "TLS handshake failed; is the port for TLS? " + error.message());
}

runtime::Task<std::optional<ConnectFailure>> Connection::log_in() {
  const RedisUrl& url = options_.url;
  std::vector<std::string_view> commands;
  std::string bytes;
  if (!url.user.empty()) {
    append_resp_command(bytes, std::array<std::string_view, 3>{"AUTH", url.user, url.password.expose()});
    commands.emplace_back("AUTH");
  } else if (!url.password.empty()) {
    append_resp_command(bytes, std::array<std::string_view, 2>{"AUTH", url.password.expose()});
    commands.emplace_back("AUTH");
  }
  if (url.database != 0) {
    append_resp_command(bytes, std::array<std::string_view, 2>{"SELECT", std::to_string(url.database)});
    commands.emplace_back("SELECT");
  }
  // Always asked, so that a server that accepts and then says nothing is not taken for a good one.
  append_resp_command(bytes, std::array<std::string_view, 1>{"PING"});
  commands.emplace_back("PING");

  ErrorCodeSys error;
  if (tls_) {
    co_await asio::async_write(*tls_, asio::buffer(bytes), runtime::into(error));
  } else {
    co_await asio::async_write(socket_, asio::buffer(bytes), runtime::into(error));
  }
  wipe(bytes.data(), bytes.size());
  if (error || closed_) co_return failure(RedisErrorKind::NotSent, "cannot log in: " + error.message());
  for (const std::string_view command : commands) {
    if (auto failed = co_await read_handshake_reply(command)) co_return failed;
  }
  if (!reader_.drained()) co_return failure(RedisErrorKind::Protocol, "more replies than commands");
  co_return std::nullopt;
}

runtime::Task<std::optional<ConnectFailure>> Connection::read_handshake_reply(std::string_view command) {
  for (;;) {
    const auto step = reader_.next(nullptr);
    if (step == ReplyReader::Step::Broken)
      co_return failure(RedisErrorKind::Protocol, tls_ ? kNotRedis : kNotPlainRedis);
    if (step == ReplyReader::Step::Tree) break;
    const std::span<char> space = reader_.prepare();
    const auto buffer = asio::buffer(space.data(), space.size());
    ErrorCodeSys error;
    std::size_t bytes = 0;
    if (tls_) {
      bytes = co_await tls_->async_read_some(buffer, runtime::into(error));
    } else {
      bytes = co_await socket_.async_read_some(buffer, runtime::into(error));
    }
    if (error || closed_) co_return failure(RedisErrorKind::NotSent, why_no_answer(error, tls_.has_value()));
    reader_.commit(bytes);
  }
  const auto reply = reader_.take_tree();
  if (reply) co_return std::nullopt;
  const std::string& message = reply.error().message;
  std::string text(command == "AUTH" ? code_of(message) : std::string_view(message));
  const bool fatal = is_refused_login(message) || (command != "PING" && !is_passing(message));
  if (message.starts_with(kNoPasswordSet)) {
    text += " (the URL has a password, but this Redis has none set)";
  } else {
    text.append(" (refuses ").append(command).append(")");
  }
  co_return failure(RedisErrorKind::Reply, text, fatal);
}

}  // namespace sallyport::storage
