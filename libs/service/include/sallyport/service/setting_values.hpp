#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/core/ip_address.hpp"
#include "sallyport/net/server.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/service/settings.hpp"

namespace sallyport::service {

// Readers of single values. Each stores into `out`, or says what it expected.

/// Decimal, without sign or leading zeros.
Reading read_integer(std::string_view text, std::uint32_t min, std::uint32_t max, std::uint32_t& out);
/// "250ms", "15s", "15m", "1h", "30d".
Reading read_duration(std::string_view text, std::chrono::milliseconds min, std::chrono::milliseconds max,
                      std::chrono::milliseconds& out);
/// The same in whole seconds.
Reading read_duration(std::string_view text, std::chrono::seconds min, std::chrono::seconds max,
                      std::chrono::seconds& out);
Reading read_boolean(std::string_view text, bool& out);
/// 1 to 255 bytes.
Reading read_text(std::string_view text, std::string& out);
Reading read_log_level(std::string_view text, log::Level& out);
/// Adds one.
Reading read_listen_point(std::string_view text, std::vector<net::ListenPoint>& out);
Reading read_block(std::string_view text, std::vector<Cidr>& out);

}  // namespace sallyport::service
