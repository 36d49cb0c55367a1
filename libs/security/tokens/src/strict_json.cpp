#include "strict_json.hpp"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <span>

namespace sallyport::tokens {

namespace json = boost::json;

/// Receives the parser's events. Everything is appended to buffers that were sized for the whole text, so views stay
/// valid. A handler that returns false stops the parser.
struct JsonBuilder {
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

  JsonBuilder(std::size_t text_bytes, std::size_t most_values) : values_max(most_values) {
    // Unescaping never makes a string longer.
    document.text_.reserve(text_bytes);
    document.values_.reserve(16);
  }

  StrictJson document;
  std::size_t values_max;
  JsonError failure = JsonError::Syntax;
  std::array<std::uint32_t, StrictJson::kDepthMax + 1> open{};  ///< indices of the containers that are open
  std::size_t depth = 0;
  std::size_t pending = 0;  ///< where the string or number that arrives in parts begins
  std::string_view name;
  std::vector<std::string_view> names;  ///< scratch for looking for duplicates

  bool stop(JsonError why, json::error_code& ec) {
    failure = why;
    ec = json::error::extra_data;
    return false;
  }
  void append(json::string_view part) { document.text_.insert(document.text_.end(), part.begin(), part.end()); }
  std::string_view take(json::string_view last) {
    append(last);
    const std::string_view whole(document.text_.data() + pending, document.text_.size() - pending);
    pending = document.text_.size();
    return whole;
  }
  bool add(JsonKind kind, std::string_view text, bool truth, json::error_code& ec) {
    if (document.values_.size() == values_max) return stop(JsonError::TooManyValues, ec);
    const auto index = static_cast<std::uint32_t>(document.values_.size());
    document.values_.push_back({kind, truth, index + 1, std::exchange(name, {}), text});
    return true;
  }
  bool enter(JsonKind kind, json::error_code& ec) {
    if (depth == StrictJson::kDepthMax) return stop(JsonError::Syntax, ec);
    open[depth++] = static_cast<std::uint32_t>(document.values_.size());
    return add(kind, {}, false, ec);
  }
  void leave() { document.values_[open[--depth]].end = static_cast<std::uint32_t>(document.values_.size()); }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_array_begin(json::error_code& ec) { return enter(JsonKind::Array, ec); }
  bool on_array_end(std::size_t, json::error_code&) {
    leave();
    return true;
  }
  bool on_object_begin(json::error_code& ec) { return enter(JsonKind::Object, ec); }
  bool on_object_end(std::size_t members, json::error_code& ec) {
    leave();
    if (members < 2) return true;
    const auto& values = document.values_;
    names.clear();
    // Sorting, not hashing: names that collide on purpose cost nothing here.
    for (std::size_t i = open[depth] + 1; i < values[open[depth]].end; i = values[i].end) {
      names.push_back(values[i].name);
    }
    std::ranges::sort(names);
    return std::ranges::adjacent_find(names) == names.end() || stop(JsonError::DuplicateName, ec);
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    append(part);
    return true;
  }
  bool on_string(json::string_view last, std::size_t, json::error_code& ec) {
    return add(JsonKind::String, take(last), false, ec);
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    append(part);
    return true;
  }
  bool on_key(json::string_view last, std::size_t, json::error_code&) {
    name = take(last);
    return true;
  }
  bool on_number_part(json::string_view part, json::error_code&) {
    append(part);
    return true;
  }
  bool on_int64(std::int64_t, json::string_view last, json::error_code& ec) {
    return add(JsonKind::Number, take(last), false, ec);
  }
  bool on_uint64(std::uint64_t, json::string_view last, json::error_code& ec) {
    return add(JsonKind::Number, take(last), false, ec);
  }
  bool on_double(double, json::string_view last, json::error_code& ec) {
    return add(JsonKind::Number, take(last), false, ec);
  }
  bool on_bool(bool truth, json::error_code& ec) { return add(JsonKind::Bool, {}, truth, ec); }
  bool on_null(json::error_code& ec) { return add(JsonKind::Null, {}, false, ec); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

std::expected<StrictJson, JsonError> StrictJson::parse(std::string_view text, Limits limits) {
  if (text.size() > limits.bytes_max) return std::unexpected(JsonError::TooLarge);
  json::parse_options options;
  options.max_depth = kDepthMax;
  json::basic_parser<JsonBuilder> parser(options, text.size(), limits.values_max);
  json::error_code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (ec) return std::unexpected(parser.handler().failure);
  if (used != text.size() || !parser.done()) return std::unexpected(JsonError::Syntax);
  return std::move(parser.handler().document);
}

const StrictJson::Value* StrictJson::find(const Value& object, std::string_view name) const noexcept {
  if (object.kind != JsonKind::Object) return nullptr;
  for (const Value* member = first(object); member != nullptr; member = next(object, *member)) {
    if (member->name == name) return member;
  }
  return nullptr;
}

const StrictJson::Value* StrictJson::first(const Value& parent) const noexcept {
  const std::size_t at = index(parent) + 1;
  return at < parent.end ? &values_[at] : nullptr;
}

const StrictJson::Value* StrictJson::next(const Value& parent, const Value& child) const noexcept {
  return child.end < parent.end ? &values_[child.end] : nullptr;
}

std::optional<std::int64_t> integer_of(const StrictJson::Value& value) noexcept {
  if (value.kind != JsonKind::Number) return std::nullopt;
  std::int64_t number = 0;
  const char* const end = value.text.data() + value.text.size();
  const auto [stopped, error] = std::from_chars(value.text.data(), end, number);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return number;
}

}  // namespace sallyport::tokens
