#pragma once

#include <cstdint>
#include <string_view>

#include "sallyport/net/http/message.hpp"

namespace sallyport::tokens {

/// What a request shows for itself in Authorization (RFC 6750 section 2.1).
struct Credentials {
  enum class Kind : std::uint8_t {
    None,
    Bearer,
    OtherScheme,
    Several,  ///< refused instead of choosing one: a service behind us might choose another
  };
  Kind kind = Kind::None;
  std::string_view token;  ///< of a bearer; any bytes. A view into the fields
};

Credentials credentials_of(const net::http::FieldList& fields) noexcept;

}  // namespace sallyport::tokens
