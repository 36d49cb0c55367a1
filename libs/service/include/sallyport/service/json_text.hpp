#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::service {

/// A point in time with the precision that our answers have.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// "2026-01-31T12:34:56.000001Z" (RFC 3339).
std::string format_time(Timestamp time);

/// A JSON string with its quotes.
void append_string(std::string& out, std::string_view text);

/// `"name":value` behind what `out` holds of an object, with a comma unless `out` ends with '{'. name: plain ASCII.
void append_member(std::string& out, std::string_view name, std::string_view text);
void append_member(std::string& out, std::string_view name, Timestamp time);
void append_member(std::string& out, std::string_view name, std::chrono::seconds seconds);
/// The name and the colon alone: the caller appends the value.
void append_name(std::string& out, std::string_view name);

template <std::integral T>
  requires(!std::same_as<T, bool>)
void append_member(std::string& out, std::string_view name, T number) {
  append_name(out, name);
  out.append(std::to_string(number));
}
template <std::same_as<bool> T>
void append_member(std::string& out, std::string_view name, T value) {
  append_name(out, name);
  out.append(value ? "true" : "false");
}
/// null when there is none.
template <class T>
void append_member(std::string& out, std::string_view name, const std::optional<T>& value) {
  if (value) return append_member(out, name, *value);
  append_name(out, name);
  out.append("null");
}

/// `{"data":[…],"next_cursor":…}` and a line feed: one page of a list. append(out, entry) writes one of them.
template <class Entries, class Append>
std::string page_json(const Entries& entries, const std::optional<std::string>& next_cursor, Append append) {
  std::string out = "{\"data\":[";
  for (const auto& entry : entries) {
    if (!out.ends_with('[')) out.push_back(',');
    append(out, entry);
  }
  out.push_back(']');
  append_member(out, "next_cursor", next_cursor);
  return out.append("}\n");
}

}  // namespace sallyport::service
