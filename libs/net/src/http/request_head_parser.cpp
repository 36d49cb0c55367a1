#include "sallyport/net/http/request_head_parser.hpp"

#include <algorithm>
#include <optional>

#include "http/chars.hpp"
#include "http/field_section.hpp"
#include "http/framing_fields.hpp"
#include "http/request_target.hpp"
#include "sallyport/core/ascii.hpp"
#include "sallyport/net/http/authority.hpp"

namespace sallyport::net::http {
namespace {

constexpr std::size_t kVersionBytes = 8;  // "HTTP/1.1"

std::optional<Method> find_method(std::string_view text) noexcept {
  switch (text.size()) {
    case 3:
      if (text == "GET") return Method::Get;
      if (text == "PUT") return Method::Put;
      break;
    case 4:
      if (text == "POST") return Method::Post;
      if (text == "HEAD") return Method::Head;
      break;
    case 5:
      if (text == "PATCH") return Method::Patch;
      if (text == "TRACE") return Method::Trace;
      if (text == "QUERY") return Method::Query;
      break;
    case 6:
      if (text == "DELETE") return Method::Delete;
      break;
    case 7:
      if (text == "OPTIONS") return Method::Options;
      if (text == "CONNECT") return Method::Connect;
      break;
    default:
      break;
  }
  return std::nullopt;
}

/// RFC 9112 2.3. A minor version above 1 has no meaning that we know, so it is refused like a major one.
RejectReason read_version_text(std::string_view text, Version& version) noexcept {
  if (text == "HTTP/1.1") {
    version = Version::Http11;
    return RejectReason::None;
  }
  if (text == "HTTP/1.0") {
    version = Version::Http10;
    return RejectReason::None;
  }
  const bool well_formed = text.size() == kVersionBytes && text.substr(0, 5) == "HTTP/" &&
                           detail::is(text[5], detail::kDigit) && text[6] == '.' && detail::is(text[7], detail::kDigit);
  if (!well_formed || text[5] == '0') return RejectReason::VersionSyntax;
  return RejectReason::VersionUnsupported;
}

void clear(RequestHead& head) noexcept {
  head.method = Method::Get;
  head.version = Version::Http11;
  head.method_text = head.target = head.path = head.query = head.host = std::string_view();
  head.has_query = false;
  head.fields.clear();  // not the whole list: it is large, and most of it was never used
  head.framing = Framing::None;
  head.content_length = 0;
  head.keep_alive = true;
  head.expect_continue = false;
  head.head_bytes = 0;
}

enum class WordStatus : std::uint8_t { NeedMore, Word, LineFeed, TooLong };

/// Looks for the SP that ends a word of at most `longest` bytes. `looked` ends behind the word.
WordStatus find_word(std::string_view bytes, std::size_t begin, std::size_t longest, std::size_t& looked,
                     std::uint64_t& scanned) noexcept {
  const std::size_t stop = std::min(bytes.size(), begin + longest + 1);
  const std::size_t from = looked;
  while (looked < stop && bytes[looked] != ' ' && bytes[looked] != '\n') ++looked;
  scanned += looked - from;
  if (looked < stop) return bytes[looked] == ' ' ? WordStatus::Word : WordStatus::LineFeed;
  return looked == begin + longest + 1 ? WordStatus::TooLong : WordStatus::NeedMore;
}

/// The reason for a line end inside the request line's first two words.
RejectReason early_line_end(std::string_view bytes, std::size_t begin, std::size_t end) noexcept {
  return end == begin || bytes[end - 1] != '\r' ? RejectReason::BareLineFeed : RejectReason::VersionSyntax;
}

}  // namespace

void RequestHeadParser::reset() noexcept {
  *this = RequestHeadParser();
}

ParseStatus RequestHeadParser::parse(std::string_view bytes, RequestHead& head) noexcept {
  for (bool going = true; going;) {
    switch (stage_) {
      case Stage::Start:
        going = skip_empty_line(bytes);
        break;
      case Stage::Method:
        going = read_method(bytes, head);
        break;
      case Stage::Target:
        going = read_target(bytes, head);
        break;
      case Stage::Version:
        going = read_version(bytes, head);
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

// The stages return true when there is another stage to run now, and false when more bytes are needed.

bool RequestHeadParser::skip_empty_line(std::string_view bytes) {
  if (bytes.empty()) return false;
  if (bytes[0] == '\r') {
    if (bytes.size() < 2) return false;
    if (bytes[1] != '\n') return reject(RejectReason::BareCarriageReturn);
    skipped_ = 2;
  }
  begin_ = looked_ = skipped_;
  stage_ = Stage::Method;
  return true;
}

bool RequestHeadParser::read_method(std::string_view bytes, RequestHead& head) {
  switch (find_word(bytes, begin_, kMethodBytesMax, looked_, scanned_)) {
    case WordStatus::NeedMore:
      return false;
    case WordStatus::LineFeed: {
      const bool only_line_end = looked_ == begin_ + 1 && bytes[begin_] == '\r';
      return reject(only_line_end ? RejectReason::EmptyRequestLine : early_line_end(bytes, begin_, looked_));
    }
    case WordStatus::TooLong: {
      const bool token = detail::is_token(bytes.substr(begin_, looked_ - begin_));
      return reject(token ? RejectReason::MethodUnknown : RejectReason::MethodSyntax);
    }
    case WordStatus::Word:
      break;
  }
  clear(head);
  head.method_text = bytes.substr(begin_, looked_ - begin_);
  if (!detail::is_token(head.method_text)) return reject(RejectReason::MethodSyntax);
  begin_ = ++looked_;
  stage_ = Stage::Target;
  return true;
}

bool RequestHeadParser::read_target(std::string_view bytes, RequestHead& head) {
  switch (find_word(bytes, begin_, kTargetBytesMax, looked_, scanned_)) {
    case WordStatus::NeedMore:
      return false;
    case WordStatus::LineFeed:
      return reject(early_line_end(bytes, begin_, looked_));
    case WordStatus::TooLong:
      return reject(RejectReason::TargetTooLong);
    case WordStatus::Word:
      break;
  }
  head.target = bytes.substr(begin_, looked_ - begin_);
  if (head.target.empty()) return reject(RejectReason::TargetSyntax);
  begin_ = ++looked_;
  stage_ = Stage::Version;
  return true;
}

bool RequestHeadParser::read_version(std::string_view bytes, RequestHead& head) {
  std::size_t end = 0;
  switch (detail::find_line(bytes, begin_ + kVersionBytes + 2, looked_, end, scanned_)) {
    case detail::LineStatus::NeedMore:
      return false;
    case detail::LineStatus::TooLong:
      return reject(RejectReason::VersionSyntax);
    case detail::LineStatus::Line:
      break;
  }
  if (end == begin_ || bytes[end - 1] != '\r') return reject(RejectReason::BareLineFeed);
  RejectReason reason = read_version_text(bytes.substr(begin_, end - 1 - begin_), head.version);
  if (reason != RejectReason::None) return reject(reason);
  reason = detail::check_target_characters(head.target);
  if (reason != RejectReason::None) return reject(reason);
  const std::optional<Method> method = find_method(head.method_text);
  if (!method) return reject(RejectReason::MethodUnknown);
  head.method = *method;
  if (*method == Method::Connect || *method == Method::Trace) return reject(RejectReason::MethodRefused);
  detail::TargetAuthority authority;
  reason = detail::split_target(head, authority);
  if (reason != RejectReason::None) return reject(reason);
  authority_in_target_ = authority.present;
  default_port_ = authority.default_port;
  section_ = begin_ = looked_;
  stage_ = Stage::Fields;
  return true;
}

bool RequestHeadParser::read_fields(std::string_view bytes, RequestHead& head) {
  detail::SectionCursor cursor{section_, begin_, looked_, scanned_};
  while (true) {
    Field field;
    RejectReason reason = RejectReason::None;
    switch (detail::next_field(bytes, cursor, detail::Underscore::Refuse, field, reason)) {
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
    if (!accept_field(field, head)) return true;
  }
}

/// Looks at the fields that steer the message. False when it was rejected.
bool RequestHeadParser::accept_field(const Field& field, RequestHead& head) {
  RejectReason reason = RejectReason::None;
  switch (field.name.size()) {
    case 4:
      if (iequals(field.name, "host")) reason = accept_host(field.value, head);
      break;
    case 6:
      if (iequals(field.name, "expect")) reason = accept_expect(field.value, head);
      break;
    case 10:
      if (iequals(field.name, "connection")) reason = accept_connection(field.value);
      break;
    case 14:
      if (iequals(field.name, "content-length")) reason = accept_content_length(field.value, head);
      break;
    case 17:
      if (iequals(field.name, "transfer-encoding")) reason = accept_transfer_encoding(field.value, head);
      break;
    default:
      break;
  }
  return reason == RejectReason::None || !reject(reason);
}

RejectReason RequestHeadParser::accept_host(std::string_view value, RequestHead& head) {
  if (host_seen_) return RejectReason::HostRepeated;
  host_seen_ = true;
  const std::optional<Authority> host = parse_authority(value);
  if (!host) return RejectReason::HostSyntax;
  if (!authority_in_target_) {
    head.host = value;
    return RejectReason::None;
  }
  const std::optional<Authority> target = parse_authority(head.host);
  return target && same_authority(*host, *target, default_port_) ? RejectReason::None : RejectReason::HostMismatch;
}

RejectReason RequestHeadParser::accept_expect(std::string_view value, RequestHead& head) {
  if (!iequals(value, "100-continue")) return RejectReason::ExpectationUnknown;
  // RFC 9110 10.1.1: an HTTP/1.0 client does not know interim answers.
  head.expect_continue = head.version == Version::Http11;
  return RejectReason::None;
}

RejectReason RequestHeadParser::accept_connection(std::string_view value) {
  detail::ConnectionOptions options{close_seen_, keep_alive_seen_, connection_options_};
  const RejectReason reason = detail::add_connection_options(value, detail::EndToEnd::Refuse, options);
  close_seen_ = options.close;
  keep_alive_seen_ = options.keep_alive;
  connection_options_ = options.count;
  return reason;
}

RejectReason RequestHeadParser::accept_content_length(std::string_view value, RequestHead& head) {
  if (length_seen_) return RejectReason::ContentLengthRepeated;
  length_seen_ = true;
  if (head.framing == Framing::Chunked) return RejectReason::LengthAndTransferEncoding;
  head.framing = Framing::Length;
  return detail::parse_content_length(value, head.content_length);
}

RejectReason RequestHeadParser::accept_transfer_encoding(std::string_view value, RequestHead& head) {
  if (head.framing == Framing::Chunked) return RejectReason::TransferEncodingRepeated;
  if (head.version == Version::Http10) return RejectReason::TransferEncodingInHttp10;
  if (length_seen_) return RejectReason::LengthAndTransferEncoding;
  head.framing = Framing::Chunked;
  return detail::check_transfer_encoding(value);
}

bool RequestHeadParser::finish(RequestHead& head) {
  if (!host_seen_) return reject(RejectReason::HostMissing);
  // RFC 9112 9.3: a proxy does not keep a connection of an HTTP/1.0 client, whatever it asks for.
  head.keep_alive = !close_seen_ && (head.version == Version::Http11 || keep_alive_seen_);
  head.head_bytes = begin_;
  stage_ = Stage::Complete;
  return true;
}

bool RequestHeadParser::reject(RejectReason reason) {
  rejection_ = Rejection{request_error_code(reason), reason};
  stage_ = Stage::Rejected;
  return true;
}

}  // namespace sallyport::net::http
