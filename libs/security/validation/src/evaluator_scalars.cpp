#include <algorithm>

#include <fmt/format.h>

#include "evaluation.hpp"
#include "json_value.hpp"
#include "utf8.hpp"

namespace sallyport::validation {

namespace json = boost::json;

namespace {

constexpr double kTwoTo31 = 2147483648.0;

std::string characters(std::size_t count) {
  return fmt::format("{} character{}", count, count == 1 ? "" : "s");
}

bool fits(const json::value& value, Format format) noexcept {
  if (format == Format::Int64) return !value.is_uint64() && !value.is_double();
  return value.is_int64() && static_cast<double>(value.get_int64()) >= -kTwoTo31 &&
         static_cast<double>(value.get_int64()) < kTwoTo31;
}

}  // namespace

bool Evaluation::check_values(const ValueRules& rules, const Value& value, const Place& place) {
  bool passed = true;
  if (rules.has_enum) {
    const json::string* const text = value.if_string();
    const bool known =
        text != nullptr
            ? std::ranges::binary_search(rules.texts, view_of(*text), std::ranges::less(),
                                         [](const auto& one) { return std::string_view(one); })
            : std::ranges::any_of(rules.others, [&value](const auto& one) { return equal_values(one, value); });
    if (!known) passed = fail(place, "enum", rules.enum_message);
  }
  if (rules.constant && !equal_values(*rules.constant, value)) passed = fail(place, "const", rules.const_message);
  return passed;
}

bool Evaluation::check_number(const NumberRules& rules, const Value& value, const Place& place) {
  const Number number = *Number::of(value);
  bool passed = true;
  const auto refuse = [&](std::string_view code, std::string_view words, const Number& limit) {
    passed = stop() ? false : fail(place, code, fmt::format("{} {}", words, limit.to_text()));
  };
  if (rules.minimum && number < *rules.minimum) refuse("minimum", "must be at least", *rules.minimum);
  if (rules.maximum && number > *rules.maximum) refuse("maximum", "must be at most", *rules.maximum);
  if (rules.exclusive_minimum && number <= *rules.exclusive_minimum) {
    refuse("exclusive_minimum", "must be more than", *rules.exclusive_minimum);
  }
  if (rules.exclusive_maximum && number >= *rules.exclusive_maximum) {
    refuse("exclusive_maximum", "must be less than", *rules.exclusive_maximum);
  }
  if (rules.multiple_of && !number.is_multiple_of(*rules.multiple_of)) {
    refuse("multiple_of", "must be a multiple of", *rules.multiple_of);
  }
  return passed;
}

bool Evaluation::check_string(const Node& node, const Value& value, const Place& place) {
  bool passed = true;
  const json::string* const string = value.if_string();
  if (node.string && string != nullptr) {
    const StringRules& rules = *node.string;
    const std::string_view text = view_of(*string);
    const bool counts = rules.length_min > 0 || rules.length_max != kNoMaximum;
    const std::size_t length = counts ? count_characters(text) : 0;
    if (length < rules.length_min) {
      passed = stop() ? false : fail(place, "min_length", "must have at least " + characters(rules.length_min));
    }
    if (length > rules.length_max) {
      // A text that is too long is not searched as well.
      return stop() ? false : fail(place, "max_length", "must have at most " + characters(rules.length_max));
    }
    if (!passed && stop()) return false;
    if (rules.pattern && !rules.pattern->matches(text)) {
      passed = fail(place, "pattern", "does not have the form that is asked for");
    }
  }
  if (node.format && !check_format(*node.format, value, place)) passed = false;
  return passed;
}

bool Evaluation::check_format(Format format, const Value& value, const Place& place) {
  if (format == Format::Int32 || format == Format::Int64) {
    if (!value.is_number() || (type_of(value) & kInteger) == 0 || fits(value, format)) return true;
    return fail(place, "format",
                format == Format::Int32 ? "must be an integer of 32 bits" : "must be an integer of 64 bits");
  }
  const json::string* const string = value.if_string();
  if (string == nullptr || has_format(view_of(*string), format)) return true;
  return stop() ? false : fail(place, "format", fmt::format("must be a valid {}", name_of(format)));
}

}  // namespace sallyport::validation
