#pragma once

#include <string>
#include <string_view>

#include "sallyport/api_gateway/config.hpp"

namespace sallyport::api_gateway {

/// A whole production file that loads without a problem; tests add to it.
inline constexpr std::string_view kMinimal = R"(listen: 127.0.0.1:8080
instances: 2
upstreams:
  shop: { hosts: ["10.0.0.5:8080"] }
routes:
  - { path: /shop/*, upstream: shop, auth: none }
)";

/// All problems as text, "line:column: message", one a line.
inline std::string problems_of(std::string_view yaml, ConfigMode mode = ConfigMode::Production,
                               const Config& base = {}) {
  return format_problems("f", load_config(yaml, mode, base).problems);
}

inline std::string problems_with(std::string_view more) {
  return problems_of(std::string(kMinimal) + std::string(more));
}

}  // namespace sallyport::api_gateway
