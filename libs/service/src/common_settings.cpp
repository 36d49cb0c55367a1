#include "sallyport/service/common_settings.hpp"

#include <algorithm>

#include "sallyport/service/setting_values.hpp"

namespace sallyport::service {
namespace {

using namespace std::chrono_literals;
using Needed = SettingsTable::Needed;

constexpr std::uint32_t kThreadsMax = 64;
constexpr std::uint32_t kDatabaseConnectionsMax = 200;
constexpr std::uint32_t kInstancesMax = 1000;
constexpr std::size_t kKeyPrefixBytesMax = 32;

Reading read_threads(std::string_view text, std::uint32_t& out) {
  if (text == "auto") {
    out = 0;
    return {};
  }
  auto read = read_integer(text, 1, kThreadsMax, out);
  if (!read) return std::unexpected("auto or " + read.error());
  return {};
}

Reading read_key_prefix(std::string_view text, std::string& out) {
  const bool fits = text.size() <= kKeyPrefixBytesMax &&
                    std::ranges::none_of(text, [](char c) { return c <= ' ' || c >= '\x7f' || c == '{' || c == '}'; });
  if (!fits) return std::unexpected("at most 32 visible ASCII characters without braces");
  out = text;
  return {};
}

/// A service of production has no statements in its log, whatever its level; the key says so instead of being unknown.
Reading read_log_sql(std::string_view text) {
  if (text == "false") return {};
  return std::unexpected("false: statements are logged by `sallyport dev --log-sql` only");
}

tokens::PlainHttp plain_http(const CommonSettings& settings) noexcept {
  return settings.allow_plaintext ? tokens::PlainHttp::Anywhere : tokens::PlainHttp::LoopbackOnly;
}

void add_tokens(SettingsTable& table, CommonSettings& s, SigningKeys keys) {
  table.one("issuer", Needed::Yes, [&s](std::string_view text) { return read_text(text, s.issuer); });
  table.one("audience", Needed::Yes, [&s](std::string_view text) { return read_text(text, s.audience); });
  if (keys == SigningKeys::Own) return;
  // Whether plain http will do is known when allow_plaintext has been read.
  table.one("jwks_url", Needed::Yes, [&s](std::string_view text) -> Reading {
    s.jwks_url = text;
    const auto url = tokens::JwksUrl::parse(text, tokens::PlainHttp::Anywhere);
    if (!url) return std::unexpected("the URL of a key set, such as https://auth.example.com/.well-known/jwks.json");
    return {};
  });
  table.check([&s]() -> Reading {
    const auto url = tokens::JwksUrl::parse(s.jwks_url, plain_http(s));
    if (!url) return std::unexpected("jwks_url: plain http off this machine needs allow_plaintext: true");
    return {};
  });
}

}  // namespace

void add_common_settings(SettingsTable& table, CommonSettings& s, SigningKeys keys) {
  table.many("listen", Needed::Yes, [&s](std::string_view text) { return read_listen_point(text, s.listen); });
  table.one("threads", Needed::No, [&s](std::string_view text) { return read_threads(text, s.threads); });
  add_tokens(table, s, keys);
  table.many("trusted_gateways", Needed::No,
             [&s](std::string_view text) { return read_block(text, s.trusted_gateways); });
  table.one("redis_key_prefix", Needed::No,
            [&s](std::string_view text) { return read_key_prefix(text, s.redis_key_prefix); });
  table.one("allow_plaintext", Needed::No,
            [&s](std::string_view text) { return read_boolean(text, s.allow_plaintext); });
  table.one("database_connections", Needed::No, [&s](std::string_view text) {
    return read_integer(text, 1, kDatabaseConnectionsMax, s.database_connections);
  });
  table.one("instances", Needed::No,
            [&s](std::string_view text) { return read_integer(text, 1, kInstancesMax, s.instances); });
  table.one("log_sql", Needed::No, read_log_sql);
  table.one("log_level", Needed::No, [&s](std::string_view text) { return read_log_level(text, s.log_level); });
  table.one("access_log", Needed::No, [&s](std::string_view text) { return read_boolean(text, s.access_log); });
  table.one("drain", Needed::No, [&s](std::string_view text) { return read_duration(text, 0ms, 10min, s.drain); });
  table.one("shutdown_timeout", Needed::No,
            [&s](std::string_view text) { return read_duration(text, 1s, 10min, s.shutdown_timeout); });
  table.check([&s, &table]() -> Reading {
    if (!table.has("trusted_gateways")) s.trusted_gateways = loopback_blocks();
    return {};
  });
}

void apply(const CommonSettings& settings, ServiceOptions& options) {
  options.issuer = settings.issuer;
  options.audience = settings.audience;
  if (!settings.jwks_url.empty()) {
    options.keys = tokens::JwksUrl::parse(settings.jwks_url, plain_http(settings)).value();
  }
  options.listen = settings.listen;
  options.threads = settings.threads;
  options.trusted_gateways = settings.trusted_gateways;
  options.redis_key_prefix = settings.redis_key_prefix;
  options.access_log = settings.access_log;
  options.shutdown_timeout = settings.shutdown_timeout;
}

}  // namespace sallyport::service
