#pragma once

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace sallyport::net {

/// How connections to one server speak TLS (RFC 9110 section 4.3.4): version 1.2 or 1.3, HTTP/1.1 by ALPN (RFC 7301),
/// its certificate proved by a trusted CA and made out to its name (RFC 9525: a subjectAltName, never the subject).
/// Nothing switches the verification off. Immutable and thread-safe.
class ClientTls final {
 public:
  /// server_name: the name or the address, IPv6 without brackets, that the certificate must be for; a name is also
  /// sent to the server (SNI, RFC 6066 section 3). ca_file: PEM bundle of the CAs to trust; empty: the system's own.
  /// Throws std::runtime_error that says which file or name could not be used.
  ClientTls(std::string server_name, const std::string& ca_file);
  ~ClientTls();
  ClientTls(const ClientTls&) = delete;
  ClientTls& operator=(const ClientTls&) = delete;

  const std::string& server_name() const noexcept { return server_name_; }
  ssl_ctx_st* context() const noexcept { return context_.get(); }
  bool by_address() const noexcept { return by_address_; }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  std::string server_name_;
  bool by_address_;
  std::unique_ptr<ssl_ctx_st, Free> context_;
};

}  // namespace sallyport::net
