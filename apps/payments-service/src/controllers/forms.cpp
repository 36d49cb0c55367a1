#include "controllers/forms.hpp"

#include <charconv>

#include "sallyport/core/assert.hpp"

namespace sallyport::payments_service {
namespace {

namespace json = boost::json;

std::int64_t integer_in(const json::object& form, json::string_view name) {
  return form.at(name).to_number<std::int64_t>();
}

std::string text_of(const json::value& value) {
  const json::string& text = value.as_string();
  return std::string(text.data(), text.size());
}

std::optional<std::string> text_in(const json::object& form, json::string_view name) {
  const json::value* value = form.if_contains(name);
  return value != nullptr ? std::optional(text_of(*value)) : std::nullopt;
}

payments::Money money_in(const json::object& form) {
  const auto currency = payments::Currency::parse(text_of(form.at("currency")));
  SALLYPORT_ASSERT(currency.has_value());  // the schema's list is the domain's: tests/contract_test.cpp
  const auto money = payments::Money::of(integer_in(form, "amount"), *currency);
  SALLYPORT_ASSERT(money.has_value() && money->payable());
  return *money;
}

}  // namespace

payments::CreatePayment new_payment(payments::UserId user, const json::value& body) {
  const json::object& form = body.as_object();
  payments::CreatePayment made{.user = user, .amount = money_in(form)};
  if (const json::value* capture = form.if_contains("capture"); capture != nullptr && !capture->as_bool()) {
    made.capture = payments::CaptureMode::Later;
  }
  made.description = text_in(form, "description");
  made.reference = text_in(form, "reference");
  if (const json::value* metadata = form.if_contains("metadata")) {
    for (const auto& pair : metadata->as_object()) {
      made.metadata.emplace_back(std::string(pair.key()), text_of(pair.value()));
    }
  }
  return made;
}

payments::RefundPayment new_refund(payments::UserId user, payments::PaymentId payment, const json::value& body) {
  const json::object& form = body.as_object();
  return {.user = user, .payment = payment, .amount = integer_in(form, "amount"), .reason = text_in(form, "reason")};
}

std::optional<std::int64_t> capture_amount(const json::value& body) {
  if (!body.is_object() || !body.get_object().contains("amount")) return std::nullopt;
  return integer_in(body.get_object(), "amount");
}

std::string position_of(const payments::Payment& payment) {
  return std::to_string(payment.created_at.time_since_epoch().count()) + ":" + payment.id.to_string();
}

std::optional<std::pair<payments::Timestamp, payments::PaymentId>> read_position(std::string_view text) {
  std::int64_t microseconds = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), microseconds);
  const auto used = static_cast<std::size_t>(end - text.data());
  if (failed != std::errc() || used >= text.size() || text[used] != ':') return std::nullopt;
  const auto id = payments::PaymentId::parse(text.substr(used + 1));
  if (!id) return std::nullopt;
  return std::pair(payments::Timestamp(std::chrono::microseconds(microseconds)), *id);
}

}  // namespace sallyport::payments_service
