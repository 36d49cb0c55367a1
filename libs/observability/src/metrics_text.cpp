#include "metrics_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sallyport::metrics {
namespace {

void append_number(std::string& out, std::uint64_t value) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    char text[32];
    out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
  }
}

enum class Quote : std::uint8_t { Escaped, Plain };

void append_escaped(std::string& out, std::string_view text, Quote quote) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quote == Quote::Escaped) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

/// le: the bound of a histogram's bucket, or nullptr.
void append_series(std::string& out, std::string_view name, std::string_view suffix, const Labels& labels,
                   const double* le = nullptr) {
  out += name;
  out += suffix;
  char gap = '{';
  for (const auto& [key, value] : labels) {
    out += gap;
    out += key;
    out += "=\"";
    append_escaped(out, value, Quote::Escaped);
    out += '"';
    gap = ',';
  }
  if (le != nullptr) {
    out += gap;
    out += "le=\"";
    append_number(out, *le);
    out += '"';
    gap = ',';
  }
  if (gap == ',') out += '}';
  out += ' ';
}

bool letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

}  // namespace

void append_head(std::string& out, std::string_view name, std::string_view help, std::string_view type) {
  out += "# HELP ";
  out += name;
  out += ' ';
  append_escaped(out, help, Quote::Plain);
  out += "\n# TYPE ";
  out += name;
  out += ' ';
  out += type;
  out += '\n';
}

void append_sample(std::string& out, std::string_view name, const Labels& labels, double value) {
  append_series(out, name, {}, labels);
  append_number(out, value);
  out += '\n';
}

void append_sample(std::string& out, std::string_view name, const Labels& labels, std::uint64_t value) {
  append_series(out, name, {}, labels);
  append_number(out, value);
  out += '\n';
}

void append_histogram(std::string& out, std::string_view name, const Labels& labels, std::span<const double> bounds,
                      std::span<const std::uint64_t> counts, double sum) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double bound = i < bounds.size() ? bounds[i] : HUGE_VAL;
    below += counts[i];
    append_series(out, name, "_bucket", labels, &bound);
    append_number(out, below);
    out += '\n';
  }
  append_series(out, name, "_sum", labels);
  append_number(out, sum);
  out += '\n';
  append_series(out, name, "_count", labels);
  append_number(out, below);
  out += '\n';
}

bool valid_metric_name(std::string_view name) noexcept {
  return !name.empty() && !digit(name.front()) &&
         std::ranges::all_of(name, [](char c) { return letter(c) || digit(c) || c == ':'; });
}

bool valid_label_name(std::string_view name) noexcept {
  return !name.empty() && !digit(name.front()) && !name.starts_with("__") && name != "le" &&
         std::ranges::all_of(name, [](char c) { return letter(c) || digit(c); });
}

}  // namespace sallyport::metrics
