#include "sallyport/testing/tls_server.hpp"

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/ssl.h>

namespace sallyport::testing {
namespace {

constexpr std::size_t kRequestBytesMax = 1U << 20U;

int choose_http_1_1(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  static constexpr unsigned char kWanted[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, size, kWanted, sizeof kWanted, offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void only(ssl_ctx_st* context, TlsServer::Protocol protocol) {
  if (protocol == TlsServer::Protocol::Any) return;
  const int version = protocol == TlsServer::Protocol::Tls12 ? TLS1_2_VERSION : TLS1_1_VERSION;
  if (protocol == TlsServer::Protocol::Tls11) SSL_CTX_set_security_level(context, 0);  // SHA-1 is below level 1
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
}

}  // namespace

void TlsServer::Free::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}

TlsServer::TlsServer(const Certificates& certificates, Options options)
    : options_(std::move(options)), context_(SSL_CTX_new(TLS_server_method())) {
  only(context_.get(), options_.protocol);
  SSL_CTX_set_alpn_select_cb(context_.get(), &choose_http_1_1, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context_.get(), certificates.certificate_file().c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context_.get(), certificates.private_key_file().c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error("TlsServer: cannot use the certificate");
  }
  listen();
  thread_ = std::thread([this] { serve(); });
}

TlsServer::~TlsServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);  // wakes the thread from accept()
  thread_.join();
  ::close(listener_);
  for (const int socket : ignored_) ::close(socket);
}

void TlsServer::listen() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || ::bind(listener_, plain, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, plain, &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "TlsServer");
  }
  port_ = ntohs(address.sin_port);
}

void TlsServer::serve() {
  sigset_t pipe;  // OpenSSL writes to the socket with write()
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (!stopping_) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    {
      const std::lock_guard lock(mutex_);
      ++seen_.connections;
    }
    if (options_.hands == Hands::Ignore) {
      ignored_.push_back(socket);
      continue;
    }
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    converse(socket);
    ::close(socket);
  }
}

void TlsServer::converse(int socket) {
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context_.get()), &SSL_free);
  SSL_set_fd(ssl.get(), socket);
  if (SSL_accept(ssl.get()) != 1) return;
  {
    const std::lock_guard lock(mutex_);
    ++seen_.handshakes;
    const char* const name = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name);
    seen_.server_name = name != nullptr ? name : "";
    const unsigned char* protocol = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl.get(), &protocol, &size);
    seen_.protocol.assign(reinterpret_cast<const char*>(protocol), size);
    seen_.version = SSL_get_version(ssl.get());
  }
  while (answer_one(ssl.get()) && options_.then == Then::Remain) {
  }
  if (options_.then == Then::Close) SSL_shutdown(ssl.get());
  if (options_.then == Then::Cut) ::shutdown(socket, SHUT_WR);
  char rest[1024];
  int n = 0;
  while ((n = SSL_read(ssl.get(), rest, sizeof rest)) > 0) {
  }
  if (SSL_get_error(ssl.get(), n) != SSL_ERROR_ZERO_RETURN) return;
  const std::lock_guard lock(mutex_);
  ++seen_.ends;
}

/// false: no whole request came.
bool TlsServer::answer_one(ssl_st* ssl) {
  std::string request;
  char bytes[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const int n = SSL_read(ssl, bytes, sizeof bytes);
    if (n <= 0 || request.size() > kRequestBytesMax) return false;
    request.append(bytes, static_cast<std::size_t>(n));
  }
  {
    const std::lock_guard lock(mutex_);
    ++seen_.requests;
    seen_.request = std::move(request);
  }
  const int size = static_cast<int>(options_.answer.size());
  return size == 0 || SSL_write(ssl, options_.answer.data(), size) == size;
}

TlsServer::Seen TlsServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

}  // namespace sallyport::testing
