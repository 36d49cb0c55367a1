#include "formats.hpp"

#include <algorithm>
#include <array>

namespace sallyport::validation {

namespace {

struct Named {
  std::string_view name;
  Format format;
};
constexpr std::array kFormats = std::to_array<Named>({
    {"date-time", Format::DateTime},
    {"date", Format::Date},
    {"time", Format::Time},
    {"email", Format::Email},
    {"hostname", Format::Hostname},
    {"ipv4", Format::Ipv4},
    {"ipv6", Format::Ipv6},
    {"uri", Format::Uri},
    {"uuid", Format::Uuid},
    {"int32", Format::Int32},
    {"int64", Format::Int64},
});

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_alphanumeric(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The number that exactly these two digits say, or -1.
int two_digits(std::string_view text, std::size_t at) noexcept {
  if (at + 2 > text.size() || !is_digit(text[at]) || !is_digit(text[at + 1])) return -1;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

int days_in(int year, int month) noexcept {
  constexpr std::array kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

/// Minutes east of UTC of a whole `time-offset`; nullopt when it is none.
std::optional<int> offset_minutes(std::string_view text) noexcept {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hours = two_digits(text, 1);
  const int minutes = two_digits(text, 4);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

bool is_label(std::string_view label) noexcept {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_dot_atom(std::string_view text) noexcept {
  static constexpr std::string_view kMore = "!#$%&'*+-/=?^_`{|}~.";
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.contains("..")) return false;
  return std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || kMore.contains(c); });
}

bool is_quoted_local_part(std::string_view text) noexcept {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  text = text.substr(1, text.size() - 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return false;
    if (text[i] == '\\' && ++i == text.size()) return false;
    if (text[i] < ' ' || text[i] > '~') return false;
  }
  return true;
}

bool is_mail_domain(std::string_view text) noexcept {
  if (!text.starts_with('[')) return is_hostname(text);
  if (!text.ends_with(']')) return false;
  text = text.substr(1, text.size() - 2);
  return text.starts_with("IPv6:") ? is_ipv6(text.substr(5)) : is_ipv4(text);
}

/// Characters of RFC 3986: unreserved, sub-delims, percent-encoded, and those of `more`.
bool is_uri_part(std::string_view text, std::string_view more) noexcept {
  static constexpr std::string_view kPlain = "-._~!$&'()*+,;=";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 2;
    } else if (!is_alphanumeric(c) && !kPlain.contains(c) && !more.contains(c)) {
      return false;
    }
  }
  return true;
}

bool is_authority(std::string_view text) noexcept {
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    if (!is_uri_part(text.substr(0, at), ":")) return false;
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    const std::string_view address = text.substr(1, end - 1);
    const bool future = (address.starts_with('v') || address.starts_with('V')) && address.contains('.') &&
                        is_uri_part(address, ":") && !address.contains('%');
    if (!is_ipv6(address) && !future) return false;
    port = text.substr(end + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    if (!is_uri_part(text.substr(0, colon), "")) return false;
    port = text.substr(colon);
  }
  return port.empty() || (port.front() == ':' && std::ranges::all_of(port.substr(1), is_digit));
}

}  // namespace

std::optional<Format> format_of(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(kFormats, name, &Named::name);
  if (found == kFormats.end()) return std::nullopt;
  return found->format;
}

std::string_view name_of(Format format) noexcept {
  return std::ranges::find(kFormats, format, &Named::format)->name;
}

bool has_format(std::string_view text, Format format) noexcept {
  switch (format) {
    case Format::DateTime:
      return is_date_time(text);
    case Format::Date:
      return is_date(text);
    case Format::Time:
      return is_time(text);
    case Format::Email:
      return is_email(text);
    case Format::Hostname:
      return is_hostname(text);
    case Format::Ipv4:
      return is_ipv4(text);
    case Format::Ipv6:
      return is_ipv6(text);
    case Format::Uri:
      return is_uri(text);
    case Format::Uuid:
      return is_uuid(text);
    case Format::Int32:
    case Format::Int64:
      break;
  }
  return true;
}

bool is_date(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const int century = two_digits(text, 0);
  const int year = two_digits(text, 2);
  const int month = two_digits(text, 5);
  const int day = two_digits(text, 8);
  return century >= 0 && year >= 0 && month >= 1 && month <= 12 && day >= 1 &&
         day <= days_in(century * 100 + year, month);
}

bool is_time(std::string_view text) noexcept {
  if (text.size() < 9 || text[2] != ':' || text[5] != ':') return false;
  const int hour = two_digits(text, 0);
  const int minute = two_digits(text, 3);
  const int second = two_digits(text, 6);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return false;
  std::string_view rest = text.substr(8);
  if (rest.front() == '.') {
    const auto* const end = std::ranges::find_if_not(rest.substr(1), is_digit);
    const auto length = static_cast<std::size_t>(end - rest.data());
    if (length < 2) return false;
    rest.remove_prefix(length);
  }
  const auto offset = offset_minutes(rest);
  if (!offset) return false;
  constexpr int kDay = 24 * 60;
  return second < 60 || (hour * 60 + minute - *offset + kDay) % kDay == kDay - 1;
}

bool is_date_time(std::string_view text) noexcept {
  return text.size() > 11 && (text[10] == 'T' || text[10] == 't') && is_date(text.substr(0, 10)) &&
         is_time(text.substr(11));
}

bool is_email(std::string_view text) noexcept {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || at > 64 || text.size() > 254) return false;
  const std::string_view local = text.substr(0, at);
  return (is_dot_atom(local) || is_quoted_local_part(local)) && is_mail_domain(text.substr(at + 1));
}

bool is_hostname(std::string_view text) noexcept {
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const auto dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_ipv4(std::string_view text) noexcept {
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (!text.starts_with('.')) return false;
      text.remove_prefix(1);
    }
    const auto* const end = std::ranges::find_if_not(text, is_digit);
    const auto digits = static_cast<std::size_t>(end - text.data());
    // A leading zero is octal to some.
    if (digits == 0 || digits > 3 || (digits > 1 && text.front() == '0')) return false;
    int value = 0;
    for (const char c : text.substr(0, digits)) value = value * 10 + (c - '0');
    if (value > 255) return false;
    text.remove_prefix(digits);
  }
  return text.empty();
}

bool is_ipv6(std::string_view text) noexcept {
  int groups = 0;
  bool gap = false;
  if (text.starts_with("::")) {
    gap = true;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    if (text.contains('.') && !text.contains(':')) return is_ipv4(text) && (gap ? groups <= 5 : groups == 6);
    const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(text, is_hex) - text.begin());
    if (digits == 0 || digits > 4) return false;
    text.remove_prefix(digits);
    if (++groups > 8) return false;
    if (text.empty()) break;
    if (text.starts_with("::")) {
      if (gap) return false;
      gap = true;
      text.remove_prefix(2);
    } else if (text.starts_with(':') && text.size() > 1) {
      text.remove_prefix(1);
    } else {
      return false;
    }
  }
  return gap ? groups <= 7 : groups == 8;
}

bool is_uri(std::string_view text) noexcept {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || is_digit(text.front())) return false;
  const bool scheme = std::ranges::all_of(
      text.substr(0, colon), [](char c) { return is_alphanumeric(c) || c == '+' || c == '-' || c == '.'; });
  if (!scheme || !is_alphanumeric(text.front())) return false;
  text.remove_prefix(colon + 1);
  if (const auto hash = text.find('#'); hash != std::string_view::npos) {
    if (!is_uri_part(text.substr(hash + 1), ":@/?")) return false;
    text = text.substr(0, hash);
  }
  if (const auto mark = text.find('?'); mark != std::string_view::npos) {
    if (!is_uri_part(text.substr(mark + 1), ":@/?")) return false;
    text = text.substr(0, mark);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const auto end = std::min(text.find('/'), text.size());
    if (!is_authority(text.substr(0, end))) return false;
    text.remove_prefix(end);
  }
  return is_uri_part(text, ":@/");
}

bool is_uuid(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

}  // namespace sallyport::validation
