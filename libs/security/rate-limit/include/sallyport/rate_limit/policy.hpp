#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "sallyport/core/ip_address.hpp"

namespace sallyport::rate_limit {

enum class Algorithm : std::uint8_t { Fixed, Sliding, Gcra };
enum class OnStoreError : std::uint8_t { Local, Allow, Deny };
enum class Count : std::uint8_t { All, Failures };
enum class KeyKind : std::uint8_t { Address, Header, User, Route };
enum class Group : std::uint8_t { Shared, Route };

/// One rule of how often. Immutable once loaded; its address identifies it.
struct Policy {
  std::string name;                     ///< [a-z0-9_-]{1,32}: it stands in header fields, metrics and store keys
  std::int64_t limit = 0;               ///< charges a window allows; ≥ 1
  std::chrono::milliseconds window{0};  ///< ≥ 1 s; limit × window < 2^53
  Algorithm algorithm = Algorithm::Fixed;
  std::int64_t burst = 0;    ///< Gcra only; ≥ 1; how many at once (default: limit)
  std::int64_t cost = 1;     ///< charge of one request; ≤ limit (and ≤ burst)
  Count count = Count::All;  ///< Failures: Fixed only
  KeyKind key = KeyKind::Address;
  std::string header;           ///< lower case, for KeyKind::Header
  Group group = Group::Shared;  ///< Route: one bucket for each route
  OnStoreError on_store_error = OnStoreError::Local;
  bool shadow = false;            ///< never denies, only counts what it would have denied
  std::int64_t shadow_limit = 0;  ///< a candidate limit that is watched beside the real one; 0: none
  std::vector<Cidr> allow_list;   ///< client addresses that this policy never counts
};

}  // namespace sallyport::rate_limit
