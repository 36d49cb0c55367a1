#include "url_password.hpp"

#include <cstddef>
#include <optional>

namespace sallyport::secrets {
namespace {

std::optional<int> hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex_value(text[i + 1]);
      const auto low = hex_value(text[i + 2]);
      if (high && low) {
        out += static_cast<char>(*high * 16 + *low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

void add(std::vector<Secret<std::string>>& out, std::string_view password) {
  if (password.empty()) return;
  out.emplace_back(std::string(password));
  Secret<std::string> decoded(percent_decoded(password));
  if (decoded.expose() != password) out.push_back(std::move(decoded));
}

}  // namespace

std::vector<Secret<std::string>> passwords_in_url(std::string_view url) {
  std::vector<Secret<std::string>> out;
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return out;
  const std::string_view rest = url.substr(scheme_end + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  // A password may hold an unescaped @ or, for libpq, a slash.
  const std::size_t at = authority.contains('@') ? authority.rfind('@') : rest.find('@');
  const std::size_t colon = rest.find(':');
  if (at != std::string_view::npos && colon < at) add(out, rest.substr(colon + 1, at - colon - 1));
  std::size_t from = rest.find('?');
  while (from != std::string_view::npos) {
    const std::size_t end = rest.find('&', from + 1);
    const std::string_view parameter = rest.substr(from + 1, end == std::string_view::npos ? end : end - from - 1);
    for (const std::string_view name : {"password=", "sslpassword="}) {
      if (parameter.starts_with(name)) add(out, parameter.substr(name.size()));
    }
    from = end;
  }
  return out;
}

}  // namespace sallyport::secrets
