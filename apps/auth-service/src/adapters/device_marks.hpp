#pragma once

#include "sallyport/accounts/ports.hpp"
#include "sallyport/lockout/device_cookie.hpp"

namespace sallyport::auth_service {

/// The cookie of known devices behind the port of the accounts. Thread-safe when `random` is.
class CookieDeviceMarks final : public accounts::DeviceMarks {
 public:
  CookieDeviceMarks(const lockout::DeviceCookies& cookies, const Clock& clock, Random& random)
      : cookies_(cookies), clock_(clock), random_(random) {}

  std::optional<std::string> verify(std::string_view cookie, accounts::UserId user,
                                    std::int64_t credential_version) const override {
    return cookies_.verify(cookie, user.to_string(), credential_version, clock_.wall_now());
  }
  std::string issue(accounts::UserId user, std::int64_t credential_version,
                    const std::optional<std::string>& device) const override {
    return cookies_.issue(user.to_string(), credential_version, clock_.wall_now(), random_, device);
  }

 private:
  const lockout::DeviceCookies& cookies_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace sallyport::auth_service
