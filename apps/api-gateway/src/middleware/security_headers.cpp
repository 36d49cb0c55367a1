#include "middleware/security_headers.hpp"

namespace sallyport::api_gateway {
namespace {

struct Line {
  std::uint8_t bit;
  std::string_view text;
};

#define SALLYPORT_CSP "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
#define SALLYPORT_FRAME "X-Frame-Options: DENY\r\n"
#define SALLYPORT_REFERRER "Referrer-Policy: no-referrer\r\n"
#define SALLYPORT_CORP "Cross-Origin-Resource-Policy: same-origin\r\n"
#define SALLYPORT_PERMISSIONS \
  "Permissions-Policy: accelerometer=(), camera=(), geolocation=(), microphone=(), payment=(), usb=()\r\n"

constexpr std::string_view kNoSniff = "X-Content-Type-Options: nosniff\r\n";
constexpr std::string_view kRest =
    SALLYPORT_CSP SALLYPORT_FRAME SALLYPORT_REFERRER SALLYPORT_CORP SALLYPORT_PERMISSIONS;
constexpr Line kLines[] = {
    {net::kOwnContentSecurityPolicy, SALLYPORT_CSP},     {net::kOwnFrameOptions, SALLYPORT_FRAME},
    {net::kOwnReferrerPolicy, SALLYPORT_REFERRER},       {net::kOwnResourcePolicy, SALLYPORT_CORP},
    {net::kOwnPermissionsPolicy, SALLYPORT_PERMISSIONS},
};

#undef SALLYPORT_CSP
#undef SALLYPORT_FRAME
#undef SALLYPORT_REFERRER
#undef SALLYPORT_CORP
#undef SALLYPORT_PERMISSIONS

}  // namespace

void SecurityHeaders::on_response(Exchange&, net::Response& response) {
  response.fields.append(kNoSniff);
  if ((response.own_fields & ~net::kOwnDate) == 0) {
    response.fields.append(kRest);
    return;
  }
  for (const Line& line : kLines) {
    if ((response.own_fields & line.bit) == 0) response.fields.append(line.text);
  }
}

}  // namespace sallyport::api_gateway
