#pragma once

#include <functional>

#include "metrics.hpp"
#include "sallyport/accounts/ports.hpp"
#include "sallyport/observability/log.hpp"

namespace sallyport::auth_service {

/// Logs and counts what the accounts could not finish. One for each event loop.
class AccountWatch final : public accounts::AccountObserver {
 public:
  /// republish: asked for when the denylist missed something; called on the event loop.
  AccountWatch(log::Logger& logger, const AuthMetrics& metrics, metrics::Shard& shard, std::function<void()> republish)
      : logger_(logger), metrics_(metrics), shard_(shard), republish_(std::move(republish)) {}

  void denylist_failed(const Error& error) override {
    shard_.add(metrics_.denylist_failures());
    logger_.write(log::Level::Warn, "denylist_write_failed", {{"detail", std::string_view(error.detail)}});
    republish_();
  }
  void audit_failed(const Error& error) override {
    shard_.add(metrics_.audit_failures());
    logger_.write(log::Level::Error, "audit_write_failed", {{"detail", std::string_view(error.detail)}});
  }

 private:
  log::Logger& logger_;
  const AuthMetrics& metrics_;
  metrics::Shard& shard_;
  std::function<void()> republish_;
};

}  // namespace sallyport::auth_service
