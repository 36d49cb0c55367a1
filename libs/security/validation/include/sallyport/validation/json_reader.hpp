#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

namespace sallyport::validation {

struct JsonLimits {
  std::size_t bytes_max = std::size_t{1} << 20U;
  std::size_t depth_max = 32;  ///< objects and arrays that are open at once
};

enum class JsonFault : std::uint8_t {
  TooLarge,
  TooDeep,
  Syntax,  ///< also NaN, comments, an unfinished text
  InvalidUtf8,
  ByteOrderMark,
  DuplicateName,
  NumberOutOfRange,
  TrailingBytes,
  AlikeNames,  ///< names made to collide
};

/// Why a text was not taken. `why` is a sentence for the client and a literal; it says nothing of the text itself.
struct Malformed {
  JsonFault fault = JsonFault::Syntax;
  std::string_view why;
  std::size_t offset = 0;  ///< bytes of the text before the place, as near as it is known
};

/// Reads one JSON text (RFC 8259) strictly and whole. Malformed: a name twice in one object (compared after escapes are
/// resolved), names made to collide in a hash table, too deep, too large, invalid UTF-8, a byte order mark, anything
/// but white space behind the value, a number that would change: an integer beyond int64 and uint64, a fraction beyond
/// double. Numbers are exact: the nearest double for a fraction; an integer is an int64 when it fits, else a uint64,
/// and a number written with a fraction of zero or an exponent (`1.0`, `1e2`) is an integer too when an int64 holds it.
/// O(n log n) whatever the names are. The value owns its memory in one pool, which is wiped when the value goes: copy
/// parts of it that are to live longer.
std::expected<boost::json::value, Malformed> parse_json(std::string_view text, const JsonLimits& limits = {});

}  // namespace sallyport::validation
