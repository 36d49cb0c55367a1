#include "tls_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <new>
#include <system_error>

#include <sys/socket.h>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace sallyport::net {
namespace {

int bounded(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace

// The socket as OpenSSL sees it. Its own socket BIO would raise SIGPIPE.

const BIO_METHOD* TlsStream::wire_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_read(made, &TlsStream::wire_read);
    BIO_meth_set_write(made, &TlsStream::wire_write);
    BIO_meth_set_ctrl(made, &TlsStream::wire_control);
    return made;
  }();
  return method;
}

int TlsStream::wire_read(BIO* bio, char* into, int size) {
  Wire& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (wire.budget == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const auto wanted = std::min(static_cast<std::size_t>(std::max(size, 0)), wire.budget);
  ssize_t n = 0;
  do n = ::recv(wire.socket, into, wanted, 0);
  while (n < 0 && errno == EINTR);
  if (n > 0) {
    wire.budget -= static_cast<std::size_t>(n);
  } else if (n == 0) {
    wire.end = true;
  } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
    BIO_set_retry_read(bio);
  } else {
    wire.error = errno;
  }
  return static_cast<int>(n);
}

int TlsStream::wire_write(BIO* bio, const char* from, int size) {
  Wire& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  ssize_t n = 0;
  do n = ::send(wire.socket, from, static_cast<std::size_t>(std::max(size, 0)), MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    BIO_set_retry_write(bio);
  } else if (n < 0) {
    wire.error = errno;
  }
  return static_cast<int>(n);
}

long TlsStream::wire_control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return static_cast<const Wire*>(BIO_get_data(bio))->end ? 1 : 0;
    default:
      return 0;
  }
}

TlsStream::TlsStream(const ClientTls& tls, int socket) : wire_{.socket = socket}, ssl_(SSL_new(tls.context())) {
  BIO* const bio = ssl_ ? BIO_new(wire_method()) : nullptr;
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, &wire_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_connect_state(ssl_.get());
  X509_VERIFY_PARAM* const rules = SSL_get0_param(ssl_.get());
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const std::string& name = tls.server_name();
  const bool set = tls.by_address() ? X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str()) == 1
                                    : X509_VERIFY_PARAM_set1_host(rules, name.c_str(), name.size()) == 1 &&
                                          SSL_set_tlsext_host_name(ssl_.get(), name.c_str()) == 1;
  if (!set) why_ = "TLS: the server's name cannot be verified";
}

TlsStream::~TlsStream() {
  if (!why_.empty() || SSL_is_init_finished(ssl_.get()) == 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

TlsStream::Step TlsStream::shake_hands() {
  if (!why_.empty()) return Step::Failed;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return Step::Done;
  const Step step = step_of(result, "TLS handshake failed");
  if (step == Step::Closed) why_ = "TLS handshake failed: the server closed the connection";
  if (const long verified = SSL_get_verify_result(ssl_.get()); step == Step::Failed && verified != X509_V_OK) {
    why_ = fmt::format("TLS: the server's certificate does not verify: {}", X509_verify_cert_error_string(verified));
  }
  return step == Step::Closed ? Step::Failed : step;
}

TlsStream::Step TlsStream::read(std::span<char> into, std::size_t& bytes) {
  bytes = 0;
  ERR_clear_error();
  const int result = SSL_read(ssl_.get(), into.data(), bounded(into.size()));
  if (result <= 0) return step_of(result, "TLS");
  bytes = static_cast<std::size_t>(result);
  return Step::Done;
}

TlsStream::Step TlsStream::write(std::string_view from, std::size_t& bytes) {
  bytes = 0;
  if (from.empty()) return Step::Done;
  ERR_clear_error();
  const int result = SSL_write(ssl_.get(), from.data(), bounded(from.size()));
  if (result <= 0) return step_of(result, "TLS");
  bytes = static_cast<std::size_t>(result);
  return Step::Done;
}

bool TlsStream::quiet() {
  waited();
  char byte = 0;
  ERR_clear_error();
  // What has arrived may be for TLS itself, such as a session ticket: only OpenSSL can tell.
  const int result = SSL_peek(ssl_.get(), &byte, 1);
  return result <= 0 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
}

TlsStream::Step TlsStream::step_of(int result, std::string_view failed) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Step::WantRead;
    case SSL_ERROR_WANT_WRITE:
      return Step::WantWrite;
    case SSL_ERROR_ZERO_RETURN:
      return Step::Closed;
    default:
      break;
  }
  if (wire_.error != 0) {
    why_ = fmt::format("{}: {}", failed, std::generic_category().message(wire_.error));
  } else if (wire_.end) {
    why_ = fmt::format("{}: the server closed the connection without saying so", failed);
  } else {
    const char* const reason = ERR_reason_error_string(ERR_peek_error());
    why_ = fmt::format("{}: {}", failed, reason != nullptr ? reason : "protocol error");
  }
  return Step::Failed;
}

}  // namespace sallyport::net
