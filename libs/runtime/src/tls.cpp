#include "sallyport/runtime/tls.hpp"

#include <stdexcept>

#include <openssl/ssl.h>

namespace sallyport::runtime {
namespace {

void check(const ErrorCodeSys& ec, const std::string& what) {
  if (ec) throw std::runtime_error("TLS: cannot use " + what + ": " + ec.message());
}

}  // namespace

asio::ssl::context make_client_tls(const ClientTlsOptions& options) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  ErrorCodeSys ec;
  context.set_verify_mode(asio::ssl::verify_peer, ec);
  check(ec, "certificate verification");
  if (options.ca_file.empty()) {
    context.set_default_verify_paths(ec);
    check(ec, "the system's certificate store");
  } else {
    context.load_verify_file(options.ca_file, ec);
    check(ec, "CA file " + options.ca_file);
  }
  if (!options.certificate_file.empty()) {
    context.use_certificate_chain_file(options.certificate_file, ec);
    check(ec, "certificate file " + options.certificate_file);
    context.use_private_key_file(options.private_key_file, asio::ssl::context::pem, ec);
    check(ec, "private key file " + options.private_key_file);
  }
  return context;
}

}  // namespace sallyport::runtime
