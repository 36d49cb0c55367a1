#include "http/receive_form.hpp"

#include "sallyport/service/answers.hpp"
#include "sallyport/service/body.hpp"

namespace sallyport::auth_service {

runtime::Task<std::expected<Form, net::Response>> receive_form(Exchange& exchange, std::span<const FormField> fields,
                                                               EmptyBody empty) {
  auto text = co_await service::receive_json_text(exchange);
  if (!text) co_return std::unexpected(std::move(text.error()));
  if (text->empty() && empty == EmptyBody::IsNoMember) co_return Form();
  auto form = read_form(*text, fields);
  if (form) co_return *std::move(form);
  if (const auto* malformed = std::get_if<MalformedJson>(&form.error())) {
    co_return std::unexpected(service::refuse(exchange, ErrorCode::MalformedRequest, malformed->why));
  }
  co_return std::unexpected(service::refuse_invalid(exchange, std::get<std::vector<FormError>>(form.error())));
}

}  // namespace sallyport::auth_service
