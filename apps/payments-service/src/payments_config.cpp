#include "sallyport/payments_service/payments_config.hpp"

#include "sallyport/service/setting_values.hpp"

namespace sallyport::payments_service {

LoadedPaymentsConfig load_payments_config(std::string_view yaml) {
  using namespace std::chrono_literals;
  using enum service::SettingsTable::Needed;
  LoadedPaymentsConfig loaded;
  PaymentsConfig& config = loaded.config;
  service::SettingsTable table;
  service::add_common_settings(table, config.common, service::SigningKeys::Elsewhere);
  const auto duration = [&table](std::string_view name, std::chrono::milliseconds min, std::chrono::milliseconds max,
                                 std::chrono::milliseconds& out) {
    table.one(name, No,
              [min, max, &out](std::string_view text) { return service::read_duration(text, min, max, out); });
  };
  // Below the lease of an idempotency key, so that its request has ended before another one may look after it.
  duration("processor_timeout", 1s, 25s, config.processor_timeout);
  duration("processor_try_timeout", 500ms, 25s, config.processor_try_timeout);
  duration("reconcile_every", 100ms, 60s, config.reconcile_every);
  table.check([&config]() -> service::Reading {
    if (config.processor_try_timeout <= config.processor_timeout) return {};
    return std::unexpected("processor_try_timeout is longer than processor_timeout");
  });
  loaded.problems = table.read(yaml);
  return loaded;
}

}  // namespace sallyport::payments_service
