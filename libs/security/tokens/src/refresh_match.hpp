#pragma once

#include "sallyport/crypto/bytes.hpp"

namespace sallyport::tokens {

/// Compares hash and MAC with `equal`, always both, so that the time tells nothing about which one differs. The
/// comparison is a parameter for the tests, which count its calls.
template <class Equal>
bool both_equal(crypto::ByteView stored_hash, crypto::ByteView presented_hash, crypto::ByteView expected_mac,
                crypto::ByteView presented_mac, Equal&& equal) {
  const bool same_hash = equal(stored_hash, presented_hash);
  const bool same_mac = equal(expected_mac, presented_mac);
  return static_cast<bool>(static_cast<unsigned>(same_hash) & static_cast<unsigned>(same_mac));
}

}  // namespace sallyport::tokens
