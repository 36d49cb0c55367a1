#include "sallyport/validation/json_reader.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/detail/digest.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <deque>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "utf8.hpp"
#include "wiping_memory.hpp"

namespace sallyport::validation {

namespace json = boost::json;

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kFewNames = 8;    ///< up to here comparing all pairs is cheaper than sorting
constexpr std::uint8_t kAlikeMax = 64;  ///< names of one hash; by chance it is hardly ever more than ten
constexpr double kTwoTo63 = 9223372036854775808.0;

std::string_view describe(JsonFault fault) noexcept {
  switch (fault) {
    case JsonFault::TooLarge:
      return "The JSON text is too large.";
    case JsonFault::TooDeep:
      return "The JSON text is nested too deep.";
    case JsonFault::InvalidUtf8:
      return "The JSON text is not valid UTF-8.";
    case JsonFault::ByteOrderMark:
      return "The JSON text begins with a byte order mark.";
    case JsonFault::DuplicateName:
      return "The JSON text has an object with one name twice.";
    case JsonFault::NumberOutOfRange:
      return "The JSON text has a number that is too large or too small.";
    case JsonFault::AlikeNames:
      return "The JSON text has an object with too many names that are hard to tell apart.";
    case JsonFault::TrailingBytes:
      return "Something stands behind the JSON value.";
    case JsonFault::Syntax:
      break;
  }
  return "The text is not valid JSON.";
}

std::unexpected<Malformed> malformed(JsonFault fault, std::size_t offset) {
  return std::unexpected(Malformed{fault, describe(fault), offset});
}

bool has_duplicate(std::span<std::string_view> names) {
  if (names.size() <= kFewNames) {
    for (std::size_t i = 1; i < names.size(); ++i) {
      if (std::ranges::find(names.first(i), names[i]) != names.begin() + static_cast<std::ptrdiff_t>(i)) return true;
    }
    return false;
  }
  // Sorting, not hashing: names that collide on purpose cost nothing here.
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) != names.end();
}

/// Whether the names were chosen to meet in one bucket of the object that is to hold them. Boost.JSON's hash has no
/// secret, and filling one bucket takes quadratic time.
bool are_alike(std::span<const std::string_view> names) {
  if (names.size() <= kAlikeMax) return false;
  std::vector<std::uint8_t> buckets(names.size());  // as many as the object will have
  return std::ranges::any_of(names, [&buckets](std::string_view name) {
    return ++buckets[json::detail::digest(name.begin(), name.end(), 0) % buckets.size()] > kAlikeMax;
  });
}

/// Receives the parser's events. A handler that returns false stops the parser.
class Builder final {
 public:
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();

  explicit Builder(std::string_view text) : text_(text) {
    stack_.reset(
        json::make_shared_resource<json::monotonic_resource>(std::max<std::size_t>(text.size() * 2, 512), memory_));
  }

  std::optional<JsonFault> fault() const noexcept { return fault_; }
  json::value release() { return stack_.release(); }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t size, json::error_code&) {
    stack_.push_array(size);
    return true;
  }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t size, json::error_code& ec) {
    const auto own = std::span(names_).last(size);
    if (has_duplicate(own)) return stop(JsonFault::DuplicateName, ec);
    if (are_alike(own)) return stop(JsonFault::AlikeNames, ec);
    names_.resize(names_.size() - size);
    stack_.push_object(size);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view last, std::size_t, json::error_code&) {
    stack_.push_string(last);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    partial_.append(part.data(), part.size());
    stack_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view last, std::size_t, json::error_code&) {
    names_.push_back(keep_name({last.data(), last.size()}));
    stack_.push_key(last);
    return true;
  }
  bool on_number_part(json::string_view part, json::error_code&) {
    partial_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t, json::string_view last, json::error_code& ec) { return on_number(last, ec); }
  bool on_uint64(std::uint64_t, json::string_view last, json::error_code& ec) { return on_number(last, ec); }
  bool on_double(double, json::string_view last, json::error_code& ec) { return on_number(last, ec); }
  bool on_bool(bool truth, json::error_code&) {
    stack_.push_bool(truth);
    return true;
  }
  bool on_null(json::error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  bool stop(JsonFault fault, json::error_code& ec) {
    fault_ = fault;
    ec = json::error::extra_data;
    return false;
  }
  /// A name without escapes is a view into the text; any other has to be kept.
  std::string_view keep_name(std::string_view last) {
    const bool within = std::less_equal<>()(text_.data(), last.data()) &&
                        std::less_equal<>()(last.data() + last.size(), text_.data() + text_.size());
    if (partial_.empty() && within) return last;
    return kept_.emplace_back(std::exchange(partial_, {}).append(last));
  }
  // The parser's own values are rounded; only what was written counts.
  bool on_number(json::string_view last, json::error_code& ec) {
    const std::string whole = std::exchange(partial_, {}).append(last.data(), last.size());
    const char* const end = whole.data() + whole.size();
    const auto read = [&whole, end](auto& number) {
      const auto [stopped, error] = std::from_chars(whole.data(), end, number);
      return error == std::errc() && stopped == end;
    };
    std::int64_t integer = 0;
    std::uint64_t large = 0;
    double real = 0;
    if (whole.find_first_of(".eE") == std::string::npos) {
      if (read(integer)) {
        stack_.push_int64(integer);
      } else if (read(large)) {
        stack_.push_uint64(large);
      } else {
        return stop(JsonFault::NumberOutOfRange, ec);
      }
      return true;
    }
    if (!read(real) || !std::isfinite(real)) return stop(JsonFault::NumberOutOfRange, ec);
    if (real == std::trunc(real) && real >= -kTwoTo63 && real < kTwoTo63) {
      stack_.push_int64(static_cast<std::int64_t>(real));
    } else {
      stack_.push_double(real);
    }
    return true;
  }

  std::string_view text_;
  json::storage_ptr memory_ = json::make_shared_resource<WipingMemory>();
  json::value_stack stack_{memory_};
  std::vector<std::string_view> names_;  ///< of the objects that are open, the innermost last
  std::deque<std::string> kept_;
  std::string partial_;  ///< of a name or number that arrives in parts
  std::optional<JsonFault> fault_;
};

JsonFault fault_of(const json::error_code& ec) noexcept {
  if (ec == json::error::too_deep) return JsonFault::TooDeep;
  if (ec == json::error::exponent_overflow) return JsonFault::NumberOutOfRange;
  return JsonFault::Syntax;
}

}  // namespace

std::expected<json::value, Malformed> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) return malformed(JsonFault::TooLarge, limits.bytes_max);
  if (text.starts_with(kByteOrderMark)) return malformed(JsonFault::ByteOrderMark, 0);
  if (const auto bad = find_invalid_utf8(text)) return malformed(JsonFault::InvalidUtf8, *bad);
  json::parse_options options;
  options.max_depth = limits.depth_max;
  options.allow_invalid_utf8 = true;  // looked at already, with the place
  json::basic_parser<Builder> parser(options, text);
  json::error_code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (ec) return malformed(parser.handler().fault().value_or(fault_of(ec)), used);
  if (!parser.done()) return malformed(JsonFault::Syntax, used);
  if (used != text.size()) return malformed(JsonFault::TrailingBytes, used);
  return parser.handler().release();
}

}  // namespace sallyport::validation
