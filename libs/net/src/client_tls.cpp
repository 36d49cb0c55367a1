#include "sallyport/net/client_tls.hpp"

#include <stdexcept>
#include <utility>

#include <openssl/ssl.h>

#include "sallyport/core/ip_address.hpp"
#include "sallyport/runtime/tls.hpp"

namespace sallyport::net {

void ClientTls::Free::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}

ClientTls::ClientTls(std::string server_name, const std::string& ca_file)
    : server_name_(std::move(server_name)), by_address_(IpAddress::parse(server_name_).has_value()) {
  // A NUL would make OpenSSL check a shorter name than the one that was asked for.
  if (server_name_.empty() || server_name_.find('\0') != std::string::npos) {
    throw std::runtime_error("TLS: cannot verify a server without a name");
  }
  asio::ssl::context context =
      runtime::make_client_tls({.ca_file = ca_file, .certificate_file = {}, .private_key_file = {}});
  SSL_CTX* const own = context.native_handle();
  SSL_CTX_up_ref(own);
  context_.reset(own);
  SSL_CTX_set_options(own, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Pieces of a request may be written one record at a time and again from another place; a resting connection keeps no
  // buffers; one read takes what the socket has.
  SSL_CTX_set_mode(own, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(own, 1);
  SSL_CTX_set_session_cache_mode(own, SSL_SESS_CACHE_OFF);
  constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  if (SSL_CTX_set_alpn_protos(own, kHttp11, sizeof kHttp11) != 0) throw std::runtime_error("TLS: cannot set ALPN");
}

ClientTls::~ClientTls() = default;

}  // namespace sallyport::net
