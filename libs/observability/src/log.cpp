#include "sallyport/observability/log.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <type_traits>
#include <utility>

#include "log_queue.hpp"
#include "timestamp.hpp"

namespace sallyport::log {
namespace {

constexpr std::size_t kValueBytesMax = 8U << 10U;
constexpr std::size_t kKeptLineBytes = 64U << 10U;

/// Cuts at a character's border, so that the cut itself makes no invalid UTF-8.
std::string_view shorten(std::string_view text) {
  if (text.size() <= kValueBytesMax) return text;
  std::size_t end = kValueBytesMax;
  for (int i = 0; i < 3 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80; ++i) --end;
  return text.substr(0, end);
}

template <class T>
void append_number(std::string& out, T value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, static_cast<std::size_t>(end - text));
}

/// Everything but strings, which the formats treat differently.
template <class T>
void append_scalar(std::string& out, T value) {
  if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, double>) {
    // JSON has no NaN and no infinity.
    if (std::isfinite(value)) {
      append_number(out, value);
    } else {
      out += "null";
    }
  } else {
    append_number(out, value);
  }
}

bool bare_word(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

/// The lines of one thread, formatted before any lock is taken. The buffer is reused from call to call.
std::string& line_buffer() {
  thread_local std::string buffer;
  if (buffer.capacity() > kKeptLineBytes) buffer = {};
  buffer.clear();
  return buffer;
}

}  // namespace

std::string_view name_of(Level level) noexcept {
  switch (level) {
    case Level::Debug:
      return "debug";
    case Level::Info:
      return "info";
    case Level::Warn:
      return "warn";
    case Level::Error:
      return "error";
    case Level::Critical:
      return "critical";
    case Level::Off:
      break;
  }
  return "off";
}

class Logger::Impl final {
 public:
  Impl(Options options, Redactor redactor)
      : options_(options),
        redactor_(std::move(redactor)),
        clock_(options.clock != nullptr ? *options.clock : system_clock_),
        queue_(options.fd, options.queue_bytes_max, options.shutdown_limit, clock_) {}

  bool enabled(Level level) const noexcept { return level >= options_.level && level != Level::Off; }
  Format format() const noexcept { return options_.format; }
  const Redactor& redactor() const noexcept { return redactor_; }
  LogQueue& queue() noexcept { return queue_; }

  void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    std::string& line = line_buffer();
    if (options_.format == Format::Json) {
      format_json(line, level, event, fields);
    } else {
      format_text(line, level, event, fields);
    }
    line += '\n';
    queue_.push(line);
  }

 private:
  /// The text as it may be shown; it lives in `text`, in `scratch` or for ever.
  std::string_view shown(const Field& field, std::string_view text, std::string& scratch) const {
    if (Redactor::is_secret_name(field.key) && !text.empty()) return "***";
    return shorten(redactor_.redact(text, scratch));
  }

  void format_json(std::string& line, Level level, std::string_view event, std::initializer_list<Field> fields) const {
    line += R"({"time":")";
    TimestampFormatter().append(line, clock_.wall_now());
    line += R"(","level":")";
    line += name_of(level);
    line += R"(","event":)";
    append_quoted(line, event);
    std::string scratch;
    for (const Field& field : fields) {
      line += ',';
      append_quoted(line, field.key);
      line += ':';
      std::visit(
          [&](auto value) {
            if constexpr (std::is_same_v<decltype(value), std::string_view>) {
              append_quoted(line, shown(field, value, scratch));
            } else {
              append_scalar(line, value);
            }
          },
          field.value);
    }
    line += '}';
  }

  void format_text(std::string& line, Level level, std::string_view event, std::initializer_list<Field> fields) const {
    TimestampFormatter().append_clock(line, clock_.wall_now());
    line += ' ';
    const std::size_t start = line.size();
    line += level == Level::Critical ? std::string_view("crit") : name_of(level);
    line.append(start + 6 - line.size(), ' ');
    append_json_escaped(line, event);
    std::string scratch;
    std::string_view gap = "  ";
    for (const Field& field : fields) {
      line += std::exchange(gap, " ");
      append_json_escaped(line, field.key);
      line += '=';
      std::visit(
          [&](auto value) {
            if constexpr (std::is_same_v<decltype(value), std::string_view>) {
              const std::string_view text = shown(field, value, scratch);
              if (bare_word(text)) {
                line += text;
              } else {
                append_quoted(line, text);
              }
            } else {
              append_scalar(line, value);
            }
          },
          field.value);
    }
  }

  const Options options_;
  const Redactor redactor_;
  const SystemClock system_clock_;
  const Clock& clock_;
  LogQueue queue_;
};

Logger::Logger(Options options, Redactor redactor) : impl_(std::make_unique<Impl>(options, std::move(redactor))) {}
Logger::~Logger() = default;

bool Logger::enabled(Level level) const noexcept {
  return impl_->enabled(level);
}

Logger::Format Logger::format() const noexcept {
  return impl_->format();
}

void Logger::write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (impl_->enabled(level)) impl_->write(level, event, fields);
}

void Logger::write_lines(std::string&& lines) {
  impl_->queue().push_buffer(lines);
}
const Redactor& Logger::redactor() const noexcept {
  return impl_->redactor();
}
std::uint64_t Logger::dropped_lines() const noexcept {
  return impl_->queue().dropped_lines();
}
bool Logger::flush(std::chrono::milliseconds limit) {
  return impl_->queue().flush(limit);
}

}  // namespace sallyport::log
