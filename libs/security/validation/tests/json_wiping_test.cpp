// Whether what was read from a body is still in memory when it should be gone. By itself: it replaces the allocator.
#include <malloc.h>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "sallyport/validation/json_reader.hpp"
#include "sallyport/validation/openapi.hpp"

namespace {

constexpr std::string_view kNeedle = "correct horse battery staple";

bool g_watching = false;
std::size_t g_left_behind = 0;  ///< blocks that were given back with the needle in them

void give_back(void* block) noexcept {
  if (block != nullptr && g_watching) {
    const std::string_view bytes(static_cast<const char*>(block), malloc_usable_size(block));
    if (bytes.find(kNeedle) != std::string_view::npos) ++g_left_behind;
  }
  std::free(block);
}

}  // namespace

void* operator new(std::size_t bytes) {
  void* const block = std::calloc(1, bytes == 0 ? 1 : bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void operator delete(void* block) noexcept {
  give_back(block);
}
void operator delete(void* block, std::size_t) noexcept {
  give_back(block);
}

namespace sallyport::validation {
namespace {

/// How many blocks `work` leaves the needle in.
template <class Work>
std::size_t left_behind_by(Work work) {
  g_left_behind = 0;
  g_watching = true;
  work();
  g_watching = false;
  return g_left_behind;
}

TEST(JsonReader, LeavesNothingBehindOfWhatItRead) {
  const std::string texts[] = {
      R"({"password":"correct horse battery staple"})",
      R"({"password":"correct horse battery staple\u00e9, and a little more"})",
      R"({"a":["correct horse battery staple",{"b":"correct horse battery staple"}],"c":1})",
      R"({"a":")" + std::string(20000, 'x') + R"(","password":"correct horse battery staple"})",
      R"({"a":")" + std::string(470, 'x') + R"(correct horse battery staple"})",
      R"({"password":"correct horse battery staple","password":1})",
      R"({"password":"correct horse battery staple")",
      R"(["correct horse battery staple")" + std::string(40, '['),
  };
  for (const std::string& text : texts) {
    EXPECT_EQ(left_behind_by([&text] { const auto value = parse_json(text); }), 0U) << text.substr(0, 80);
  }
}

TEST(JsonReader, WouldBeCaughtIfItDid) {
  EXPECT_GT(left_behind_by([] { const std::string copy(kNeedle); }), 0U);
}

TEST(Parameters, LeaveNothingBehindOfWhatTheyHold) {
  const auto api = OpenApi::load(R"(
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /a:
    post:
      parameters: [{name: Idempotency-Key, in: header, schema: {type: string}}]
      responses: {'204': {description: d}}
)");
  ASSERT_TRUE(api.has_value());
  const auto found = api->find("POST", "/a").value();
  const net::http::Field fields[] = {{"Idempotency-Key", kNeedle}};
  const auto left = left_behind_by([&] {
    const auto parameters = found.operation->check_parameters({}, "", fields);
    EXPECT_EQ(parameters->text(ParameterIn::Header, "idempotency-key"), kNeedle);
  });
  EXPECT_EQ(left, 0U);
}

}  // namespace
}  // namespace sallyport::validation
