#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

#include "sallyport/net/response.hpp"
#include "sallyport/runtime/task.hpp"
#include "sallyport/service/exchange.hpp"

namespace sallyport::service {

inline constexpr std::size_t kBodyBytesMax = 16384;

/// Whether the body is declared as JSON: one Content-Type, application/json, with no parameter but charset=utf-8.
bool declares_json(const Exchange& exchange) noexcept;

/// The whole body of a request that is declared as JSON, or the answer that says why there is none: 415, 413, 408, 400.
/// Whether the text is JSON, and which, is the next step's question; it may be empty. The media type is checked before
/// anything is read. The view is good until the exchange ends. Cancellation leaves the connection unusable.
runtime::Task<std::expected<std::string_view, net::Response>> receive_json_text(Exchange& exchange,
                                                                                std::size_t bytes_max = kBodyBytesMax);

}  // namespace sallyport::service
