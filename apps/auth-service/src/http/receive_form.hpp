#pragma once

#include <expected>
#include <span>

#include "http/exchange.hpp"
#include "http/json_form.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::auth_service {

enum class EmptyBody : std::uint8_t { Refused, IsNoMember };

/// The form in the body of a request, or the answer that says why there is none. The media type is checked before
/// anything is read. Cancellation leaves the connection unusable.
runtime::Task<std::expected<Form, net::Response>> receive_form(Exchange& exchange, std::span<const FormField> fields,
                                                               EmptyBody empty = EmptyBody::Refused);

}  // namespace sallyport::auth_service
