#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "sallyport/core/error.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::net {

/// A body that arrives piece by piece. Pull only: nothing is read until it is asked for, so memory stays bounded.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// The next bytes, valid until the next call; empty at the end. After an error the message cannot be completed.
  /// Cancellation leaves the source unusable.
  virtual runtime::Task<Result<std::span<const char>>> next() = 0;
};

/// Security fields that an answer may bring itself; the gateway adds those that are missing.
enum OwnField : std::uint8_t {
  kOwnContentSecurityPolicy = 1U << 0U,
  kOwnFrameOptions = 1U << 1U,
  kOwnReferrerPolicy = 1U << 2U,
  kOwnResourcePolicy = 1U << 3U,
  kOwnPermissionsPolicy = 1U << 4U,
  kOwnDate = 1U << 5U,
};

/// An answer on its way to the client. Framing and connection fields are the server's business.
struct Response {
  int status = 200;
  std::string fields;           ///< complete lines, "Name: value\r\n"
  std::uint8_t own_fields = 0;  ///< OwnField bits: which of them stand in `fields`
  /// none | bytes | a stream
  std::variant<std::monostate, std::string, std::unique_ptr<BodySource>> body;
  std::optional<std::uint64_t> length;  ///< of a stream, or of the body that HEAD would have had
  std::string_view code;                ///< problem code, for the log; static storage
  bool close = false;                   ///< close the connection after this answer

  void add(std::string_view name, std::string_view value) {
    fields.append(name).append(": ", 2).append(value).append("\r\n", 2);
  }
};

}  // namespace sallyport::net
