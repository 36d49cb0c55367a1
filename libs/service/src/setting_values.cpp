#include "sallyport/service/setting_values.hpp"

#include <charconv>

#include <fmt/format.h>

#include "sallyport/core/units.hpp"

namespace sallyport::service {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

template <class Duration>
bool store_duration(std::string_view text, milliseconds min, milliseconds max, Duration& out) {
  const auto value = parse_duration(text);
  if (!value || *value < min || *value > max) return false;
  const auto converted = std::chrono::duration_cast<Duration>(*value);
  if (converted != *value) return false;
  out = converted;
  return true;
}

}  // namespace

Reading read_integer(std::string_view text, std::uint32_t min, std::uint32_t max, std::uint32_t& out) {
  std::uint32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  const bool decimal = error == std::errc() && stopped == end && (text.size() == 1 || text.front() != '0');
  if (!decimal || value < min || value > max) return std::unexpected(fmt::format("a number from {} to {}", min, max));
  out = value;
  return {};
}

Reading read_duration(std::string_view text, milliseconds min, milliseconds max, milliseconds& out) {
  if (store_duration(text, min, max, out)) return {};
  return std::unexpected(fmt::format("a duration from {} to {}", format_duration(min), format_duration(max)));
}

Reading read_duration(std::string_view text, seconds min, seconds max, seconds& out) {
  if (store_duration(text, min, max, out)) return {};
  return std::unexpected(
      fmt::format("a duration from {} to {} in whole seconds", format_duration(min), format_duration(max)));
}

Reading read_boolean(std::string_view text, bool& out) {
  if (text != "true" && text != "false") return std::unexpected("true or false");
  out = text == "true";
  return {};
}

Reading read_text(std::string_view text, std::string& out) {
  if (text.empty() || text.size() > 255) return std::unexpected("a text of 1 to 255 bytes");
  out = text;
  return {};
}

Reading read_log_level(std::string_view text, log::Level& out) {
  for (const auto level : {log::Level::Debug, log::Level::Info, log::Level::Warn, log::Level::Error, log::Level::Off}) {
    if (text == log::name_of(level)) {
      out = level;
      return {};
    }
  }
  return std::unexpected("debug, info, warn, error or off");
}

Reading read_listen_point(std::string_view text, std::vector<net::ListenPoint>& out) {
  const auto wrong = [] { return std::unexpected("an IP address and a port, such as 127.0.0.1:9001 or [::1]:9001"); };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  std::uint32_t port = 0;
  if (!address || !read_integer(text.substr(colon + 1), 0, 65535, port) || brackets == address->is_v4()) return wrong();
  out.push_back({*address, static_cast<std::uint16_t>(port)});
  return {};
}

Reading read_block(std::string_view text, std::vector<Cidr>& out) {
  const auto block = Cidr::parse(text);
  if (!block) return std::unexpected("an address block such as 10.1.0.0/16");
  out.push_back(*block);
  return {};
}

}  // namespace sallyport::service
