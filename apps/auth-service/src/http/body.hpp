#pragma once

#include <expected>
#include <span>

#include "http/exchange.hpp"
#include "http/json_form.hpp"
#include "sallyport/net/response.hpp"

namespace sallyport::auth_service {

inline constexpr std::size_t kBodyBytesMax = 16384;

/// Whether the body is declared as JSON: one Content-Type, application/json, with no parameter but charset=utf-8.
bool declares_json(const Exchange& exchange) noexcept;

enum class EmptyBody : std::uint8_t { Refused, IsNoMember };

/// The form in the body of a request, or the answer that says why there is none. The media type is checked before
/// anything is read. Cancellation leaves the connection unusable.
runtime::Task<std::expected<Form, net::Response>> receive_form(Exchange& exchange, std::span<const FormField> fields,
                                                               EmptyBody empty = EmptyBody::Refused);

}  // namespace sallyport::auth_service
