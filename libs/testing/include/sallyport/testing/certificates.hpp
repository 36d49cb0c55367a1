#pragma once

#include <cstdint>
#include <string>

#include "sallyport/testing/temporary_folder.hpp"

namespace sallyport::testing {

/// A fresh CA and one certificate signed by it, for servers and clients, made with the openssl program (P-256, valid
/// for two days).
class Certificates final {
 public:
  enum class Validity : std::uint8_t { Now, Expired };
  /// names: the certificate's subjectAltName, for example "DNS:localhost,IP:127.0.0.1".
  explicit Certificates(const std::string& names = "DNS:localhost,IP:127.0.0.1,IP:::1",
                        Validity validity = Validity::Now);

  std::string ca_file() const { return folder_.file("ca.pem"); }
  std::string certificate_file() const { return folder_.file("certificate.pem"); }
  std::string private_key_file() const { return folder_.file("key.pem"); }

 private:
  TemporaryFolder folder_;
};

}  // namespace sallyport::testing
