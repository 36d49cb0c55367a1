#include "sallyport/service/paging.hpp"

#include <boost/json/value_to.hpp>

#include "sallyport/service/answers.hpp"

namespace sallyport::service {
namespace {

constexpr auto kQuery = validation::ParameterIn::Query;

}  // namespace

Paging::Paging(const Exchange& exchange, const validation::Parameters& parameters, const cursors::Cursors& cursors,
               std::initializer_list<std::string_view> filters)
    : exchange_(exchange), cursors_(cursors), cursor_(parameters.text(kQuery, "cursor")) {
  scope_.user = exchange.principal.value().user;
  scope_.route = exchange.route;
  for (const std::string_view name : filters) {
    if (const auto value = parameters.text(kQuery, name)) scope_.filters.emplace_back(name, *value);
  }
  // The schema has bounds and a default for it.
  limit_ = static_cast<int>(parameters.find(kQuery, "limit")->to_number<std::int64_t>());
}

std::expected<std::optional<std::string>, net::Response> Paging::position() const {
  if (!cursor_) return std::nullopt;
  auto opened = cursors_.open(scope_, *cursor_);
  if (opened) return *std::move(opened);
  return std::unexpected(refuse_cursor());
}

net::Response Paging::refuse_cursor() const {
  return refuse_invalid(exchange_, FieldError{"/query/cursor", "cursor", "is not the cursor of a page of this list"});
}

}  // namespace sallyport::service
