#include "sql/statement_text.hpp"

#include <algorithm>

namespace sallyport::storage::sql {
namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// Where the quoted text or comment that starts at `at` ends; `at` itself when none starts there.
std::size_t skip_opaque(std::string_view sql, std::size_t at) noexcept {
  const auto after = [&](std::size_t found, std::size_t length) {
    return found == std::string_view::npos ? sql.size() : found + length;
  };
  const char c = sql[at];
  // A doubled quote inside is the end of one quoted text and the start of the next: the same thing here.
  if (c == '\'' || c == '"') return after(sql.find(c, at + 1), 1);
  if (sql.substr(at).starts_with("--")) return after(sql.find('\n', at), 1);
  if (sql.substr(at).starts_with("/*")) return after(sql.find("*/", at + 2), 2);
  return at;
}

}  // namespace

StatementText read_statement(std::string_view sql) {
  StatementText text;
  text.numbered.reserve(sql.size());
  bool ended = false;
  for (std::size_t at = 0; at < sql.size();) {
    if (const std::size_t end = skip_opaque(sql, at); end != at) {
      if (ended && (sql[at] == '\'' || sql[at] == '"')) text.single = false;
      text.numbered.append(sql.substr(at, end - at));
      at = end;
      continue;
    }
    const char c = sql[at++];
    if (c == '$' && at < sql.size() && is_digit(sql[at])) {
      std::size_t number = 0;
      text.numbered += '?';
      for (; at < sql.size() && is_digit(sql[at]); ++at) {
        text.numbered += sql[at];
        number = std::min<std::size_t>(number * 10 + static_cast<std::size_t>(sql[at] - '0'), 100'000);
      }
      text.parameters = std::max(text.parameters, number);
    } else {
      text.numbered += c;
    }
    if (c == ';') {
      ended = true;
    } else if (ended && c != ' ' && c != '\n' && c != '\t' && c != '\r') {
      text.single = false;
    }
  }
  return text;
}

}  // namespace sallyport::storage::sql
