#include "sallyport/auth_service/auth_config.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <expected>
#include <tuple>

#include <fmt/format.h>

#include "config/flat_yaml.hpp"
#include "sallyport/auth_service/auth_service.hpp"
#include "sallyport/core/units.hpp"
#include "sallyport/net/http/authority.hpp"

namespace sallyport::auth_service {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Nothing, or what was expected instead.
using Reading = std::expected<void, std::string>;
using Store = Reading (*)(std::string_view text, AuthConfig& config);

enum class Shape : std::uint8_t { One, Many };
enum class Needed : std::uint8_t { Yes, No };

struct Key {
  std::string_view name;
  Shape shape;  ///< Many: a list, or one value for a list of one
  Needed needed;
  Store store;
};

std::expected<std::uint32_t, std::string> integer(std::string_view text, std::uint32_t min, std::uint32_t max) {
  std::uint32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  const bool decimal = error == std::errc() && stopped == end && (text.size() == 1 || text.front() != '0');
  if (decimal && value >= min && value <= max) return value;
  return std::unexpected(fmt::format("a number from {} to {}", min, max));
}

template <class Duration>
Reading duration(std::string_view text, milliseconds min, milliseconds max, Duration& out) {
  const auto value = parse_duration(text);
  if (value && *value >= min && *value <= max) {
    out = std::chrono::duration_cast<Duration>(*value);
    if (out == *value) return {};
  }
  return std::unexpected(fmt::format("a duration from {} to {}{}", format_duration(min), format_duration(max),
                                     std::is_same_v<Duration, seconds> ? " in whole seconds" : ""));
}

Reading boolean(std::string_view text, bool& out) {
  if (text != "true" && text != "false") return std::unexpected("true or false");
  out = text == "true";
  return {};
}

Reading text_of(std::string_view text, std::string& out) {
  if (text.empty() || text.size() > 255) return std::unexpected("a text of 1 to 255 bytes");
  out = text;
  return {};
}

Reading listen(std::string_view text, AuthConfig& config) {
  const auto wrong = [] { return std::unexpected("an IP address and a port, such as 127.0.0.1:9001 or [::1]:9001"); };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  const auto port = integer(text.substr(colon + 1), 0, 65535);
  if (!address || !port || brackets == address->is_v4()) return wrong();
  config.listen.push_back({*address, static_cast<std::uint16_t>(*port)});
  return {};
}

Reading threads(std::string_view text, AuthConfig& config) {
  if (text == "auto") {
    config.threads = 0;
    return {};
  }
  const auto value = integer(text, 1, 64);
  if (!value) return std::unexpected("auto or " + value.error());
  config.threads = *value;
  return {};
}

Reading trusted_gateway(std::string_view text, AuthConfig& config) {
  const auto block = Cidr::parse(text);
  if (!block) return std::unexpected("an address block such as 10.1.0.0/16");
  config.trusted_gateways.push_back(*block);
  return {};
}

Reading origin(std::string_view text, AuthConfig& config) {
  const std::size_t slashes = text.find("://");
  const std::string_view scheme = text.substr(0, slashes);
  if (slashes != std::string_view::npos && (scheme == "https" || scheme == "http")) {
    const auto authority = net::http::parse_authority(text.substr(slashes + 3));
    const std::uint16_t usual = scheme == "https" ? 443 : 80;
    if (authority && net::http::normal_form(*authority, usual) == text.substr(slashes + 3)) {
      config.origins.emplace_back(text);
      return {};
    }
  }
  return std::unexpected("an origin as browsers write it, such as https://app.example.com");
}

Reading redis_key_prefix(std::string_view text, AuthConfig& config) {
  const bool fits = text.size() <= 32 &&
                    std::ranges::none_of(text, [](char c) { return c <= ' ' || c >= '\x7f' || c == '{' || c == '}'; });
  if (!fits) return std::unexpected("at most 32 visible ASCII characters without braces");
  config.redis_key_prefix = text;
  return {};
}

Reading log_level(std::string_view text, AuthConfig& config) {
  for (const auto level : {log::Level::Debug, log::Level::Info, log::Level::Warn, log::Level::Error, log::Level::Off}) {
    if (text == log::name_of(level)) {
      config.log_level = level;
      return {};
    }
  }
  return std::unexpected("debug, info, warn, error or off");
}

Reading database_connections(std::string_view text, AuthConfig& config) {
  const auto value = integer(text, 1, 200);
  if (!value) return std::unexpected(value.error());
  config.database_connections = *value;
  return {};
}

/// Every key of the file. Whoever adds one adds it here and to AuthConfig.
constexpr std::array kKeys{
    Key{"listen", Shape::Many, Needed::Yes, listen},
    Key{"threads", Shape::One, Needed::No, threads},
    Key{"issuer", Shape::One, Needed::Yes,
        [](std::string_view text, AuthConfig& c) { return text_of(text, c.issuer); }},
    Key{"audience", Shape::One, Needed::Yes,
        [](std::string_view text, AuthConfig& c) { return text_of(text, c.audience); }},
    Key{"access_ttl", Shape::One, Needed::No,
        [](std::string_view text, AuthConfig& c) { return duration(text, 1s, 24h, c.access_ttl); }},
    Key{"refresh_ttl", Shape::One, Needed::No,
        [](std::string_view text, AuthConfig& c) { return duration(text, 1s, days(365), c.lifetimes.refresh_ttl); }},
    Key{"session_max", Shape::One, Needed::No,
        [](std::string_view text, AuthConfig& c) { return duration(text, 1s, days(365), c.lifetimes.session_max); }},
    Key{"refresh_grace", Shape::One, Needed::No,
        [](std::string_view text, AuthConfig& c) { return duration(text, 0s, 60s, c.lifetimes.refresh_grace); }},
    Key{"trusted_gateways", Shape::Many, Needed::No, trusted_gateway},
    Key{"origins", Shape::Many, Needed::No, origin},
    Key{"redis_key_prefix", Shape::One, Needed::No, redis_key_prefix},
    Key{"allow_plaintext", Shape::One, Needed::No,
        [](std::string_view text, AuthConfig& c) { return boolean(text, c.allow_plaintext); }},
    Key{"database_connections", Shape::One, Needed::No, database_connections},
    Key{"log_level", Shape::One, Needed::No, log_level},
    Key{"access_log", Shape::One, Needed::No,
        [](std::string_view text, AuthConfig& c) { return boolean(text, c.access_log); }},
    Key{"drain", Shape::One, Needed::No,
        [](std::string_view text, AuthConfig& c) { return duration(text, 0s, 10min, c.drain); }},
    Key{"shutdown_timeout", Shape::One, Needed::No,
        [](std::string_view text, AuthConfig& c) { return duration(text, 1s, 10min, c.shutdown_timeout); }},
};

void read_entry(const YamlEntry& entry, AuthConfig& config, std::vector<AuthConfigProblem>& problems) {
  const auto key = std::ranges::find(kKeys, std::string_view(entry.key.text), &Key::name);
  const auto report = [&](const YamlScalar& where, std::string message) {
    problems.push_back({where.line, where.column, std::move(message)});
  };
  if (key == kKeys.end()) return report(entry.key, fmt::format("unknown key '{}'", entry.key.text));
  if (entry.is_list && key->shape == Shape::One) {
    return report(entry.key, fmt::format("{}: one value, not a list", key->name));
  }
  for (const YamlScalar& value : entry.values) {
    if (auto read = key->store(value.text, config); !read) {
      report(value, fmt::format("{}: expected {}, found '{}'", key->name, read.error(), value.text));
    }
  }
}

}  // namespace

LoadedAuthConfig load_auth_config(std::string_view yaml) {
  LoadedAuthConfig loaded;
  const auto entries = parse_flat_yaml(yaml, loaded.problems);
  if (!loaded.problems.empty() && entries.empty()) return loaded;
  for (const YamlEntry& entry : entries) read_entry(entry, loaded.config, loaded.problems);
  const auto names = [&](std::string_view name) {
    return std::ranges::any_of(entries, [&](const YamlEntry& entry) { return entry.key.text == name; });
  };
  for (const Key& key : kKeys) {
    if (key.needed == Needed::Yes && !names(key.name)) {
      loaded.problems.push_back({0, 0, fmt::format("the key '{}' is missing", key.name)});
    }
  }
  if (!names("trusted_gateways")) loaded.config.trusted_gateways = loopback_blocks();
  if (names("listen") && loaded.config.listen.empty() && loaded.problems.empty()) {
    loaded.problems.push_back({0, 0, "listen: the list is empty"});
  }
  if (loaded.config.lifetimes.session_max < loaded.config.lifetimes.refresh_ttl) {
    loaded.problems.push_back({0, 0, "session_max is shorter than refresh_ttl"});
  }
  std::ranges::sort(loaded.problems, {},
                    [](const AuthConfigProblem& p) { return std::tie(p.line, p.column, p.message); });
  return loaded;
}

std::string format_problems(std::string_view file, const std::vector<AuthConfigProblem>& problems) {
  std::string out;
  for (const AuthConfigProblem& problem : problems) {
    if (problem.line == 0) {
      out += fmt::format("{}: {}\n", file, problem.message);
    } else {
      out += fmt::format("{}:{}:{}: {}\n", file, problem.line, problem.column, problem.message);
    }
  }
  return out;
}

}  // namespace sallyport::auth_service
