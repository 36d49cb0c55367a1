// Chunked bodies: the same bytes and verdict for any slicing, always progress, and never more data than input.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "fuzz_check.hpp"
#include "sallyport/net/http/chunk_decoder.hpp"

using namespace sallyport::net::http;

namespace {

struct Decoded {
  std::string body;
  std::size_t consumed = 0;
  ChunkDecoder::Step last;
  Rejection rejection;
};

Decoded decode(std::span<const char> bytes, std::size_t step) {
  ChunkDecoder decoder;
  Decoded out;
  while (out.consumed < bytes.size() && !out.last.done && !out.last.failed) {
    const std::span<const char> input = bytes.subspan(out.consumed, std::min(step, bytes.size() - out.consumed));
    out.last = decoder.next(input);
    FUZZ_CHECK(out.last.consumed > 0 || out.last.failed);
    FUZZ_CHECK(out.last.consumed <= input.size() && out.last.data.size() <= out.last.consumed);
    FUZZ_CHECK(!(out.last.done && out.last.failed));
    out.body.append(out.last.data.begin(), out.last.data.end());
    out.consumed += out.last.consumed;
  }
  out.rejection = decoder.rejection();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1U + (data[0] & 0x1fU);
  const auto copy = std::make_unique_for_overwrite<char[]>(size - 1);
  std::copy(data + 1, data + size, copy.get());
  const std::span<const char> bytes(copy.get(), size - 1);

  const Decoded whole = decode(bytes, bytes.size());
  const Decoded sliced = decode(bytes, step);
  FUZZ_CHECK(whole.body == sliced.body);
  FUZZ_CHECK(whole.consumed == sliced.consumed);
  FUZZ_CHECK(whole.last.done == sliced.last.done && whole.last.failed == sliced.last.failed);
  FUZZ_CHECK(whole.rejection == sliced.rejection);
  return 0;
}
