#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "sallyport/core/clock.hpp"

namespace sallyport::log {

/// Formats RFC 3339 UTC times with microseconds: "2026-03-01T12:00:01.123456Z" (27 characters, for the years 0 to
/// 9999). Keeps the text of the last second, so that neighbouring lines cost six digits. Not thread-safe.
class TimestampFormatter final {
 public:
  void append(std::string& out, WallTime time) {
    const auto since_epoch = std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch());
    const auto second = std::chrono::floor<std::chrono::seconds>(since_epoch);
    if (!known_ || second != second_) render_second(second);
    put_digits(text_ + 20, static_cast<std::uint32_t>((since_epoch - second).count()), 6);
    out.append(text_, 27);
  }

  /// "12:00:01.123", for a person.
  void append_clock(std::string& out, WallTime time) {
    std::string full;
    append(full, time);
    out.append(full, 11, 12);
  }

 private:
  static void put_digits(char* to, std::uint32_t value, int digits) {
    for (int i = digits - 1; i >= 0; --i) {
      to[i] = static_cast<char>('0' + value % 10);
      value /= 10;
    }
  }

  void render_second(std::chrono::seconds second) {
    const auto day = std::chrono::floor<std::chrono::days>(second);
    const std::chrono::year_month_day date{std::chrono::sys_days{day}};
    const auto of_day = static_cast<std::uint32_t>((second - day).count());
    put_digits(text_, static_cast<std::uint32_t>(static_cast<int>(date.year())), 4);
    put_digits(text_ + 5, static_cast<unsigned>(date.month()), 2);
    put_digits(text_ + 8, static_cast<unsigned>(date.day()), 2);
    put_digits(text_ + 11, of_day / 3600, 2);
    put_digits(text_ + 14, of_day / 60 % 60, 2);
    put_digits(text_ + 17, of_day % 60, 2);
    second_ = second;
    known_ = true;
  }

  bool known_ = false;
  std::chrono::seconds second_{};
  char text_[28] = "0000-00-00T00:00:00.000000Z";
};

}  // namespace sallyport::log
