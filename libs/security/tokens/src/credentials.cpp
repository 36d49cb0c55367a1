#include "sallyport/tokens/credentials.hpp"

#include "sallyport/core/ascii.hpp"

namespace sallyport::tokens {
namespace {
constexpr std::string_view kScheme = "bearer ";
}  // namespace

Credentials credentials_of(const net::http::FieldList& fields) noexcept {
  std::string_view value;
  std::size_t count = 0;
  for (const net::http::Field& field : fields) {
    if (!iequals(field.name, "authorization")) continue;
    value = field.value;
    ++count;
  }
  if (count == 0) return {};
  if (count > 1) return {Credentials::Kind::Several, {}};
  const bool bearer = value.size() > kScheme.size() && iequals(value.substr(0, kScheme.size()), kScheme);
  if (!bearer) return {Credentials::Kind::OtherScheme, {}};
  return {Credentials::Kind::Bearer, trim_ows(value.substr(kScheme.size()))};
}

}  // namespace sallyport::tokens
