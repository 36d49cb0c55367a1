#include "http/time_text.hpp"

#include <algorithm>
#include <chrono>

namespace sallyport::admin_service {
namespace {

/// Reads a text from its front.
class Reader final {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  /// Exactly so many digits.
  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const int digit = next_digit();
      value = value * 10 + digit;
    }
    return value;
  }
  bool one_of(std::string_view letters) {
    if (rest_.empty() || letters.find(rest_.front()) == std::string_view::npos) {
      good_ = false;
      return false;
    }
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  /// The digits behind a point, in microseconds.
  int fraction() {
    if (!rest_.starts_with('.')) return 0;
    rest_.remove_prefix(1);
    int value = 0;
    int digits = 0;
    do {
      const int digit = next_digit();
      if (digits++ < 6) value = value * 10 + digit;
    } while (good_ && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9');
    for (; digits < 6; ++digits) value *= 10;
    return value;
  }
  char last() const noexcept { return last_; }
  bool ended_well() const noexcept { return good_ && rest_.empty(); }

 private:
  int next_digit() {
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
      good_ = false;
      return 0;
    }
    const int digit = rest_.front() - '0';
    rest_.remove_prefix(1);
    return digit;
  }

  std::string_view rest_;
  char last_ = 0;
  bool good_ = true;
};

}  // namespace

std::optional<accounts::Timestamp> parse_time(std::string_view text) {
  using namespace std::chrono;
  Reader reader(text);
  const int y = reader.number(4);
  reader.one_of("-");
  const int m = reader.number(2);
  reader.one_of("-");
  const int d = reader.number(2);
  reader.one_of("Tt ");
  const int hour = reader.number(2);
  reader.one_of(":");
  const int minute = reader.number(2);
  reader.one_of(":");
  const int second = reader.number(2);
  const int micros = reader.fraction();
  int offset = 0;
  if (reader.one_of("Zz+-") && (reader.last() == '+' || reader.last() == '-')) {
    const int sign = reader.last() == '+' ? 1 : -1;
    const int hours_off = reader.number(2);
    reader.one_of(":");
    const int minutes_off = reader.number(2);
    if (hours_off > 23 || minutes_off > 59) return std::nullopt;
    offset = sign * (hours_off * 60 + minutes_off);
  }
  const year_month_day date{year(y), month(static_cast<unsigned>(m)), day(static_cast<unsigned>(d))};
  if (!reader.ended_well() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const accounts::Timestamp time =
      sys_days(date) + hours(hour) + minutes(minute - offset) + seconds(second) + microseconds(micros);
  return std::max(time, accounts::Timestamp{});  // nothing is older, and a database need not know such times
}

}  // namespace sallyport::admin_service
