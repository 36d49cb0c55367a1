#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "sallyport/core/clock.hpp"
#include "sallyport/observability/redactor.hpp"

namespace sallyport::log {

enum class Level : std::uint8_t { Debug, Info, Warn, Error, Critical, Off };

/// "debug", "info", "warn", "error", "critical", "off".
std::string_view name_of(Level level) noexcept;

/// One key and its value. The views need to live only as long as the call that takes the field. A string longer than
/// 8 KiB is cut; the value of a key such as "password" or "token" is masked whatever it is.
struct Field {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value;
};

/// Writes events as one JSON object a line: {"time":…,"level":…,"event":…, fields…}. Every string passes the redactor.
/// The queue behind it is bounded: when the sink cannot keep up, lines are dropped and counted, never waited for.
/// Thread-safe.
class Logger final {
 public:
  enum class Format : std::uint8_t { Json, Text };  ///< Text: for a person at a terminal
  struct Options {
    Level level = Level::Info;
    Format format = Format::Json;
    int fd = 2;  ///< file descriptor to write to; not closed
    std::size_t queue_bytes_max = 8U << 20U;
    std::chrono::milliseconds shutdown_limit{2000};  ///< how long the end waits for a slow reader
    const Clock* clock = nullptr;                    ///< nullptr: the system's; must outlive the logger
  };

  Logger(Options options, Redactor redactor);
  ~Logger();  ///< writes out what is queued, for at most the shutdown limit; what is left then is dropped
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  bool enabled(Level level) const noexcept;
  Format format() const noexcept;
  /// event: a stable snake_case name, for example "redis_connected".
  void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});
  /// Appends lines that are already complete in this logger's format and end in '\n' (the access log's batches).
  /// Neither redacted nor filtered here. Leaves `lines` empty, with a recycled buffer's capacity where there is one. A
  /// batch that does not fit is dropped whole.
  void write_lines(std::string&& lines);
  const Redactor& redactor() const noexcept;
  std::uint64_t dropped_lines() const noexcept;
  /// Waits until everything queued so far is written or dropped; for shutdown and tests. False when `limit` came first.
  bool flush(std::chrono::milliseconds limit = std::chrono::seconds(2));

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Appends `text` as the inside of a JSON string (RFC 8259 section 7), without the quotes. Bytes that are not valid
/// UTF-8 are written as U+FFFD; control characters (C0, DEL, C1) are escaped, so that no terminal obeys them.
void append_json_escaped(std::string& out, std::string_view text);

}  // namespace sallyport::log
