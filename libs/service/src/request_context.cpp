#include "sallyport/service/request_context.hpp"

#include <algorithm>
#include <charconv>

#include "sallyport/core/uuid.hpp"

namespace sallyport::service {
namespace {

using net::http::FieldList;

/// The value of a field that stands there exactly once.
std::optional<std::string_view> the_one(const FieldList& fields, std::string_view name) noexcept {
  return fields.count(name) == 1 ? fields.find(name) : std::nullopt;
}

std::optional<std::chrono::milliseconds> parse_milliseconds(std::string_view text) noexcept {
  std::uint32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || value == 0) return std::nullopt;
  return std::chrono::milliseconds(value);
}

}  // namespace

std::vector<Cidr> loopback_blocks() {
  return {*Cidr::parse("127.0.0.0/8"), *Cidr::parse("::1")};
}

void RequestContext::prepare(Exchange& exchange) const {
  exchange.received = clock_.wall_now();
  const bool trusted = exchange.head_valid && std::ranges::any_of(trusted_gateways_, [&](const Cidr& block) {
                         return block.contains(exchange.peer);
                       });
  std::chrono::milliseconds budget = kRequestBudget;
  std::optional<std::string_view> trace_parent;
  IpAddress client = exchange.peer;
  if (trusted) {
    const FieldList& fields = exchange.request.fields;
    const auto forwarded = the_one(fields, "x-forwarded-for");
    // A gateway names one client and nothing else; a list would be somebody's invention.
    if (const auto named = forwarded ? IpAddress::parse(*forwarded) : std::nullopt) client = *named;
    exchange.internal_access = fields.count("x-forwarded-for") == 0;
    if (const auto proto = the_one(fields, "x-forwarded-proto"); proto && *proto == "https") exchange.scheme = "https";
    if (const auto id = the_one(fields, "x-request-id"); id && Uuid::parse(*id)) exchange.request_id = *id;
    if (const auto left = the_one(fields, "x-request-timeout-ms")) {
      budget = std::min(budget, parse_milliseconds(*left).value_or(budget));
    }
    trace_parent = the_one(fields, "traceparent");
  }
  client.append_to(exchange.client_text);
  if (exchange.request_id.empty()) exchange.request_id = Uuid::v7(exchange.received, random_).to_string();
  exchange.trace = trace::TraceContext::continue_or_begin(trace_parent, random_);
  exchange.deadline = Deadline::after(exchange.started, budget);
}

}  // namespace sallyport::service
