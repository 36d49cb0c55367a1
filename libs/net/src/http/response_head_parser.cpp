#include "sallyport/net/http/response_head_parser.hpp"

#include "http/chars.hpp"
#include "http/field_section.hpp"
#include "http/framing_fields.hpp"
#include "sallyport/core/ascii.hpp"

namespace sallyport::net::http {
namespace {

void clear(ResponseHead& head) noexcept {
  head.status = 0;
  head.version = Version::Http11;
  head.reason = std::string_view();
  head.fields.clear();
  head.framing = Framing::None;
  head.content_length = 0;
  head.keep_alive = true;
  head.head_bytes = 0;
}

bool is_digit(char c) noexcept {
  return detail::is(c, detail::kDigit);
}

/// RFC 9112 4: HTTP-version SP 3DIGIT, then nothing or SP and a reason that may be empty.
RejectReason split_status_line(std::string_view line, ResponseHead& head) noexcept {
  constexpr std::size_t kUpToStatus = 12;  // "HTTP/1.1 200"
  if (line.size() < kUpToStatus || line.substr(0, 5) != "HTTP/" || line[8] != ' ')
    return RejectReason::StatusLineSyntax;
  const std::string_view version = line.substr(5, 3);
  if (version != "1.1" && version != "1.0") return RejectReason::VersionUnsupported;
  head.version = version == "1.1" ? Version::Http11 : Version::Http10;
  if (!is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11])) return RejectReason::StatusLineSyntax;
  head.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (head.status < 100 || head.status > 599) return RejectReason::StatusLineSyntax;
  if (line.size() == kUpToStatus) return RejectReason::None;
  if (line[kUpToStatus] != ' ') return RejectReason::StatusLineSyntax;
  head.reason = line.substr(kUpToStatus + 1);
  return detail::is_field_value(head.reason) ? RejectReason::None : RejectReason::StatusLineSyntax;
}

/// RFC 9112 6.3, first rule.
bool never_has_body(Method method, int status) noexcept {
  return method == Method::Head || status < 200 || status == 204 || status == 304;
}

}  // namespace

void ResponseHeadParser::reset(Method method) noexcept {
  *this = ResponseHeadParser();
  method_ = method;
}

ParseStatus ResponseHeadParser::parse(std::string_view bytes, ResponseHead& head) noexcept {
  for (bool going = true; going;) {
    switch (stage_) {
      case Stage::StatusLine:
        going = read_status_line(bytes, head);
        break;
      case Stage::Fields:
        going = read_fields(bytes, head);
        break;
      case Stage::Complete:
        return ParseStatus::Complete;
      case Stage::Rejected:
        return ParseStatus::Rejected;
    }
  }
  return ParseStatus::NeedMore;
}

bool ResponseHeadParser::read_status_line(std::string_view bytes, ResponseHead& head) {
  std::size_t end = 0;
  switch (detail::find_line(bytes, kFieldLineBytesMax + 2, looked_, end, scanned_)) {
    case detail::LineStatus::NeedMore:
      return false;
    case detail::LineStatus::TooLong:
      return reject(RejectReason::StatusLineSyntax);
    case detail::LineStatus::Line:
      break;
  }
  if (end == 0 || bytes[end - 1] != '\r') return reject(RejectReason::BareLineFeed);
  clear(head);
  const RejectReason reason = split_status_line(bytes.substr(0, end - 1), head);
  if (reason != RejectReason::None) return reject(reason);
  section_ = begin_ = looked_;
  stage_ = Stage::Fields;
  return true;
}

bool ResponseHeadParser::read_fields(std::string_view bytes, ResponseHead& head) {
  detail::SectionCursor cursor{section_, begin_, looked_, scanned_};
  while (true) {
    Field field;
    RejectReason reason = RejectReason::None;
    switch (detail::next_field(bytes, cursor, detail::Underscore::Allow, field, reason)) {
      case detail::SectionStatus::NeedMore:
        return false;
      case detail::SectionStatus::Rejected:
        return reject(reason);
      case detail::SectionStatus::End:
        return finish(head);
      case detail::SectionStatus::Field:
        break;
    }
    if (!head.fields.push(field)) return reject(RejectReason::FieldsTooMany);
    reason = accept_field(field, head);
    if (reason != RejectReason::None) return reject(reason);
  }
}

RejectReason ResponseHeadParser::accept_field(const Field& field, ResponseHead& head) {
  if (field.name.size() == 10 && iequals(field.name, "connection")) {
    detail::ConnectionOptions options{close_seen_, false, connection_options_};
    const RejectReason reason = detail::add_connection_options(field.value, detail::EndToEnd::Allow, options);
    close_seen_ = options.close;
    connection_options_ = options.count;
    return reason;
  }
  if (field.name.size() == 14 && iequals(field.name, "content-length")) {
    if (length_seen_) return RejectReason::ContentLengthRepeated;
    length_seen_ = true;
    if (head.framing == Framing::Chunked) return RejectReason::LengthAndTransferEncoding;
    head.framing = Framing::Length;
    return detail::parse_content_length(field.value, head.content_length);
  }
  if (field.name.size() == 17 && iequals(field.name, "transfer-encoding")) {
    if (head.framing == Framing::Chunked) return RejectReason::TransferEncodingRepeated;
    if (head.version == Version::Http10) return RejectReason::TransferEncodingInHttp10;
    if (length_seen_) return RejectReason::LengthAndTransferEncoding;
    head.framing = Framing::Chunked;
    return detail::check_transfer_encoding(field.value);
  }
  return RejectReason::None;
}

bool ResponseHeadParser::finish(ResponseHead& head) {
  head.keep_alive = head.version == Version::Http11 && !close_seen_;
  if (never_has_body(method_, head.status)) {
    head.framing = Framing::None;
  } else if (head.framing == Framing::None) {
    head.framing = Framing::UntilClose;
    head.keep_alive = false;
  }
  head.head_bytes = begin_;
  stage_ = Stage::Complete;
  return true;
}

bool ResponseHeadParser::reject(RejectReason reason) {
  rejection_ = Rejection{ErrorCode::BadGateway, reason};
  stage_ = Stage::Rejected;
  return true;
}

}  // namespace sallyport::net::http
