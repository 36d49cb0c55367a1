#include "sallyport/rate_limit/verdict.hpp"

#include <charconv>

#include "charge_math.hpp"

namespace sallyport::rate_limit {
namespace {

void append_number(std::string& out, std::int64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

std::int64_t seconds_up(std::chrono::milliseconds time) noexcept {
  return ceil_div(time.count(), 1000);
}

void append_policy_item(std::string& out, bool first, const Policy& policy, std::int64_t limit) {
  out.append(first ? "RateLimit-Policy: \"" : ", \"").append(policy.name).append("\";q=");
  append_number(out, limit);
  out.append(";w=");
  append_number(out, seconds_up(policy.window));
}

/// Whether a client has to mind `a` rather than `b`: a violated policy first, of two such the one that keeps it waiting
/// longer, else the one with less left.
bool nearer(const Verdict::Entry& a, const Verdict::Entry& b) noexcept {
  if (a.violated != b.violated) return a.violated;
  return a.violated ? a.reset > b.reset : a.remaining < b.remaining;
}

const Verdict::Entry& tightest(std::span<const Verdict::Entry> entries) noexcept {
  const Verdict::Entry* best = &entries.front();
  for (const Verdict::Entry& entry : entries) {
    if (nearer(entry, *best)) best = &entry;
  }
  return *best;
}

void append_numbers(std::string& out, const Verdict::Entry& shown) {
  out.append("X-RateLimit-Limit: ");
  append_number(out, shown.limit);
  out.append("\r\nX-RateLimit-Remaining: ");
  append_number(out, shown.remaining);
  out.append("\r\n");
}

/// Appends to the policies of the RateLimit-Policy line. omitted: bit i: bucket i is left out.
void append_policies(std::string& out, bool& first, const LimitPlan& plan, std::uint8_t omitted) {
  for (std::size_t i = 0; i < plan.buckets().size(); ++i) {
    if (((omitted >> i) & 1U) != 0) continue;
    const Policy& policy = *plan.buckets()[i].policy;
    append_policy_item(out, first, policy, policy.limit);
    first = false;
  }
}

void append_enforced(std::string& out, bool& first, const Verdict& verdict) {
  for (const Verdict::Entry& entry : verdict.entries()) {
    append_policy_item(out, first, verdict.policy(entry), entry.limit);
    first = false;
  }
}

void append_states(std::string& out, bool& first, const Verdict& verdict) {
  for (const Verdict::Entry& entry : verdict.entries()) {
    out.append(first ? "RateLimit: \"" : ", \"").append(verdict.policy(entry).name).append("\";r=");
    append_number(out, entry.remaining);
    out.append(";t=");
    append_number(out, seconds_up(entry.reset));
    first = false;
  }
}

}  // namespace

void append_policy_line(std::string& out, const LimitPlan& plan, std::uint8_t omitted) {
  bool first = true;
  append_policies(out, first, plan, omitted);
  if (!first) out.append("\r\n");
}

void append_limit_fields(std::string& out, const Verdict& verdict) {
  const auto entries = verdict.entries();
  if (entries.empty()) return;
  append_numbers(out, tightest(entries));

  const LimitPlan& plan = *verdict.plan_;
  if (verdict.shares_) {
    bool first = true;
    append_enforced(out, first, verdict);
    out.append("\r\n");
  } else if (verdict.omitted_ == plan.shadow_mask()) {
    out.append(plan.policy_line());
  } else {
    append_policy_line(out, plan, verdict.omitted_);
  }

  bool first = true;
  append_states(out, first, verdict);
  out.append("\r\n");
}

void append_limit_fields(std::string& out, const Verdict& first, const Verdict& second) {
  if (second.entries().empty()) return append_limit_fields(out, first);
  if (first.entries().empty()) return append_limit_fields(out, second);
  const Verdict::Entry& a = tightest(first.entries());
  const Verdict::Entry& b = tightest(second.entries());
  append_numbers(out, nearer(b, a) ? b : a);

  bool start = true;
  for (const Verdict* verdict : {&first, &second}) {
    if (verdict->shares_) {
      append_enforced(out, start, *verdict);
    } else {
      append_policies(out, start, *verdict->plan_, verdict->omitted_);
    }
  }
  out.append("\r\n");
  start = true;
  for (const Verdict* verdict : {&first, &second}) append_states(out, start, *verdict);
  out.append("\r\n");
}

}  // namespace sallyport::rate_limit
