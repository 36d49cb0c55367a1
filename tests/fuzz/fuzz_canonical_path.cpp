// Canonical paths: stable, printable, and without anything that another reader could resolve or decode to a separator.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fuzz_check.hpp"
#include "sallyport/net/http/canonical_path.hpp"

using namespace sallyport::net::http;

namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto copy = std::make_unique_for_overwrite<char[]>(size);
  std::copy(data, data + size, copy.get());
  const std::string_view raw(copy.get(), size);

  std::string scratch;
  const auto path = canonical_path(raw, scratch);
  if (!path) return 0;
  const std::string once(*path);
  std::string again;
  const auto twice = canonical_path(once, again);
  FUZZ_CHECK(twice && *twice == once);
  FUZZ_CHECK(once.front() == '/');
  FUZZ_CHECK(once.size() <= 3 * raw.size());
  FUZZ_CHECK(std::all_of(once.begin(), once.end(), [](char c) { return c > 0x20 && c < 0x7f; }));
  FUZZ_CHECK(once.find_first_of("?#\\") == std::string::npos);
  const std::string closed = once + "/";
  FUZZ_CHECK(!contains(once, "//") && !contains(closed, "/./") && !contains(closed, "/../"));
  FUZZ_CHECK(!contains(once, "%2E") && !contains(once, "%2F") && !contains(once, "%5C") && !contains(once, "%00"));

  std::string key_scratch;
  const std::string key(match_key(once, key_scratch));
  std::string key_again;
  FUZZ_CHECK(match_key(key, key_again) == key);
  FUZZ_CHECK(std::none_of(key.begin(), key.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
  FUZZ_CHECK(key == "/" || key.back() != '/');
  return 0;
}
