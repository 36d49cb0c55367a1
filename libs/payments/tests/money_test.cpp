#include "sallyport/payments/money.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace sallyport::payments {
namespace {

const Currency kEuro = *Currency::parse("EUR");
const Currency kYen = *Currency::parse("JPY");

Money euros(std::int64_t minor) {
  return *Money::of(minor, kEuro);
}

TEST(Currency, KnowsActiveCodesOfIso4217) {
  for (const char* code : {"AED", "EUR", "JPY", "USD", "XOF", "ZAR", "ZWG"}) {
    const auto currency = Currency::parse(code);
    ASSERT_TRUE(currency) << code;
    EXPECT_EQ(currency->code(), code);
  }
}

TEST(Currency, RefusesWhatIsNone) {
  for (const char* code :
       {"", "E", "EU", "eur", "Eur", "EURO", "XXX", "XTS", "XAU", "DEM", "D A", "F A", "   ", "\xc3\x84U"}) {
    EXPECT_FALSE(Currency::parse(code)) << code;
  }
}

TEST(Money, IsNeverNegativeAndNeverBeyondItsRange) {
  EXPECT_FALSE(Money::of(-1, kEuro));
  EXPECT_FALSE(Money::of(std::numeric_limits<std::int64_t>::min(), kEuro));
  EXPECT_FALSE(Money::of(std::numeric_limits<std::int64_t>::max(), kEuro));
  EXPECT_FALSE(Money::of(Money::kMinorMax + 1, kEuro));
  EXPECT_TRUE(Money::of(Money::kMinorMax, kEuro));
  EXPECT_TRUE(Money::of(0, kEuro));
}

TEST(Money, MayBePaidFromOneToTheLargestPayment) {
  EXPECT_FALSE(euros(0).payable());
  EXPECT_TRUE(euros(1).payable());
  EXPECT_TRUE(euros(99'999'999).payable());
  EXPECT_FALSE(euros(100'000'000).payable());
}

TEST(Money, HasNoSumBeyondItsRange) {
  EXPECT_EQ(euros(1).plus(euros(2)), euros(3));
  EXPECT_EQ(euros(Money::kMinorMax - 1).plus(euros(1)), euros(Money::kMinorMax));
  EXPECT_FALSE(euros(Money::kMinorMax).plus(euros(1)));
  EXPECT_FALSE(euros(Money::kMinorMax).plus(euros(Money::kMinorMax)));
}

TEST(Money, HasNoDifferenceBelowZero) {
  EXPECT_EQ(euros(3).minus(euros(3)), euros(0));
  EXPECT_FALSE(euros(3).minus(euros(4)));
}

TEST(Money, HasNoProductBeyondItsRange) {
  EXPECT_EQ(euros(7).times(0), euros(0));
  EXPECT_EQ(euros(7).times(3), euros(21));
  EXPECT_FALSE(euros(Money::kMinorMax).times(2));
  EXPECT_FALSE(euros(Money::kMinorMax).times(std::numeric_limits<std::uint32_t>::max()));
}

TEST(Money, DoesNotMixCurrencies) {
  EXPECT_FALSE(euros(3).plus(*Money::of(3, kYen)));
  EXPECT_FALSE(euros(3).minus(*Money::of(3, kYen)));
  EXPECT_NE(euros(3), *Money::of(3, kYen));
}

}  // namespace
}  // namespace sallyport::payments
