#pragma once

#include <optional>
#include <string>

#include "sallyport/crypto/signing_key.hpp"

namespace sallyport::crypto {

/// JOSE's form of an ECDSA signature, r ‖ s of 32 bytes each (RFC 7518 section 3.4), as the DER that OpenSSL speaks,
/// and back. nullopt when it has another length, or r or s does not fit.
std::optional<std::string> der_from_jose(ByteView signature);
std::optional<Signature> jose_from_der(ByteView der);

}  // namespace sallyport::crypto
