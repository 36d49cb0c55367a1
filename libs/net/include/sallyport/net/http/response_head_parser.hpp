#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sallyport/net/http/message.hpp"
#include "sallyport/net/http/rejection.hpp"

namespace sallyport::net::http {

/// An incremental, strict parser of an upstream's answer (RFC 9112 4, 5, 6.3) that yields views and never allocates.
/// Every rejection has the code BadGateway, and the connection that it came from is not to be used again. An answer
/// that nobody asked for, such as 101 without an upgrade, is the client's to refuse. The same rules of slicing and
/// lifetime as RequestHeadParser.
class ResponseHeadParser {
 public:
  /// Forgets the message. `method` is the request's: it decides whether the answer has a body.
  void reset(Method method) noexcept;

  /// As RequestHeadParser::parse. One call ends at one head, an interim one (1xx) too: reset() and go on behind it.
  ParseStatus parse(std::string_view bytes, ResponseHead& head) noexcept;

  /// Valid after Rejected.
  const Rejection& rejection() const noexcept { return rejection_; }

  /// Bytes looked at to find the ends of lines since reset(); shows that work is linear.
  std::uint64_t scanned() const noexcept { return scanned_; }

 private:
  enum class Stage : std::uint8_t { StatusLine, Fields, Complete, Rejected };

  bool read_status_line(std::string_view bytes, ResponseHead& head);
  bool read_fields(std::string_view bytes, ResponseHead& head);
  RejectReason accept_field(const Field& field, ResponseHead& head);
  bool finish(ResponseHead& head);
  bool reject(RejectReason reason);

  Stage stage_ = Stage::StatusLine;
  Method method_ = Method::Get;
  bool length_seen_ = false;
  bool close_seen_ = false;
  std::size_t connection_options_ = 0;
  std::size_t begin_ = 0;
  std::size_t looked_ = 0;
  std::size_t section_ = 0;
  std::uint64_t scanned_ = 0;
  Rejection rejection_;
};

}  // namespace sallyport::net::http
