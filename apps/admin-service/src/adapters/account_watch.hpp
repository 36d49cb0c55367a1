#pragma once

#include <string_view>

#include "sallyport/accounts/ports.hpp"
#include "sallyport/observability/log.hpp"

namespace sallyport::admin_service {

/// Logs what the accounts could not finish. A denylist that was away is made good by the auth service's job, which
/// denies what has ended lately every few seconds.
class AccountWatch final : public accounts::AccountObserver {
 public:
  explicit AccountWatch(log::Logger& logger) : logger_(logger) {}

  void denylist_failed(const Error& error) override {
    logger_.write(log::Level::Warn, "denylist_write_failed", {{"detail", std::string_view(error.detail)}});
  }
  void audit_failed(const Error& error) override {
    logger_.write(log::Level::Error, "audit_write_failed", {{"detail", std::string_view(error.detail)}});
  }

 private:
  log::Logger& logger_;
};

}  // namespace sallyport::admin_service
