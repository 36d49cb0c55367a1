#include "sallyport/observability/access_log.hpp"

#include <charconv>
#include <utility>

#include "hex.hpp"
#include "timestamp.hpp"

namespace sallyport::log {
namespace {

constexpr std::size_t kFlushBytes = 64U << 10U;
/// Room above the threshold for one ordinary line; the buffer of a hostile one (every byte escaped) may grow.
constexpr std::size_t kBufferBytes = kFlushBytes + (16U << 10U);
constexpr std::size_t kClientTextMax = 2U << 10U;
constexpr std::size_t kMethodWidth = 4;

template <class Integer>
void append_number(std::string& out, std::string_view key, Integer value) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out += key;
  out.append(text, static_cast<std::size_t>(end - text));
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  out += key;
  out += '"';
  append_json_escaped(out, value);
  out += '"';
}

void append_optional_text(std::string& out, std::string_view key, std::string_view value) {
  if (!value.empty()) return append_text(out, key, value);
  out += key;
  out += "null";
}

void append_duration(std::string& out, std::string_view key, std::int64_t microseconds) {
  if (microseconds >= 0) return append_number(out, key, microseconds);
  out += key;
  out += "null";
}

}  // namespace

class AccessLog::Impl final {
 public:
  explicit Impl(Logger& logger) : logger_(logger) { buffer_.reserve(kBufferBytes); }

  void write(const AccessRecord& record) {
    if (logger_.format() == Logger::Format::Json) {
      write_json(record);
    } else {
      write_text(record);
    }
    if (buffer_.size() >= kFlushBytes) flush();
  }

  void flush() {
    if (buffer_.empty()) return;
    logger_.write_lines(std::move(buffer_));
    buffer_.reserve(kBufferBytes);
  }

 private:
  void write_json(const AccessRecord& record) {
    std::string& out = buffer_;
    out += R"({"time":")";
    timestamp_.append(out, record.time);
    append_text(out, R"(","level":"info","event":"request","request_id":)", record.request_id);
    out += R"(,"trace_id":")";
    sallyport::detail::append_hex(out, record.trace_id);
    append_text(out, R"(","method":)", safe(record.method));
    append_text(out, R"(,"path":)", safe(record.path));
    append_optional_text(out, R"(,"route":)", record.route);
    append_number(out, R"(,"status":)", record.status);
    append_number(out, R"(,"bytes_in":)", record.bytes_in);
    append_number(out, R"(,"bytes_out":)", record.bytes_out);
    append_duration(out, R"(,"total_us":)", record.total_us);
    append_duration(out, R"(,"limiter_us":)", record.limiter_us);
    append_duration(out, R"(,"upstream_us":)", record.upstream_us);
    append_text(out, R"(,"client":)", record.client);
    append_optional_text(out, R"(,"upstream":)", record.upstream);
    append_optional_text(out, R"(,"code":)", record.error_code);
    append_optional_text(out, R"(,"schema_violation":)", record.schema_violation);
    out += "}\n";
  }

  /// "12:00:01.123 GET  /hello 200 0.3 ms 127.0.0.1 -> 127.0.0.1:3000"
  void write_text(const AccessRecord& record) {
    std::string& out = buffer_;
    timestamp_.append_clock(out, record.time);
    out += ' ';
    const std::size_t start = out.size();
    append_json_escaped(out, record.method.empty() ? "-" : safe(record.method));
    if (const std::size_t width = out.size() - start; width < kMethodWidth) out.append(kMethodWidth - width, ' ');
    out += ' ';
    append_json_escaped(out, record.path.empty() ? "-" : safe(record.path));
    append_number(out, " ", record.status);
    if (record.total_us >= 0) {
      const std::int64_t tenths = (record.total_us + 50) / 100;
      append_number(out, " ", tenths / 10);
      append_number(out, ".", tenths % 10);
      out += " ms";
    }
    out += ' ';
    append_json_escaped(out, record.client);
    append_named(out, " -> ", record.upstream);
    append_named(out, " ", record.error_code);
    append_named(out, " schema:", record.schema_violation);
    out += '\n';
  }

  static void append_named(std::string& out, std::string_view before, std::string_view text) {
    if (text.empty()) return;
    out += before;
    append_json_escaped(out, text);
  }

  /// Client text as it may be shown. Masked first and cut then: a cut token would no longer look like one.
  std::string_view safe(std::string_view text) {
    return logger_.redactor().redact(text, scratch_).substr(0, kClientTextMax);
  }

  Logger& logger_;
  TimestampFormatter timestamp_;
  std::string buffer_;
  std::string scratch_;
};

AccessLog::AccessLog(Logger& logger) : impl_(std::make_unique<Impl>(logger)) {}
AccessLog::~AccessLog() {
  flush();
}
void AccessLog::write(const AccessRecord& record) {
  impl_->write(record);
}
void AccessLog::flush() {
  impl_->flush();
}

}  // namespace sallyport::log
