#pragma once

#include <cstdint>
#include <expected>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/cursors/cursors.hpp"
#include "sallyport/net/response.hpp"
#include "sallyport/service/exchange.hpp"
#include "sallyport/validation/openapi.hpp"

namespace sallyport::service {

/// The page of a list that a request asks for: its length, where it begins, and the cursor to the next one. A cursor is
/// good for the same user, route and filters only. Refers to the exchange, the parameters and the cursors.
class Paging final {
 public:
  /// filters: the names of the query's parameters that narrow the list.
  Paging(const Exchange& exchange, const validation::Parameters& parameters, const cursors::Cursors& cursors,
         std::initializer_list<std::string_view> filters);

  /// Entries of a page.
  int limit() const noexcept { return limit_; }
  /// Where the page before ended; nullopt: this is the first. The 422 for a cursor that is not of this list.
  std::expected<std::optional<std::string>, net::Response> position() const;
  /// That 422.
  net::Response refuse_cursor() const;
  /// The cursor behind an entry. `position`: what position() will answer.
  std::string cursor_behind(std::string_view position) const { return cursors_.seal(scope_, position); }

 private:
  const Exchange& exchange_;
  const cursors::Cursors& cursors_;
  std::optional<std::string_view> cursor_;
  cursors::Scope scope_;
  int limit_;
};

/// Cuts what was read beyond a page's length. True: it was more, so there is a next page.
template <class Entry>
bool cut_to(std::vector<Entry>& entries, int limit) {
  const auto size = static_cast<std::size_t>(limit);
  if (entries.size() <= size) return false;
  entries.erase(entries.begin() + limit, entries.end());
  return true;
}

}  // namespace sallyport::service
