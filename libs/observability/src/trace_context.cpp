#include "sallyport/observability/trace_context.hpp"

#include <algorithm>
#include <span>

#include "hex.hpp"

namespace sallyport::trace {
namespace {

constexpr std::size_t kLength = 55;  // 2 + 1 + 32 + 1 + 16 + 1 + 2

/// The value of a lower-case hexadecimal digit, or -1: the specification does not allow upper case.
int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool parse_hex(std::string_view text, std::span<std::uint8_t> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = nibble(text[2 * i]);
    const int low = nibble(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

bool all_zero(std::span<const std::uint8_t> bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

void fill_id(std::span<std::uint8_t> id, Random& random) {
  random.fill(id);
  if (all_zero(id)) id.back() = 1;  // an all-zero id means "invalid" to everyone else
}

std::optional<TraceContext> parse(std::string_view text) {
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  std::array<std::uint8_t, 1> version{};
  std::array<std::uint8_t, 1> flags{};
  TraceContext context;
  if (!parse_hex(text, version) || !parse_hex(text.substr(3), context.trace_id) ||
      !parse_hex(text.substr(36), context.parent_id) || !parse_hex(text.substr(53), flags)) {
    return std::nullopt;
  }
  if (version[0] == 0xff || all_zero(context.trace_id) || all_zero(context.parent_id)) return std::nullopt;
  // A later version may append fields, behind another dash.
  if (text.size() > kLength && (version[0] == 0 || text[kLength] != '-')) return std::nullopt;
  context.sampled = (flags[0] & 1U) != 0;
  return context;
}

}  // namespace

TraceContext TraceContext::continue_or_begin(std::optional<std::string_view> traceparent, Random& random) noexcept {
  TraceContext context;
  if (const auto callers = traceparent ? parse(*traceparent) : std::nullopt) {
    context = *callers;
  } else {
    fill_id(context.trace_id, random);
  }
  fill_id(context.parent_id, random);
  return context;
}

void TraceContext::append_traceparent(std::string& out) const {
  out += "00-";
  detail::append_hex(out, trace_id);
  out += '-';
  detail::append_hex(out, parent_id);
  out += sampled ? "-01" : "-00";
}

void TraceContext::append_trace_id(std::string& out) const {
  detail::append_hex(out, trace_id);
}

}  // namespace sallyport::trace
