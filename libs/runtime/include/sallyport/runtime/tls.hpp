#pragma once

#include <string>

#include <boost/asio/ssl/context.hpp>

#include "sallyport/runtime/task.hpp"

namespace sallyport::runtime {

struct ClientTlsOptions {
  std::string ca_file;           ///< PEM bundle; empty: the system's own
  std::string certificate_file;  ///< PEM, for mutual TLS; empty: none
  std::string private_key_file;  ///< PEM; needed with certificate_file
};

/// A client context: TLS 1.2 and 1.3 only, the peer's certificate is always verified. Throws std::runtime_error naming
/// the file that could not be used.
asio::ssl::context make_client_tls(const ClientTlsOptions& options);

}  // namespace sallyport::runtime
