#include "sallyport/core/secret.hpp"

#include <cstring>
#include <new>

#include <gtest/gtest.h>

namespace sallyport {
namespace {

/// Whether the bytes of an object, seen from outside, hold the text.
template <class T>
bool holds(const T& object, std::string_view text) {
  const std::string_view bytes(reinterpret_cast<const char*>(&object), sizeof object);
  return bytes.find(text) != std::string_view::npos;
}

TEST(Secret, LeavesNothingBehindInAnObjectThatWasMovedFrom) {
  Secret<std::string> from(std::string("s3cr3t-short"));  // short enough to live inside the string itself
  ASSERT_TRUE(holds(from, "s3cr3t-short"));
  const Secret<std::string> to(std::move(from));
  EXPECT_EQ(to.expose(), "s3cr3t-short");
  EXPECT_FALSE(holds(from, "s3cr3t"));  // NOLINT(bugprone-use-after-move): what is left of it is the question
}

TEST(Secret, IsGoneWhenItIsDestroyed) {
  alignas(Secret<std::string>) unsigned char storage[sizeof(Secret<std::string>)];
  auto* const secret = new (storage) Secret<std::string>(std::string("s3cr3t-short"));
  ASSERT_TRUE(holds(storage, "s3cr3t-short"));
  secret->~Secret();
  EXPECT_FALSE(holds(storage, "s3cr3t"));
}

}  // namespace
}  // namespace sallyport
