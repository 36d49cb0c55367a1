#include "limit_target.hpp"

#include <algorithm>
#include <chrono>

#include "sallyport/core/ascii.hpp"
#include "sallyport/core/assert.hpp"
#include "sallyport/core/ip_address.hpp"
#include "sallyport/service/json_text.hpp"

namespace sallyport::admin_service {
namespace {

using rate_limit::Counter;
using rate_limit::CounterState;
using rate_limit::LimitCatalog;
using service::append_member;
using service::FieldError;

using Found = std::expected<LimitTarget, FieldError>;

constexpr std::size_t kStatesMax = 256;
constexpr std::size_t kUsedBytesMax = 4000;  // of the 8192 that the details of an audit event can have

std::unexpected<FieldError> wrong_value(std::string message) {
  return std::unexpected(FieldError{"/query/value", "format", std::move(message)});
}

Found find_address(const LimitCatalog& catalog, std::string_view value) {
  const auto address = IpAddress::parse(value);
  if (!address) return wrong_value("must be an address");
  LimitTarget target{.kind = "ip", .counters = rate_limit::counters_of_address(catalog, *address)};
  target.value = target.trace = address->masked_v6(catalog.settings.ipv6_prefix).to_string();
  return target;
}

Found find_user(const LimitCatalog& catalog, std::string_view value) {
  const auto user = accounts::UserId::parse(value);
  if (!user) return wrong_value("must be the id of a user");
  LimitTarget target{.kind = "user", .user = *user};
  target.value = target.trace = user->to_string();
  target.counters = rate_limit::counters_of_user(catalog, target.value);
  return target;
}

Found find_header(const LimitCatalog& catalog, std::string_view value) {
  const std::string_view counted = trim_ows(value);
  if (counted.empty()) return wrong_value("must not be blank");
  LimitTarget target{
      .kind = "header", .value = std::string(counted), .counters = rate_limit::counters_of_header(catalog, counted)};
  std::vector<std::string_view> told;
  for (const Counter& counter : target.counters) {
    if (std::ranges::find(told, counter.identity) != told.end()) continue;
    told.push_back(counter.identity);
    target.trace.append(target.trace.empty() ? "" : " ").append(counter.identity);
  }
  return target;
}

std::int64_t seconds_up(std::chrono::milliseconds time) {
  return std::chrono::ceil<std::chrono::seconds>(time).count();
}

void append_state(std::string& out, const CounterState& state) {
  const rate_limit::Policy& policy = *state.counter.policy;
  const std::string& route = state.counter.route;
  out.push_back('{');
  append_member(out, "name", policy.name);
  append_member(out, "route", route.empty() ? std::nullopt : std::optional(route));
  append_member(out, "algorithm", rate_limit::name_of(policy.algorithm));
  append_member(out, "limit", policy.limit);
  append_member(out, "window_seconds", seconds_up(policy.window));
  append_member(out, "used", state.usage.used);
  append_member(out, "remaining", state.usage.remaining);
  append_member(out, "reset_seconds", seconds_up(state.usage.reset));
  out.push_back('}');
}

}  // namespace

Found find_target(const LimitCatalog& catalog, std::string_view kind, std::string_view value) {
  if (kind == "ip") return find_address(catalog, value);
  if (kind == "user") return find_user(catalog, value);
  SALLYPORT_ASSERT(kind == "header");
  return find_header(catalog, value);
}

std::string limits_json(const LimitTarget& target, std::span<const CounterState> states) {
  std::vector<const CounterState*> shown;
  for (const CounterState& state : states) {
    if (state.counter.reason == Counter::Reason::Kind || state.usage.used > 0) shown.push_back(&state);
  }
  if (shown.size() > kStatesMax) {
    std::erase_if(shown, [](const CounterState* state) { return state->usage.used == 0; });
    shown.resize(std::min(shown.size(), kStatesMax));
  }
  std::string out = "{";
  append_member(out, "kind", target.kind);
  append_member(out, "value", target.value);
  service::append_name(out, "policies");
  out.push_back('[');
  for (const CounterState* state : shown) {
    if (!out.ends_with('[')) out.push_back(',');
    append_state(out, *state);
  }
  return out.append("]}\n");
}

std::string used_text(std::span<const CounterState> states) {
  std::string out;
  for (const CounterState& state : states) {
    if (state.usage.used == 0) continue;
    if (!out.empty()) out.append(", ");
    if (out.size() > kUsedBytesMax) return out.append("and more");
    out.append(state.counter.policy->name).append(" ");
    if (!state.counter.route.empty()) out.append(state.counter.route).append(" ");
    out.append(std::to_string(state.usage.used));
  }
  return out.empty() ? "nothing" : out;
}

}  // namespace sallyport::admin_service
