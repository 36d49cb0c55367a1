#include "sallyport/cursors/cursors.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sallyport::cursors {
namespace {

crypto::HmacKey key(std::string kid, char fill) {
  return {std::move(kid), Secret<std::string>(std::string(32, fill))};
}

Cursors cursors() {
  return Cursors(crypto::HmacKeyRing({key("c2", 'b'), key("c1", 'a')}));
}

Scope scope() {
  return {.user = "user-1", .route = "GET /payments", .filters = {{"status", "captured"}, {"limit", "20"}}};
}

const std::string kPosition("2026-01-31T12:00:00.000001Z\0id", 30);

void expect_refused(const Cursors& with, const Scope& in, std::string_view text) {
  const auto opened = with.open(in, text);
  ASSERT_FALSE(opened.has_value()) << text;
  EXPECT_EQ(opened.error().code, ErrorCode::ValidationFailed);
  EXPECT_EQ(opened.error().origin, ErrorOrigin::Downstream);
}

TEST(Cursors, OpensWhatItSealed) {
  EXPECT_EQ(cursors().open(scope(), cursors().seal(scope(), kPosition)).value(), kPosition);
}

TEST(Cursors, NeedsNoEscapingInAQuery) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  const std::string text = cursors().seal(scope(), bytes);
  EXPECT_TRUE(text.starts_with("pc1.c2."));
  EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."),
            std::string::npos);
  EXPECT_EQ(cursors().open(scope(), text).value(), bytes);
}

TEST(Cursors, StaysWithinItsLengthWithTheLongestKeyIdAndPosition) {
  const Cursors longest(crypto::HmacKeyRing({key(std::string(crypto::kKeyIdBytesMax, 'k'), 'a')}));
  const std::string position(kPositionBytesMax, 'p');
  const std::string text = longest.seal(scope(), position);
  EXPECT_LE(text.size(), kCursorBytesMax);
  EXPECT_EQ(longest.open(scope(), text).value(), position);
}

TEST(Cursors, TakesTheFiltersInAnyOrder) {
  Scope turned = scope();
  std::swap(turned.filters[0], turned.filters[1]);
  EXPECT_TRUE(cursors().open(turned, cursors().seal(scope(), kPosition)).has_value());
}

TEST(Cursors, RefusesAnotherList) {
  const std::string text = cursors().seal(scope(), kPosition);
  using Filters = decltype(Scope::filters);
  const std::vector<std::pair<std::string, Scope>> others = {
      {"another user", {"user-2", "GET /payments", scope().filters}},
      {"another route", {"user-1", "GET /refunds", scope().filters}},
      {"a byte moved from user to route", {"user-", "1GET /payments", scope().filters}},
      {"another value", {"user-1", "GET /payments", Filters{{"status", "failed"}, {"limit", "20"}}}},
      {"one filter fewer", {"user-1", "GET /payments", Filters{{"status", "captured"}}}},
      {"one filter more", {"user-1", "GET /payments", Filters{{"status", "captured"}, {"limit", "20"}, {"", ""}}}},
      {"names and values exchanged", {"user-1", "GET /payments", Filters{{"captured", "status"}, {"20", "limit"}}}},
      {"values exchanged", {"user-1", "GET /payments", Filters{{"status", "20"}, {"limit", "captured"}}}},
      {"a byte moved from name to value",
       {"user-1", "GET /payments", Filters{{"statu", "scaptured"}, {"limit", "20"}}}},
      {"no filters", {"user-1", "GET /payments"}},
  };
  for (const auto& [name, other] : others) {
    SCOPED_TRACE(name);
    expect_refused(cursors(), other, text);
  }
}

TEST(Cursors, RefusesEveryChangedCharacter) {
  const std::string text = cursors().seal(scope(), kPosition);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    expect_refused(cursors(), scope(), changed);
  }
}

TEST(Cursors, RefusesWhatIsMalformed) {
  const std::string text = cursors().seal(scope(), kPosition);
  const std::string body = text.substr(std::string("pc1.c2.").size());
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"empty", ""},
      {"the prefix alone", "pc1."},
      {"no body", "pc1.c2."},
      {"no key id", "pc1.." + body},
      {"a tag without a position", "pc1.c2." + body.substr(0, 43)},
      {"cut off", text.substr(0, text.size() - 1)},
      {"padding", text + "="},
      {"a space before", " " + text},
      {"a space behind", text + " "},
      {"a line end behind", text + "\n"},
      {"a NUL behind", text + std::string(1, '\0')},
      {"another version", "pc2.c2." + body},
      {"an upper-case prefix", "PC1.c2." + body},
      {"a part more", text + ".x"},
      {"the other alphabet", "pc1.c2.++//" + body},
      {"too long", text + std::string(kCursorBytesMax, 'A')},
      {"one past the length", "pc1.c2." + std::string(kCursorBytesMax - 6, 'A')},
  };
  for (const auto& [name, row] : rows) {
    SCOPED_TRACE(name);
    expect_refused(cursors(), scope(), row);
  }
}

TEST(Cursors, FollowsTheRing) {
  const std::string old = Cursors(crypto::HmacKeyRing({key("c1", 'a')})).seal(scope(), kPosition);
  EXPECT_TRUE(cursors().open(scope(), old).has_value());
  expect_refused(Cursors(crypto::HmacKeyRing({key("c2", 'b')})), scope(), old);
}

TEST(Cursors, RefusesAKeyUnderAnotherOnesName) {
  const std::string text = cursors().seal(scope(), kPosition);
  expect_refused(Cursors(crypto::HmacKeyRing({key("c2", 'x')})), scope(), text);
  // The same material under two names: the name is part of what is signed.
  const Cursors twins(crypto::HmacKeyRing({key("c2", 'b'), key("c9", 'b')}));
  expect_refused(twins, scope(), "pc1.c9" + text.substr(std::string("pc1.c2").size()));
}

}  // namespace
}  // namespace sallyport::cursors
