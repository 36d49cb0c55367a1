#include "sallyport/net/http/message.hpp"

#include <algorithm>

#include "sallyport/core/ascii.hpp"

namespace sallyport::net::http {

std::string_view to_string(Method method) noexcept {
  constexpr std::array<std::string_view, 10> kNames = {"GET",    "HEAD",    "POST",    "PUT",   "PATCH",
                                                       "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"};
  static_assert(kNames.size() == static_cast<std::size_t>(Method::Query) + 1);
  return kNames[static_cast<std::size_t>(method)];
}

std::optional<std::string_view> FieldList::find(std::string_view name) const noexcept {
  for (const Field& field : *this) {
    if (iequals(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::size_t FieldList::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(begin(), end(), [name](const Field& field) { return iequals(field.name, name); }));
}

}  // namespace sallyport::net::http
