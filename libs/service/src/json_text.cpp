#include "sallyport/service/json_text.hpp"

#include <fmt/format.h>

#include "sallyport/observability/log.hpp"

namespace sallyport::service {

std::string format_time(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

void append_string(std::string& out, std::string_view text) {
  out.push_back('"');
  log::append_json_escaped(out, text);
  out.push_back('"');
}

void append_name(std::string& out, std::string_view name) {
  out.append(out.ends_with('{') ? "\"" : ",\"").append(name).append("\":");
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  append_name(out, name);
  append_string(out, text);
}

void append_member(std::string& out, std::string_view name, Timestamp time) {
  append_member(out, name, std::string_view(format_time(time)));
}

void append_member(std::string& out, std::string_view name, std::chrono::seconds seconds) {
  append_name(out, name);
  out.append(std::to_string(seconds.count()));
}

}  // namespace sallyport::service
