// Heads of answers: the verdict must not depend on slicing, and what is accepted has one reading of its framing.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "fuzz_check.hpp"
#include "sallyport/net/http/response_head_parser.hpp"

using namespace sallyport::net::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first byte says how the rest is sliced and what was asked for.
  if (size < 2) return 0;
  const std::size_t step = 1U + (data[0] & 0x1fU);
  const Method method = (data[0] & 0x80U) != 0 ? Method::Head : Method::Get;
  const auto copy = std::make_unique_for_overwrite<char[]>(size - 1);
  std::copy(data + 1, data + size, copy.get());
  const std::string_view bytes(copy.get(), size - 1);

  static ResponseHead head;
  ResponseHeadParser parser;
  parser.reset(method);
  const ParseStatus whole = parser.parse(bytes, head);

  static ResponseHead sliced_head;
  ResponseHeadParser sliced;
  sliced.reset(method);
  ParseStatus status = ParseStatus::NeedMore;
  for (std::size_t end = 0; status == ParseStatus::NeedMore && end < bytes.size();) {
    end = std::min(end + step, bytes.size());
    status = sliced.parse(bytes.substr(0, end), sliced_head);
  }
  FUZZ_CHECK(status == whole);
  FUZZ_CHECK(sliced.rejection() == parser.rejection());
  FUZZ_CHECK(sliced.scanned() <= bytes.size());
  if (whole == ParseStatus::Rejected) FUZZ_CHECK(parser.rejection().code == sallyport::ErrorCode::BadGateway);
  if (whole != ParseStatus::Complete) return 0;

  FUZZ_CHECK(sliced_head.head_bytes == head.head_bytes && sliced_head.status == head.status);
  FUZZ_CHECK(sliced_head.framing == head.framing && sliced_head.content_length == head.content_length);
  FUZZ_CHECK(head.status >= 100 && head.status <= 599);
  FUZZ_CHECK(head.fields.count("content-length") + head.fields.count("transfer-encoding") <= 1);
  if (method == Method::Head || head.status < 200) FUZZ_CHECK(head.framing == Framing::None);
  if (head.framing == Framing::UntilClose) FUZZ_CHECK(!head.keep_alive);
  FUZZ_CHECK(bytes.substr(0, head.head_bytes).ends_with("\r\n\r\n") || head.fields.size() == 0);
  for (const Field& field : head.fields) {
    FUZZ_CHECK(!field.name.empty());
    FUZZ_CHECK(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  return 0;
}
