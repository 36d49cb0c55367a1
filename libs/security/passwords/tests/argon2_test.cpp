#include "sallyport/passwords/argon2.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::passwords {
namespace {

constexpr auto kGood = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

TEST(PasswordHash, IsTakenApartAndPutTogether) {
  const auto hash = PasswordHash::parse(kGood);
  ASSERT_TRUE(hash);
  EXPECT_EQ(hash->parameters, (Argon2Parameters{.memory_kib = 65536, .passes = 2, .lanes = 1}));
  EXPECT_EQ(hash->salt, "somesalt");
  EXPECT_EQ(hash->tag.size(), 32U);
  EXPECT_EQ(hash->to_phc(), kGood);
}

std::string with(std::string_view from, std::string_view to) {
  std::string text = kGood;
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(PasswordHash, RefusesWhatIsMalformedOrAsksForTooMuch) {
  const struct {
    const char* name;
    std::string text;
  } rows[] = {
      {"empty", ""},
      {"plain text", "password"},
      {"argon2i", with("argon2id", "argon2i")},
      {"argon2d", with("argon2id", "argon2d")},
      {"upper case", with("argon2id", "ARGON2ID")},
      {"bcrypt", "$2b$12$abcdefghijklmnopqrstuuOABCDEFGHIJKLMNOPQRSTUVWXYZabcde"},
      {"old version", with("v=19", "v=16")},
      {"no version", with("v=19$", "")},
      {"memory above the limit", with("m=65536", "m=65537")},
      {"memory of 32 bits", with("m=65536", "m=4294967295")},
      {"memory of 33 bits", with("m=65536", "m=4294967296")},
      {"memory 0", with("m=65536", "m=0")},
      {"memory below what the lanes need", with("m=65536,t=2,p=1", "m=31,t=2,p=4")},
      {"passes above the limit", with("t=2", "t=9")},
      {"passes 0", with("t=2", "t=0")},
      {"lanes above the limit", with("p=1", "p=5")},
      {"lanes 0", with("p=1", "p=0")},
      {"leading zero", with("t=2", "t=02")},
      {"sign", with("t=2", "t=+2")},
      {"minus", with("t=2", "t=-2")},
      {"blank", with("t=2", "t= 2")},
      {"other order", with("m=65536,t=2", "t=2,m=65536")},
      {"more parameters", with("p=1", "p=1,keyid=AAAA")},
      {"short salt", with("c29tZXNhbHQ", "c29tZXNhbA")},
      {"long salt", with("c29tZXNhbHQ", std::string(88, 'A'))},
      {"salt in base64url", with("c29tZXNhbHQ", "-_-_-_-_-_-_")},
      {"padded salt", with("c29tZXNhbHQ", "c29tZXNhbHQ=")},
      {"no tag", with("$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "")},
      {"empty tag", with("CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "")},
      {"short tag", with("CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", std::string(20, 'A'))},
      {"long tag", with("CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", std::string(100'000, 'A'))},
      {"second spelling of the tag", with("RPPc", "RPPd")},
      {"something behind it", std::string(kGood) + "$"},
      {"line end", std::string(kGood) + "\n"},
      {"NUL behind it", std::string(kGood) + '\0'},
      {"blank before it", " " + std::string(kGood)},
  };
  for (const auto& row : rows) {
    const auto hash = PasswordHash::parse(row.text);
    ASSERT_FALSE(hash) << row.name;
    EXPECT_EQ(hash.error().code, ErrorCode::InternalError) << row.name;
  }
}

TEST(PasswordHash, RefusesEveryPrefix) {
  const std::string_view good = kGood;
  // A tag of 16 bytes and more is whole as well, so only what is shorter than that.
  const std::size_t shortest = good.rfind('$') + 1 + 22;
  for (std::size_t size = 0; size < shortest; ++size) EXPECT_FALSE(PasswordHash::parse(good.substr(0, size))) << size;
}

TEST(PasswordHash, TakesTheLimitsThemselves) {
  EXPECT_TRUE(PasswordHash::parse(with("m=65536,t=2,p=1", "m=65536,t=8,p=4")));
  EXPECT_TRUE(PasswordHash::parse(with("m=65536,t=2,p=1", "m=8,t=1,p=1")));
  EXPECT_TRUE(PasswordHash::parse(with("c29tZXNhbHQ", std::string(84, 'A'))));
}

}  // namespace
}  // namespace sallyport::passwords
