#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/api_gateway/config.hpp"
#include "sallyport/net/http/message.hpp"

namespace sallyport::api_gateway {

/// Fields to put on an answer: views into the CorsRules that made them, or static.
class CorsFields final {
 public:
  const net::http::Field* begin() const noexcept { return fields_.data(); }
  const net::http::Field* end() const noexcept { return fields_.data() + size_; }
  std::size_t size() const noexcept { return size_; }
  void add(std::string_view name, std::string_view value) noexcept { fields_[size_++] = {name, value}; }

 private:
  std::size_t size_ = 0;
  std::array<net::http::Field, 6> fields_;
};

/// Who may use the API from a page of another origin (the Fetch standard's CORS protocol). Immutable.
/// What is allowed is written from the configuration: nothing that the request says is ever copied into an answer.
class CorsRules final {
 public:
  explicit CorsRules(const CorsConfig& config);

  /// False: no origin is configured, and nothing else here need be asked.
  bool enabled() const noexcept { return !origins_.empty(); }
  /// OPTIONS with one Origin and an Access-Control-Request-Method: answered by the gateway with 204 and no body, before
  /// rate limits. Never true when CORS is off.
  bool is_preflight(const net::http::RequestHead& request) const noexcept;
  /// For that 204. An unlisted origin is told nothing but what the answer depends on.
  CorsFields preflight_fields(const net::http::FieldList& request) const noexcept;
  /// For every other answer, errors included. `Vary: Origin` is a line of its own and does not replace another Vary.
  CorsFields response_fields(const net::http::FieldList& request) const noexcept;

 private:
  const std::string* allowed_origin(const net::http::FieldList& request) const noexcept;

  std::vector<std::string> origins_;
  std::string methods_, headers_, max_age_;
  bool credentials_;
};

/// Fields that only the gateway may set when CORS is on; an upstream's own are to be dropped.
bool is_cors_response_field(std::string_view name) noexcept;

}  // namespace sallyport::api_gateway
