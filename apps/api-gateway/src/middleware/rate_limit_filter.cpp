#include "middleware/rate_limit_filter.hpp"

#include <string>

#include <fmt/format.h>

#include "refuse.hpp"

namespace sallyport::api_gateway {

using rate_limit::Verdict;

namespace {

/// The fields of the request, as the limiter looks for its keys.
class Fields final : public rate_limit::HeaderLookup {
 public:
  explicit Fields(const net::http::FieldList& fields) : fields_(fields) {}
  std::optional<std::string_view> find(std::string_view lower_name) const override { return fields_.find(lower_name); }

 private:
  const net::http::FieldList& fields_;
};

net::Response too_many(const Exchange& exchange, const Verdict& verdict) {
  std::string members = fmt::format(R"("retry_after":{},"violated_policies":[)", verdict.retry_after.count());
  bool first = true;
  for (const auto& entry : verdict.entries()) {
    if (!entry.violated) continue;
    members.append(first ? "\"" : ",\"").append(verdict.policy(entry).name).append("\"");
    first = false;
  }
  members.push_back(']');
  net::Response response = refuse(exchange, ErrorCode::RateLimited,
                                  "The limit has no room left for this request; try again later.", members);
  response.add("Retry-After", fmt::format_int(verdict.retry_after.count()).c_str());
  return response;
}

}  // namespace

std::optional<net::Response> RateLimit::judge(Exchange& exchange) {
  const Verdict& verdict = *exchange.verdict;
  switch (verdict.outcome) {
    case Verdict::Outcome::Allowed:
      return std::nullopt;
    case Verdict::Outcome::Denied:
      return too_many(exchange, verdict);
    case Verdict::Outcome::Unavailable:
      break;
  }
  net::Response response =
      refuse(exchange, ErrorCode::LimiterUnavailable, "The rate limit cannot be checked now; try again soon.");
  response.add("Retry-After", fmt::format_int(std::max<std::int64_t>(1, verdict.retry_after.count())).c_str());
  return response;
}

const rate_limit::LimitPlan& RateLimit::plan_of(const Lookup& lookup) {
  auto& plan = plans_[{lookup.policies.data(), lookup.bucket.data()}];
  if (!plan) plan = std::make_unique<rate_limit::LimitPlan>(lookup.policies, lookup.bucket, settings_, metrics_);
  return *plan;
}

std::optional<net::Response> RateLimit::on_request(Exchange& exchange) {
  const Fields fields(exchange.request.fields);
  exchange.plan = &plan_of(exchange.lookup);
  exchange.verdict = limiter_.try_without_store(*exchange.plan, {exchange.client, &fields});
  return exchange.verdict ? judge(exchange) : std::nullopt;
}

bool RateLimit::must_wait(Exchange& exchange) {
  return !exchange.verdict;
}

runtime::Task<std::optional<net::Response>> RateLimit::wait(Exchange& exchange) {
  const Fields fields(exchange.request.fields);
  const SteadyTime asked = clock_.now();
  exchange.verdict.emplace(*exchange.plan);
  co_await limiter_.decide(*exchange.plan, {exchange.client, &fields}, *exchange.verdict);
  exchange.limiter_time = std::chrono::duration_cast<std::chrono::microseconds>(clock_.now() - asked);
  co_return judge(exchange);
}

void RateLimit::on_response(Exchange& exchange, net::Response& response) {
  if (exchange.verdict) rate_limit::append_limit_fields(response.fields, *exchange.verdict);
}

}  // namespace sallyport::api_gateway
