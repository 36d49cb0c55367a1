#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sallyport/core/clock.hpp"
#include "sallyport/observability/log.hpp"

namespace sallyport::log {

/// What is told of one exchange. The views need to live only as long as the call that takes the record.
struct AccessRecord {
  static constexpr std::int64_t kNotMeasured = -1;

  WallTime time{};
  std::string_view request_id;
  std::array<std::uint8_t, 16> trace_id{};
  std::string_view method;
  std::string_view path;   ///< the canonical path, without the query: a query may hold secrets
  std::string_view route;  ///< the configured pattern; empty when no route matched
  int status = 0;
  std::uint64_t bytes_in = 0;   ///< of the request body
  std::uint64_t bytes_out = 0;  ///< of the answer's body
  std::int64_t total_us = kNotMeasured;
  std::int64_t limiter_us = kNotMeasured;
  std::int64_t upstream_us = kNotMeasured;
  std::string_view client;                 ///< the client's address, after trusted proxies
  std::string_view upstream;               ///< host:port that answered; empty when none was asked
  std::string_view error_code;             ///< the public code of a problem answer; empty when there is none
  std::string_view schema_violation = {};  ///< what breaks its route's schema, a literal; empty: nothing does
};

/// Writes one JSON line for each exchange: {"time":…,"level":"info","event":"request","request_id":…, …}, always
/// with the same keys: what is empty or was not measured is null. A logger in Text format gets a short line for a
/// person instead: time, method, path, status, total, client, upstream, code. Path and method are cut at 2 KiB and pass
/// the redactor. One per event loop: not thread-safe, takes no lock and, once warm, allocates nothing for an ordinary
/// line. Lines reach the logger when 64 KiB have gathered, at flush(), and at the end.
class AccessLog final {
 public:
  /// The logger must outlive the access log.
  explicit AccessLog(Logger& logger);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void write(const AccessRecord& record);
  /// Hands what has gathered to the logger; the owner calls it some ten times a second.
  void flush();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::log
