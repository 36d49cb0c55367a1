#include "redis_acquire.hpp"

#include <algorithm>

#include "charge_math.hpp"

namespace sallyport::rate_limit {
namespace {

std::string_view kind_of(const Policy& policy) noexcept {
  switch (policy.algorithm) {
    case Algorithm::Sliding:
      return "s";
    case Algorithm::Gcra:
      return "g";
    case Algorithm::Fixed:
      break;
  }
  return policy.count == Count::Failures ? "e" : "f";
}

void write_mixed(CommandWriter& out, const Charge& charge) {
  out.word(kind_of(*charge.policy));
  out.word(std::string_view(charge.policy->shadow ? "1" : "0"));
  if (charge.policy->algorithm == Algorithm::Gcra) {
    const GcraNumbers numbers = gcra_numbers(charge);
    out.word(numbers.increment_us);
    out.word(numbers.tolerance_us);
    out.word(numbers.one_us);
  } else {
    out.word(charge.cost);
    out.word(charge.limit);
    out.word(std::int64_t{charge.policy->window.count()});
  }
}

/// The fixed scripts answer the count as if charged and the remaining ms, and leave the rest to us.
Decision read_fixed(std::span<const Charge> charges, std::span<const std::int64_t> reply) {
  Decision decision;
  for (std::size_t i = 0; i < charges.size(); ++i) {
    decision.usage[i].allowed = reply[2 * i] <= charges[i].limit;
    if (!decision.usage[i].allowed && !charges[i].policy->shadow) decision.allowed = false;
  }
  for (std::size_t i = 0; i < charges.size(); ++i) {
    Usage& usage = decision.usage[i];
    const bool charged = decision.allowed && usage.allowed;
    usage.used = charged ? reply[2 * i] : reply[2 * i] - charges[i].cost;
    usage.reset = std::chrono::milliseconds(reply[2 * i + 1]);
  }
  return decision;
}

Decision read_mixed(std::span<const Charge> charges, std::span<const std::int64_t> reply) {
  Decision decision;
  for (std::size_t i = 0; i < charges.size(); ++i) {
    decision.usage[i] = {.allowed = reply[4 * i] != 0,
                         .reset = std::chrono::milliseconds(reply[4 * i + 2]),
                         .window_end_ms = reply[4 * i + 3],
                         .used = reply[4 * i + 1]};
    if (!decision.usage[i].allowed && !charges[i].policy->shadow) decision.allowed = false;
  }
  return decision;
}

void add_remaining(Decision& decision, std::span<const Charge> charges) {
  decision.size = static_cast<std::uint8_t>(charges.size());
  for (std::size_t i = 0; i < charges.size(); ++i) {
    Usage& usage = decision.usage[i];
    usage.remaining = std::max<std::int64_t>(0, capacity(charges[i]) - usage.used);
  }
}

}  // namespace

AcquireScript choose_script(std::span<const Charge> charges) noexcept {
  const bool lean = std::ranges::all_of(charges, [](const Charge& charge) {
    return charge.policy->algorithm == Algorithm::Fixed && charge.policy->count == Count::All;
  });
  if (!lean) return AcquireScript::Acquire;
  // The shortest script takes it for granted that a new window has room.
  const bool one = charges.size() == 1 && charges.front().cost <= charges.front().limit;
  return one ? AcquireScript::FixedOne : AcquireScript::Fixed;
}

std::size_t argument_words(AcquireScript script, std::size_t charges) noexcept {
  switch (script) {
    case AcquireScript::FixedOne:
      return 4;
    case AcquireScript::Fixed:
      return charges * 5;
    case AcquireScript::Acquire:
      break;
  }
  return charges * 6;
}

std::size_t reply_integers(AcquireScript script, std::size_t charges) noexcept {
  return script == AcquireScript::Acquire ? charges * 4 : charges * 2;
}

void write_arguments(CommandWriter& out, AcquireScript script, std::span<const Charge> charges) {
  for (const Charge& charge : charges) out.word(charge.key);
  for (const Charge& charge : charges) {
    if (script == AcquireScript::Acquire) {
      write_mixed(out, charge);
      continue;
    }
    out.word(charge.cost);
    out.word(charge.limit);
    out.word(std::int64_t{charge.policy->window.count()});
    if (script == AcquireScript::Fixed) out.word(std::string_view(charge.policy->shadow ? "1" : "0"));
  }
}

Decision read_decision(AcquireScript script, std::span<const Charge> charges, std::span<const std::int64_t> reply) {
  Decision decision = script == AcquireScript::Acquire ? read_mixed(charges, reply) : read_fixed(charges, reply);
  add_remaining(decision, charges);
  return decision;
}

void write_look(CommandWriter& out, std::span<const Charge> charges, std::string_view what) {
  write_arguments(out, AcquireScript::Acquire, charges);
  out.word(what);
}

std::size_t look_words(std::size_t charges) noexcept {
  return argument_words(AcquireScript::Acquire, charges) + 1;
}

std::size_t look_integers(std::size_t charges) noexcept {
  return charges * 3;
}

Decision read_look(std::span<const Charge> charges, std::span<const std::int64_t> reply) {
  Decision decision;
  for (std::size_t i = 0; i < charges.size(); ++i) {
    Usage& usage = decision.usage[i];
    usage = {
        .allowed = reply[3 * i] != 0, .reset = std::chrono::milliseconds(reply[3 * i + 2]), .used = reply[3 * i + 1]};
    if (!usage.allowed && !charges[i].policy->shadow) decision.allowed = false;
  }
  add_remaining(decision, charges);
  return decision;
}

}  // namespace sallyport::rate_limit
