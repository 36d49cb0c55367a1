#include "sallyport/tokens/refresh_schedule.hpp"

#include <algorithm>

namespace sallyport::tokens {

RefreshSchedule::RefreshSchedule(Options options, SteadyTime now) noexcept
    : options_(options), due_(now), unknown_allowed_(now), retry_(options.first_retry) {}

void RefreshSchedule::succeeded(SteadyTime now) noexcept {
  loaded_ = true;
  due_ = now + options_.every;
}

void RefreshSchedule::failed(SteadyTime now) noexcept {
  due_ = now + (loaded_ ? options_.every : retry_);
  retry_ = std::min(retry_ * 2, options_.every);
}

bool RefreshSchedule::unknown_kid(SteadyTime now) noexcept {
  // Before the first set every kid is unknown, and the retries have their own pace.
  if (!loaded_ || now < unknown_allowed_ || due_ <= now) return false;
  unknown_allowed_ = now + options_.unknown_kid_gap;
  due_ = now;
  return true;
}

}  // namespace sallyport::tokens
