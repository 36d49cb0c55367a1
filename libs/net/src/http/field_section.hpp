#pragma once

#include <algorithm>
#include <cstring>

#include "http/chars.hpp"
#include "sallyport/core/ascii.hpp"
#include "sallyport/net/http/message.hpp"
#include "sallyport/net/http/rejection.hpp"

/// Cutting lines and fields, shared by the parsers of requests and answers. Each function decides by a prefix whose
/// length the rules fix, so that slicing cannot change a verdict.
namespace sallyport::net::http::detail {

enum class LineStatus : std::uint8_t { NeedMore, Line, TooLong };

/// Looks for LF in bytes[looked, bound). `looked` moves on, so that no byte is looked at twice. Line: `end` is at the
/// LF. TooLong: all bytes up to the bound are there and none is LF.
inline LineStatus find_line(std::string_view bytes, std::size_t bound, std::size_t& looked, std::size_t& end,
                            std::uint64_t& scanned) noexcept {
  const std::size_t stop = std::min(bytes.size(), bound);
  if (looked < stop) {
    const void* found = std::memchr(bytes.data() + looked, '\n', stop - looked);
    if (found != nullptr) {
      end = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
      scanned += end + 1 - looked;
      looked = end + 1;
      return LineStatus::Line;
    }
    scanned += stop - looked;
    looked = stop;
  }
  return bytes.size() >= bound ? LineStatus::TooLong : LineStatus::NeedMore;
}

enum class Underscore : std::uint8_t { Allow, Refuse };

/// Splits a field line without its CRLF. None: `field` is set.
inline RejectReason split_field(std::string_view line, Underscore underscore, Field& field) noexcept {
  const char* const begin = line.data();
  const char* const end = begin + line.size();
  const char* at = begin;
  while (at != end && is(*at, kPlainName)) ++at;
  const bool underscored = at != end && *at == '_';
  while (at != end && is(*at, kToken)) ++at;
  if (at == end) return RejectReason::FieldColonMissing;
  if (at == begin && (*at == ' ' || *at == '\t')) return RejectReason::FieldFolded;
  if (*at != ':' || at == begin) return RejectReason::FieldNameSyntax;
  // CGI-like servers turn '-' into '_': Content_Length would become a second Content-Length behind us.
  if (underscored && underscore == Underscore::Refuse) return RejectReason::FieldNameUnderscore;
  field.name = std::string_view(begin, at);
  field.value = trim_ows(std::string_view(at + 1, end));
  return is_field_value(field.value) ? RejectReason::None : RejectReason::FieldValueCharacter;
}

/// The section of field lines up to its empty line, one call a line.
enum class SectionStatus : std::uint8_t { NeedMore, Field, End, Rejected };

struct SectionCursor {
  std::size_t section;  ///< begin of the first line
  std::size_t& begin;   ///< begin of the line
  std::size_t& looked;
  std::uint64_t& scanned;
};

inline SectionStatus next_field(std::string_view bytes, SectionCursor& cursor, Underscore underscore, Field& field,
                                RejectReason& reason) noexcept {
  const std::size_t line_bound = cursor.begin + kFieldLineBytesMax + 2;
  const std::size_t block_bound = cursor.section + kHeadBytesMax;
  std::size_t end = 0;
  switch (find_line(bytes, std::min(line_bound, block_bound), cursor.looked, end, cursor.scanned)) {
    case LineStatus::NeedMore:
      return SectionStatus::NeedMore;
    case LineStatus::TooLong:
      reason = line_bound < block_bound ? RejectReason::FieldLineTooLong : RejectReason::FieldBlockTooLong;
      return SectionStatus::Rejected;
    case LineStatus::Line:
      break;
  }
  if (end == cursor.begin || bytes[end - 1] != '\r') {
    reason = RejectReason::BareLineFeed;
    return SectionStatus::Rejected;
  }
  const std::string_view line = bytes.substr(cursor.begin, end - 1 - cursor.begin);
  cursor.begin = end + 1;
  if (line.empty()) return SectionStatus::End;
  reason = split_field(line, underscore, field);
  return reason == RejectReason::None ? SectionStatus::Field : SectionStatus::Rejected;
}

}  // namespace sallyport::net::http::detail
