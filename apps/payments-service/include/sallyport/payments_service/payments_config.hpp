#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "sallyport/service/common_settings.hpp"
#include "sallyport/service/settings.hpp"

namespace sallyport::payments_service {

/// What `sallyport payments` is told by its file; secrets and addresses of stores and of the processor come from the
/// environment.
struct PaymentsConfig {
  service::CommonSettings common;
  std::chrono::milliseconds processor_timeout{8000};      ///< of one request's call, its repetition included
  std::chrono::milliseconds processor_try_timeout{3500};  ///< of one try
  std::chrono::milliseconds reconcile_every{1000};
};

struct LoadedPaymentsConfig {
  PaymentsConfig config;
  std::vector<service::SettingsProblem> problems;  ///< in the order of the file; empty: the config can be used
};

LoadedPaymentsConfig load_payments_config(std::string_view yaml);

}  // namespace sallyport::payments_service
