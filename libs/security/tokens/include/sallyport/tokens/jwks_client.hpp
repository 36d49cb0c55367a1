#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sallyport/core/clock.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/runtime/task.hpp"
#include "sallyport/tokens/jwks_source.hpp"
#include "sallyport/tokens/key_set.hpp"
#include "sallyport/tokens/refresh_schedule.hpp"

namespace sallyport::tokens {

/// Keeps somebody's published keys current: fetches at once, then every minute in the background, and earlier when a
/// token names an unknown key. While fetches fail the last good set stays in force, however old. A text that is not a
/// JWK set, or that holds no key we can use, is a failed fetch.
/// Lives on one event loop; other loops get each new set from `publish`, which posts to them.
/// Logs: `jwks_loaded` when the set has changed, `jwks_failed` when a fetch failed.
class RemoteJwks final {
 public:
  /// Called on the owner's loop with every set that differs from the last one. Must not throw.
  using Publish = std::function<void(std::shared_ptr<const KeySet>)>;

  struct Options {
    RefreshSchedule::Options schedule{};
    std::chrono::milliseconds fetch_limit{5000};
  };

  /// name: of the issuer, for the log. The source, the clock and the logger must outlive this.
  RemoteJwks(runtime::Executor executor, const Clock& clock, log::Logger& logger, JwksSource& source, std::string name,
             Publish publish, Options options);

  /// Fetches until stop(). Spawn it once, in a TaskScope that is joined before this goes away.
  runtime::Task<> run();
  void stop() noexcept;

  /// A token named a key that is not in the set: fetches now unless that happened less than a minute ago. Never waits;
  /// the token at hand stays refused. From another loop: post it.
  void unknown_kid() noexcept;

  /// A set has been loaded. Until then routes that need a token cannot be served.
  bool ready() const noexcept { return keys_ != nullptr; }
  /// The last good set, or null.
  const std::shared_ptr<const KeySet>& keys() const noexcept { return keys_; }
  std::uint64_t fetches() const noexcept { return fetches_; }
  std::uint64_t failures() const noexcept { return failures_; }

 private:
  runtime::Task<> refresh();
  Result<void> take(const std::string& text);

  const Clock& clock_;
  log::Logger& logger_;
  JwksSource& source_;
  std::string name_;
  Publish publish_;
  Options options_;
  RefreshSchedule schedule_;
  runtime::Timer timer_;
  std::shared_ptr<const KeySet> keys_;
  std::string text_;  ///< that keys_ was made from
  std::uint64_t fetches_ = 0, failures_ = 0;
  bool stopped_ = false;
};

}  // namespace sallyport::tokens
