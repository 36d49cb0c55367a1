#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace sallyport::validation {

inline std::string_view view_of(boost::json::string_view text) noexcept {
  return {text.data(), text.size()};
}
inline std::string_view view_of(const boost::json::string& text) noexcept {
  return {text.data(), text.size()};
}

/// Equality of JSON Schema (core, section 4.2.2): numbers by value, objects without order.
bool equal_values(const boost::json::value& left, const boost::json::value& right);

/// Whether no two elements are equal. O(n log n) in the bytes of the array: by sorting.
bool are_unique(const boost::json::array& elements);

/// The member of that name, or nullptr; nullptr too when `value` is no object.
const boost::json::value* member(const boost::json::value& value, std::string_view name) noexcept;

/// The text of a string member, or nullptr when there is none.
const boost::json::string* string_member(const boost::json::value& value, std::string_view name) noexcept;

/// `name` as a reference token of a JSON pointer (RFC 6901 section 3).
std::string pointer_token(std::string_view name);

/// What a JSON pointer leads to in `root`, or nullptr. `pointer` is "" or begins with '/'.
const boost::json::value* resolve_pointer(const boost::json::value& root, std::string_view pointer);

/// The pointer that leads from `root` to `target`, which is in it; "" when it is not. Walks the whole tree.
std::string pointer_to(const boost::json::value& root, const boost::json::value& target);

}  // namespace sallyport::validation
