#include "secret_scanner.hpp"

#include <algorithm>
#include <array>

#include "sallyport/core/ascii.hpp"

namespace sallyport::log {
namespace {

constexpr std::size_t kNameMax = 40;
constexpr std::size_t kWordOfProseMax = 15;  // a longer word behind "token:" is a token
constexpr std::size_t kLooseUrlBytes = 512;  // how far a password with a raw '/' in it is looked for

enum class Trigger : std::uint8_t { None, Colon, Equals, Jwt, RefreshToken, Scheme };

constexpr bool digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool alnum(char c) {
  return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool base64url(char c) {
  return alnum(c) || c == '-' || c == '_';
}
constexpr bool space(char c) {
  return c == ' ' || c == '\t';
}
constexpr bool quote(char c) {
  return c == '"' || c == '\'';
}
constexpr bool line_end(char c) {
  return c == '\r' || c == '\n';
}
constexpr bool white(char c) {
  return space(c) || line_end(c);
}
constexpr bool credential(char c) {
  return base64url(c) || std::string_view(".~+/=%*").find(c) != std::string_view::npos;
}

constexpr std::array<Trigger, 256> kTriggers = [] {
  std::array<Trigger, 256> table{};
  table[':'] = Trigger::Colon;
  table['='] = Trigger::Equals;
  table['J'] = Trigger::Jwt;
  table['1'] = Trigger::RefreshToken;
  table['b'] = Trigger::Scheme;
  table['B'] = Trigger::Scheme;
  return table;
}();

class Scanner final {
 public:
  Scanner(std::string_view text, std::vector<Span>& found) : text_(text), found_(found) {}

  void run() {
    std::size_t i = 0;
    while (i < text_.size()) {
      const Trigger trigger = kTriggers[static_cast<unsigned char>(text_[i])];
      if (trigger == Trigger::None) {
        ++i;
        continue;
      }
      const Span match = match_at(trigger, i);
      if (match.begin < match.end) {
        found_.push_back(match);
        i = std::max(match.end, i + 1);
      } else {
        ++i;
      }
    }
  }

 private:
  Span match_at(Trigger trigger, std::size_t i) {
    switch (trigger) {
      case Trigger::Colon:
        return text_.substr(i, 3) == "://" ? url_password(i + 3) : named_value(i);
      case Trigger::Equals:
        return named_value(i);
      case Trigger::Jwt:
        return jwt(i);
      case Trigger::RefreshToken:
        return refresh_token(i);
      case Trigger::Scheme:
        return credentials(i);
      case Trigger::None:
        break;
    }
    return {};
  }

  char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  template <class Predicate>
  std::size_t skip(std::size_t i, Predicate predicate) const {
    while (i < text_.size() && predicate(text_[i])) ++i;
    return i;
  }

  /// name:value and name=value in JSON (nested in strings too), forms, header lines and connection strings.
  Span named_value(std::size_t separator) const {
    std::size_t end = separator;
    while (end > 0 && white(text_[end - 1])) --end;
    const bool quoted = end > 0 && quote(text_[end - 1]);
    if (quoted) {
      --end;
      for (int i = 0; i < 8 && end > 0 && text_[end - 1] == '\\'; ++i) --end;
    }
    std::size_t begin = end;
    while (begin > 0 && end - begin < kNameMax && base64url(text_[begin - 1])) --begin;
    const SecretName kind = classify_name(text_.substr(begin, end - begin));
    if (kind == SecretName::None) return {};

    const std::size_t start = quoted ? skip(separator + 1, white) : skip(separator + 1, space);
    const std::size_t opening = skip(start, [](char c) { return c == '\\'; });
    if (quote(at(opening))) return quoted_value(opening, opening - start);
    if (at(start) == '[' || at(start) == '{') return bracketed_value(start);
    if (quoted) return {start, skip(start, [](char c) { return !white(c) && c != ',' && c != '}' && c != ']'; })};
    if (kind == SecretName::Line) return {start, skip(start, [](char c) { return !line_end(c); })};
    const Span word{start, skip(start, [](char c) { return !white(c) && !quote(c) && c != '&'; })};
    const bool prose = text_[separator] == ':' && kind == SecretName::Token && word.end - word.begin <= kWordOfProseMax;
    return prose ? Span{} : word;
  }

  /// `escapes`: backslashes before the opening quote, as in JSON within JSON; the closing one has no more of them.
  Span quoted_value(std::size_t opening, std::size_t escapes) const {
    const char mark = text_[opening];
    std::size_t backslashes = 0;
    for (std::size_t i = opening + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++backslashes;
        continue;
      }
      if (text_[i] == mark) {
        const bool closes = escapes == 0 ? backslashes % 2 == 0 : backslashes <= escapes;
        if (closes) return {opening + 1, i - std::min(backslashes, escapes)};
      }
      backslashes = 0;
    }
    return {opening + 1, text_.size()};
  }

  Span bracketed_value(std::size_t start) const {
    const char close = text_[start] == '[' ? ']' : '}';
    return {start, skip(start, [close](char c) { return c != close; })};
  }

  /// scheme://user:password@host; start is behind the slashes.
  Span url_password(std::size_t start) const {
    const auto in_url = [](char c) { return !white(c) && !quote(c) && c != '<' && c != '>'; };
    std::size_t end = skip(start, [&](char c) { return in_url(c) && c != '/' && c != '?' && c != '#'; });
    std::string_view authority = text_.substr(start, end - start);
    const std::size_t colon = authority.find(':');
    if (colon == std::string_view::npos || authority.front() == '[') return {};
    std::size_t user_end = authority.rfind('@');
    if (user_end == std::string_view::npos && !std::ranges::all_of(authority.substr(colon + 1), digit)) {
      // What follows the colon is no port: a password with a raw '/', '?' or '#' in it.
      const std::size_t limit = std::min(text_.size(), end + kLooseUrlBytes);
      while (end < limit && in_url(text_[end]) && text_.substr(end, 3) != "://") ++end;
      authority = text_.substr(start, end - start);
      user_end = authority.rfind('@');
    }
    if (user_end == std::string_view::npos || user_end < colon) return {};
    return {start + colon + 1, start + user_end};
  }

  /// eyJ….….… (RFC 7515 section 3.1; longer for JWE), or eyJ….eyJ…, whose end somebody cut off; i is at the 'J'.
  Span jwt(std::size_t i) {
    if (i < 2 || text_[i - 1] != 'y' || text_[i - 2] != 'e' || i < jwt_free_until_) return {};
    const std::size_t header_end = skip(i, base64url);
    jwt_free_until_ = header_end;
    if (at(header_end) != '.') return {};
    std::size_t end = skip(header_end + 1, base64url);
    if (at(end) != '.' && text_.substr(header_end + 1, 3) != "eyJ") return {};
    while (at(end) == '.') end = skip(end + 1, base64url);
    return {i - 2, end};
  }

  /// rt1.<kid>.<base64url>; i is at the '1'.
  Span refresh_token(std::size_t i) const {
    if (i < 2 || text_[i - 1] != 't' || text_[i - 2] != 'r' || at(i + 1) != '.') return {};
    const std::size_t begin = i - 2;
    const std::size_t kid_end = skip(i + 2, base64url);
    const std::size_t end = at(kid_end) == '.' ? skip(kid_end + 1, base64url) : kid_end;
    const bool starts_a_word = begin == 0 || !alnum(text_[begin - 1]);
    const bool complete = at(kid_end) == '.' && end - kid_end > 32;
    if (complete || (starts_a_word && end - i > 8)) return {begin, end};
    return {};
  }

  /// "Bearer <token>", "Basic <token>"; i is at the 'B'.
  Span credentials(std::size_t i) const {
    if (i > 0 && alnum(text_[i - 1])) return {};
    const std::size_t name_end = skip_scheme(i);
    if (name_end == i) return {};
    std::size_t start = skip(name_end, space);
    if (start == name_end && text_.substr(start, 3) == "%20") start += 3;
    if (start == name_end) return {};
    const Span word{start, skip(start, credential)};
    constexpr std::string_view kProse[] = {"token", "tokens", "auth", "authentication", "credentials", "scheme"};
    const std::string_view text = text_.substr(word.begin, word.end - word.begin);
    return std::ranges::find(kProse, text) != std::end(kProse) ? Span{} : word;
  }

  std::size_t skip_scheme(std::size_t i) const {
    if (iequals(text_.substr(i, 6), "bearer")) return i + 6;
    if (iequals(text_.substr(i, 5), "basic")) return i + 5;
    return i;
  }

  const std::string_view text_;
  std::vector<Span>& found_;
  std::size_t jwt_free_until_ = 0;
};

}  // namespace

SecretName classify_name(std::string_view name) noexcept {
  struct Rule {
    std::string_view ending;
    SecretName kind;
  };
  constexpr Rule kRules[] = {
      {"password", SecretName::Password}, {"passwd", SecretName::Password},    {"passphrase", SecretName::Password},
      {"token", SecretName::Token},       {"secret", SecretName::Token},       {"private_key", SecretName::Token},
      {"api_key", SecretName::Key},       {"apikey", SecretName::Key},         {"idempotency_key", SecretName::Key},
      {"cookie", SecretName::Line},       {"authorization", SecretName::Line},
  };
  if (name.size() < 5) return SecretName::None;
  name = name.substr(name.size() - std::min(name.size(), kNameMax));
  char folded[kNameMax];
  std::ranges::transform(name, folded, [](char c) { return c == '-' ? '_' : ascii_lower(c); });
  const std::string_view text(folded, name.size());
  for (const Rule& rule : kRules) {
    if (text.ends_with(rule.ending)) return rule.kind;
  }
  return SecretName::None;
}

void find_secret_shapes(std::string_view text, std::vector<Span>& found) {
  Scanner(text, found).run();
}

}  // namespace sallyport::log
