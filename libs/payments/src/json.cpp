#include "sallyport/payments/json.hpp"

#include <chrono>

#include <fmt/format.h>

#include "sallyport/observability/log.hpp"

namespace sallyport::payments {
namespace {

/// RFC 3339.
std::string format_time(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  log::append_json_escaped(out, text);
  out.push_back('"');
  return out;
}

std::string quoted(const std::optional<std::string>& text) {
  return text ? quoted(std::string_view(*text)) : "null";
}

}  // namespace

std::string to_json(const Payment& payment) {
  return fmt::format(
      R"({{"id":"{}","amount":{},"currency":"{}","status":"{}","captured_amount":{},"refunded_amount":{},)"
      R"("failure_code":{},"description":{},"reference":{},"metadata":{},"created_at":"{}","updated_at":"{}"}})",
      payment.id.to_string(), payment.amount.minor(), payment.amount.currency().code(), name_of(payment.status),
      payment.captured, payment.refunded, quoted(payment.failure_code), quoted(payment.description),
      quoted(payment.reference), payment.metadata, format_time(payment.created_at), format_time(payment.updated_at));
}

std::string to_json(const Refund& refund) {
  return fmt::format(R"({{"id":"{}","payment_id":"{}","amount":{},"reason":{},"status":"{}","created_at":"{}"}})",
                     refund.id.to_string(), refund.payment.to_string(), refund.amount, quoted(refund.reason),
                     name_of(refund.status), format_time(refund.created_at));
}

std::string object_of(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out = "{";
  for (const auto& [name, value] : pairs) {
    if (out.size() > 1) out.push_back(',');
    out.append(quoted(std::string_view(name))).push_back(':');
    out.append(quoted(std::string_view(value)));
  }
  out.push_back('}');
  return out;
}

}  // namespace sallyport::payments
