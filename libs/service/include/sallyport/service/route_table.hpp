#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/net/http/message.hpp"
#include "sallyport/service/exchange.hpp"

namespace sallyport::service {

/// Which of a service's routes a request goes to. Immutable, so thread-safe.
class RouteTable final {
 public:
  struct Entry {
    net::http::Method method;  ///< Get takes HEAD too
    std::string_view pattern;
  };
  /// Throws std::invalid_argument for a pattern that is none, more than kPathParametersMax parameters, and two entries
  /// that would take the same requests.
  explicit RouteTable(std::span<const Entry> entries);

  struct Match {
    std::string_view pattern;          ///< empty: no route has this path. Lives as long as the table
    std::optional<std::size_t> index;  ///< in entries; nullopt: the path has no route for this method
    std::string_view allow;            ///< the value of Allow for this path
    PathParameters parameters;         ///< values are views into `path`, names into the table
  };
  /// Fixed segments count before parameters: /users/export is not a user with the id "export".
  Match find(std::string_view path, net::http::Method method) const noexcept;
  /// The value of Allow for what has no path of its own.
  const std::string& all_methods() const noexcept { return all_methods_; }

 private:
  struct Path {
    std::string pattern;
    std::vector<std::string> segments;  ///< with braces where they are parameters
    std::vector<std::pair<net::http::Method, std::size_t>> methods;
    std::string allow;
  };
  std::vector<Path> paths_;  ///< those that count first come first
  std::string all_methods_;
};

}  // namespace sallyport::service
