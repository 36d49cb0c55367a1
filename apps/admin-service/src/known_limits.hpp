#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "sallyport/rate_limit/limit_catalog.hpp"

namespace sallyport::admin_service {

/// The limits of the gateway, which can become known after the start. Thread-safe.
class KnownLimits final {
 public:
  void use(rate_limit::LimitCatalog catalog) {
    auto next = std::make_shared<const rate_limit::LimitCatalog>(std::move(catalog));
    const std::scoped_lock lock(mutex_);
    catalog_ = std::move(next);
  }
  /// Null: not known.
  std::shared_ptr<const rate_limit::LimitCatalog> get() const {
    const std::scoped_lock lock(mutex_);
    return catalog_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const rate_limit::LimitCatalog> catalog_;
};

}  // namespace sallyport::admin_service
