#include "sallyport/observability/redactor.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "secret_scanner.hpp"

namespace sallyport::log {
namespace {

constexpr std::size_t kPrefixBytes = 4;

std::uint32_t prefix_hash(const char* bytes) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return (word * 0x9e3779b1U) >> 20U;  // 12 bits
}

std::vector<std::uint32_t> borders_of(std::string_view word) {
  std::vector<std::uint32_t> borders(word.size(), 0);
  std::uint32_t matched = 0;
  for (std::size_t i = 1; i < word.size(); ++i) {
    while (matched > 0 && word[i] != word[matched]) matched = borders[matched - 1];
    if (word[i] == word[matched]) ++matched;
    borders[i] = matched;
  }
  return borders;
}

/// Every occurrence, overlapping ones too, in linear time whatever the text is (string_view::find takes the product).
void find_all(std::string_view text, std::string_view word, std::span<const std::uint32_t> borders,
              std::vector<Span>& found) {
  std::uint32_t matched = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    while (matched > 0 && text[i] != word[matched]) matched = borders[matched - 1];
    if (text[i] == word[matched]) ++matched;
    if (matched == word.size()) {
      found.push_back({i + 1 - word.size(), i + 1});
      matched = borders[matched - 1];
    }
  }
}

}  // namespace

Redactor::Redactor(std::vector<Secret<std::string>> known_secrets) {
  for (Secret<std::string>& secret : known_secrets) {
    const std::string_view value = secret.expose();
    if (value.empty()) continue;
    shortest_ = std::min(shortest_, value.size());
    if (value.size() >= kPrefixBytes) {
      const std::uint32_t hash = prefix_hash(value.data());
      prefixes_[hash / 64] |= std::uint64_t{1} << (hash % 64);
    }
    std::vector<std::uint32_t> borders = borders_of(value);
    known_.push_back({std::move(secret), std::move(borders)});
  }
}

bool Redactor::may_hold_known(std::string_view text) const noexcept {
  if (text.size() < shortest_) return false;
  if (shortest_ < kPrefixBytes) return true;
  for (std::size_t i = 0; i + kPrefixBytes <= text.size(); ++i) {
    const std::uint32_t hash = prefix_hash(text.data() + i);
    if ((prefixes_[hash / 64] >> (hash % 64) & 1U) == 0) continue;
    const std::string_view prefix = text.substr(i, kPrefixBytes);
    if (std::ranges::any_of(known_, [&](const Known& known) { return known.value.expose().starts_with(prefix); })) {
      return true;
    }
  }
  return false;
}

std::string_view Redactor::redact(std::string_view text, std::string& scratch) const {
  std::vector<Span> spans;  // allocates nothing while there is nothing to mask
  if (may_hold_known(text)) {
    for (const Known& known : known_) find_all(text, known.value.expose(), known.borders, spans);
  }
  find_secret_shapes(text, spans);
  if (spans.empty()) return text;

  std::ranges::sort(spans, {}, &Span::begin);
  std::string masked;
  std::size_t shown_until = 0;
  for (std::size_t i = 0; i < spans.size();) {
    // Matches that overlap or touch are one: no part of a secret may stick out of another's mask.
    Span whole = spans[i];
    while (++i < spans.size() && spans[i].begin <= whole.end) whole.end = std::max(whole.end, spans[i].end);
    masked.append(text, shown_until, whole.begin - shown_until);
    masked += "***";
    shown_until = whole.end;
  }
  masked.append(text, shown_until);
  scratch = std::move(masked);
  return scratch;
}

std::string Redactor::redact(std::string_view text) const {
  std::string scratch;
  return std::string(redact(text, scratch));
}

bool Redactor::is_secret_name(std::string_view name) noexcept {
  return classify_name(name) != SecretName::None;
}

}  // namespace sallyport::log
