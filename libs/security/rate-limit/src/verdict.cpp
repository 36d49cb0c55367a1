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

/// The one that a client has to mind: among violated policies the one that keeps it waiting longest, else the one with
/// the least left.
const Verdict::Entry& tightest(std::span<const Verdict::Entry> entries) noexcept {
  const Verdict::Entry* best = &entries.front();
  for (const Verdict::Entry& entry : entries) {
    if (entry.violated != best->violated
            ? entry.violated
            : (entry.violated ? entry.reset > best->reset : entry.remaining < best->remaining)) {
      best = &entry;
    }
  }
  return *best;
}

}  // namespace

void append_policy_line(std::string& out, const LimitPlan& plan, std::uint8_t omitted) {
  bool first = true;
  for (std::size_t i = 0; i < plan.buckets().size(); ++i) {
    if (((omitted >> i) & 1U) != 0) continue;
    const Policy& policy = *plan.buckets()[i].policy;
    append_policy_item(out, first, policy, policy.limit);
    first = false;
  }
  if (!first) out.append("\r\n");
}

void append_limit_fields(std::string& out, const Verdict& verdict) {
  const auto entries = verdict.entries();
  if (entries.empty()) return;
  const Verdict::Entry& shown = tightest(entries);
  out.append("X-RateLimit-Limit: ");
  append_number(out, shown.limit);
  out.append("\r\nX-RateLimit-Remaining: ");
  append_number(out, shown.remaining);
  out.append("\r\n");

  const LimitPlan& plan = *verdict.plan_;
  if (verdict.shares_) {
    bool first = true;
    for (const Verdict::Entry& entry : entries) {
      append_policy_item(out, first, verdict.policy(entry), entry.limit);
      first = false;
    }
    out.append("\r\n");
  } else if (verdict.omitted_ == plan.shadow_mask()) {
    out.append(plan.policy_line());
  } else {
    append_policy_line(out, plan, verdict.omitted_);
  }

  bool first = true;
  for (const Verdict::Entry& entry : entries) {
    out.append(first ? "RateLimit: \"" : ", \"").append(verdict.policy(entry).name).append("\";r=");
    append_number(out, entry.remaining);
    out.append(";t=");
    append_number(out, seconds_up(entry.reset));
    first = false;
  }
  out.append("\r\n");
}

}  // namespace sallyport::rate_limit
