#include "middleware/rate_limit_filter.hpp"

#include <string>

#include <fmt/format.h>

#include "middleware/authenticate.hpp"
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

std::optional<net::Response> judge(const Exchange& exchange, const Verdict& verdict) {
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

rate_limit::Caller caller_of(const Exchange& exchange, const Fields& fields) {
  rate_limit::Caller caller{.address = exchange.client, .headers = &fields};
  if (exchange.principal) {
    caller.issuer = exchange.principal->issuer();
    caller.subject = exchange.principal->subject();
  }
  return caller;
}

}  // namespace

const rate_limit::LimitPlan& LimitStep::plan_of(PolicyList policies, std::string_view bucket) {
  auto& plan = plans_[{policies.data(), bucket.data()}];
  if (!plan) plan = std::make_unique<rate_limit::LimitPlan>(policies, bucket, settings_, metrics_);
  return *plan;
}

std::optional<net::Response> LimitStep::try_without_store(const Exchange& exchange, PolicyList policies,
                                                          const rate_limit::LimitPlan*& plan,
                                                          std::optional<Verdict>& verdict) {
  const Fields fields(exchange.request.fields);
  plan = &plan_of(policies, exchange.lookup.bucket);
  verdict = limiter_.try_without_store(*plan, caller_of(exchange, fields));
  return verdict ? judge(exchange, *verdict) : std::nullopt;
}

runtime::Task<std::optional<net::Response>> LimitStep::ask_store(Exchange& exchange, const rate_limit::LimitPlan& plan,
                                                                 std::optional<Verdict>& verdict) {
  const Fields fields(exchange.request.fields);
  const SteadyTime asked = clock_.now();
  verdict.emplace(plan);
  co_await limiter_.decide(plan, caller_of(exchange, fields), *verdict);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock_.now() - asked);
  exchange.limiter_time = exchange.limiter_time == kNotMeasured ? took : exchange.limiter_time + took;
  co_return judge(exchange, *verdict);
}

std::optional<net::Response> RateLimit::on_request(Exchange& exchange) {
  return step_.try_without_store(exchange, exchange.lookup.policies, exchange.plan, exchange.verdict);
}

bool RateLimit::must_wait(Exchange& exchange) {
  return !exchange.verdict;
}

runtime::Task<std::optional<net::Response>> RateLimit::wait(Exchange& exchange) {
  authenticate_.look_ahead(exchange);
  return step_.ask_store(exchange, *exchange.plan, exchange.verdict);
}

void RateLimit::on_response(Exchange& exchange, net::Response& response) {
  if (!exchange.verdict) return;
  if (exchange.user_verdict) {
    rate_limit::append_limit_fields(response.fields, *exchange.verdict, *exchange.user_verdict);
  } else {
    rate_limit::append_limit_fields(response.fields, *exchange.verdict);
  }
}

std::optional<net::Response> RateLimitByUser::on_request(Exchange& exchange) {
  if (exchange.lookup.user_policies.empty()) return std::nullopt;
  return step_.try_without_store(exchange, exchange.lookup.user_policies, exchange.user_plan, exchange.user_verdict);
}

bool RateLimitByUser::must_wait(Exchange& exchange) {
  return !exchange.lookup.user_policies.empty() && !exchange.user_verdict;
}

runtime::Task<std::optional<net::Response>> RateLimitByUser::wait(Exchange& exchange) {
  return step_.ask_store(exchange, *exchange.user_plan, exchange.user_verdict);
}

}  // namespace sallyport::api_gateway
