#include "sallyport/payments_service/payments_config.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::payments_service {
namespace {

using namespace std::chrono_literals;

const std::string kRequired =
    "listen: 127.0.0.1:9002\nissuer: https://id.example.com\naudience: example\n"
    "jwks_url: http://127.0.0.1:9001/.well-known/jwks.json\n";

TEST(PaymentsConfigFile, HasDefaultsForWhatItDoesNotSay) {
  const auto loaded = load_payments_config(kRequired);
  ASSERT_TRUE(loaded.problems.empty()) << service::format_problems("f", loaded.problems);
  EXPECT_EQ(loaded.config.processor_timeout, 8s);
  EXPECT_EQ(loaded.config.processor_try_timeout, 3500ms);
  EXPECT_EQ(loaded.config.reconcile_every, 1s);
  EXPECT_EQ(loaded.config.common.listen.at(0).port, 9002);
}

TEST(PaymentsConfigFile, TakesItsOwnKeys) {
  const auto loaded =
      load_payments_config(kRequired + "processor_timeout: 20s\nprocessor_try_timeout: 5s\nreconcile_every: 250ms\n");
  ASSERT_TRUE(loaded.problems.empty()) << service::format_problems("f", loaded.problems);
  EXPECT_EQ(loaded.config.processor_timeout, 20s);
  EXPECT_EQ(loaded.config.processor_try_timeout, 5s);
  EXPECT_EQ(loaded.config.reconcile_every, 250ms);
}

TEST(PaymentsConfigFile, RefusesWhatItCannotMean) {
  for (const char* line : {"processor_timeout: 26s", "processor_timeout: 30m", "processor_timeout: 8",
                           "processor_try_timeout: 100ms", "reconcile_every: 0s", "reconcile: 1s",
                           "processor_timeout: 2s\nprocessor_try_timeout: 3s", "processor_key: x"}) {
    EXPECT_FALSE(load_payments_config(kRequired + line + "\n").problems.empty()) << line;
  }
  EXPECT_FALSE(load_payments_config("issuer: x\n").problems.empty());
}

}  // namespace
}  // namespace sallyport::payments_service
