#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sallyport/net/http/message.hpp"
#include "sallyport/net/http/rejection.hpp"

namespace sallyport::net::http {

inline constexpr std::size_t kMethodBytesMax = 32;  ///< longer: 501

/// The guard at the edge: an incremental, strict parser of a request's head (RFC 9112 2, 3, 5, 6) that yields views and
/// never allocates. What it accepts has one reading only; a body where the method or the route allows none is left to
/// the server, which sees the framing. CONNECT and TRACE are refused with MethodNotAllowed, methods it does not know
/// with NotImplemented. Every verdict depends on a prefix of the bytes alone, never on how they were sliced. Not safe
/// for concurrent use; one a connection, reset() before each message.
class RequestHeadParser {
 public:
  /// Forgets the message; the next bytes may be anywhere.
  void reset() noexcept;

  /// Goes on with the message. `bytes` is all of it that has been received, and may hold what follows the head. Until
  /// reset() the bytes stay at the same address and `head` is the same object. `head` is valid after Complete; its
  /// views live as long as the bytes. After Complete or Rejected the answer stays. Work over all calls is linear in the
  /// bytes.
  ParseStatus parse(std::string_view bytes, RequestHead& head) noexcept;

  /// Valid after Rejected.
  const Rejection& rejection() const noexcept { return rejection_; }

  /// Bytes of an empty line before the request line: 0 or 2. When parse() has been given no more than these, no request
  /// has begun.
  std::size_t skipped() const noexcept { return skipped_; }

  /// Bytes looked at to find the ends of words and lines since reset(); shows that work is linear.
  std::uint64_t scanned() const noexcept { return scanned_; }

 private:
  enum class Stage : std::uint8_t { Start, Method, Target, Version, Fields, Complete, Rejected };

  bool skip_empty_line(std::string_view bytes);
  bool read_method(std::string_view bytes, RequestHead& head);
  bool read_target(std::string_view bytes, RequestHead& head);
  bool read_version(std::string_view bytes, RequestHead& head);
  bool read_fields(std::string_view bytes, RequestHead& head);
  bool accept_field(const Field& field, RequestHead& head);
  RejectReason accept_host(std::string_view value, RequestHead& head);
  RejectReason accept_expect(std::string_view value, RequestHead& head);
  RejectReason accept_connection(std::string_view value);
  RejectReason accept_content_length(std::string_view value, RequestHead& head);
  RejectReason accept_transfer_encoding(std::string_view value, RequestHead& head);
  bool finish(RequestHead& head);
  bool reject(RejectReason reason);

  Stage stage_ = Stage::Start;
  bool host_seen_ = false;
  bool length_seen_ = false;
  bool close_seen_ = false;
  bool keep_alive_seen_ = false;
  bool authority_in_target_ = false;
  std::uint16_t default_port_ = 80;
  std::size_t connection_options_ = 0;
  std::size_t skipped_ = 0;
  std::size_t begin_ = 0;    // of the word or line that is being read
  std::size_t looked_ = 0;   // bytes before this hold no end of it
  std::size_t section_ = 0;  // begin of the field lines
  std::uint64_t scanned_ = 0;
  Rejection rejection_;
};

}  // namespace sallyport::net::http
