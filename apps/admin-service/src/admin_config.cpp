#include "sallyport/admin_service/admin_config.hpp"

#include "sallyport/service/setting_values.hpp"

namespace sallyport::admin_service {

LoadedAdminConfig load_admin_config(std::string_view yaml) {
  using namespace std::chrono_literals;
  LoadedAdminConfig loaded;
  AdminConfig& config = loaded.config;
  service::SettingsTable table;
  service::add_common_settings(table, config.common, service::SigningKeys::Elsewhere);
  table.one("access_ttl", service::SettingsTable::Needed::No,
            [&config](std::string_view text) { return service::read_duration(text, 1s, 24h, config.access_ttl); });
  table.one("gateway_config", service::SettingsTable::Needed::No,
            [&config](std::string_view text) { return service::read_text(text, config.gateway_config); });
  loaded.problems = table.read(yaml);
  return loaded;
}

}  // namespace sallyport::admin_service
