#include "sallyport/auth_service/auth_config.hpp"

#include "sallyport/net/http/authority.hpp"
#include "sallyport/service/setting_values.hpp"

namespace sallyport::auth_service {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using Needed = service::SettingsTable::Needed;

service::Reading read_origin(std::string_view text, std::vector<std::string>& out) {
  const std::size_t slashes = text.find("://");
  const std::string_view scheme = text.substr(0, slashes);
  if (slashes != std::string_view::npos && (scheme == "https" || scheme == "http")) {
    const auto authority = net::http::parse_authority(text.substr(slashes + 3));
    const std::uint16_t usual = scheme == "https" ? 443 : 80;
    if (authority && net::http::normal_form(*authority, usual) == text.substr(slashes + 3)) {
      out.emplace_back(text);
      return {};
    }
  }
  return std::unexpected("an origin as browsers write it, such as https://app.example.com");
}

void add_lifetimes(service::SettingsTable& table, AuthConfig& config) {
  const auto add = [&table](std::string_view name, std::chrono::seconds min, std::chrono::seconds max,
                            std::chrono::seconds& out) {
    table.one(name, Needed::No,
              [min, max, &out](std::string_view text) { return service::read_duration(text, min, max, out); });
  };
  add("access_ttl", 1s, 24h, config.access_ttl);
  add("refresh_ttl", 1s, days(365), config.lifetimes.refresh_ttl);
  add("session_max", 1s, days(365), config.lifetimes.session_max);
  add("refresh_grace", 0s, 60s, config.lifetimes.refresh_grace);
  table.check([&config]() -> service::Reading {
    if (config.lifetimes.session_max >= config.lifetimes.refresh_ttl) return {};
    return std::unexpected("session_max is shorter than refresh_ttl");
  });
}

}  // namespace

LoadedAuthConfig load_auth_config(std::string_view yaml) {
  LoadedAuthConfig loaded;
  AuthConfig& config = loaded.config;
  service::SettingsTable table;
  service::add_common_settings(table, config.common, service::SigningKeys::Own);
  add_lifetimes(table, config);
  table.many("origins", Needed::No, [&config](std::string_view text) { return read_origin(text, config.origins); });
  loaded.problems = table.read(yaml);
  return loaded;
}

}  // namespace sallyport::auth_service
