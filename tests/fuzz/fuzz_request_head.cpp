// Request heads: the verdict must not depend on slicing, every view must lie in the input, and what we accept Beast
// must accept too, with the same method, target and fields. Beast is at least as lenient as we are, but for the one
// empty line that may precede a request, and which is left out for it.

#include <algorithm>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "fuzz_check.hpp"
#include "sallyport/net/http/authority.hpp"
#include "sallyport/net/http/request_head_parser.hpp"

namespace {

namespace beast_http = boost::beast::http;
using sallyport::net::http::Field;
using sallyport::net::http::Framing;
using sallyport::net::http::ParseStatus;
using sallyport::net::http::RequestHead;
using sallyport::net::http::RequestHeadParser;
using sallyport::net::http::Version;

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

bool inside(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_against_beast(std::string_view bytes, const RequestHead& head, std::size_t skipped) {
  beast_http::request_parser<beast_http::empty_body> beast;
  beast.header_limit(1U << 20U);
  beast.body_limit(boost::none);
  const std::string_view message = bytes.substr(skipped, head.head_bytes - skipped);
  boost::system::error_code error;
  beast.put(boost::asio::buffer(message.data(), message.size()), error);
  FUZZ_CHECK(!error);
  FUZZ_CHECK(beast.is_header_done());
  const auto& theirs = beast.get();
  FUZZ_CHECK(view(theirs.method_string()) == head.method_text);
  FUZZ_CHECK(view(theirs.target()) == head.target);
  FUZZ_CHECK(theirs.version() == (head.version == Version::Http11 ? 11U : 10U));
  FUZZ_CHECK(beast.chunked() == (head.framing == Framing::Chunked));
  // Beast keeps fields of one name together, so ours are looked up name by name, in their order.
  FUZZ_CHECK(static_cast<std::size_t>(std::distance(theirs.begin(), theirs.end())) == head.fields.size());
  for (const Field& field : head.fields) {
    const auto range = theirs.equal_range(boost::beast::string_view(field.name.data(), field.name.size()));
    FUZZ_CHECK(std::any_of(range.first, range.second, [&field](const auto& entry) {
      return view(entry.name_string()) == field.name && view(entry.value()) == field.value;
    }));
  }
}

void check_views(std::string_view bytes, const RequestHead& head) {
  const std::string_view message = bytes.substr(0, head.head_bytes);
  FUZZ_CHECK(inside(head.target, message) && inside(head.host, message) && inside(head.query, message));
  FUZZ_CHECK(head.path == "/" || head.path == "*" || inside(head.path, message));
  FUZZ_CHECK(head.path == "*" || head.path.front() == '/');
  FUZZ_CHECK(sallyport::net::http::parse_authority(head.host).has_value());
  FUZZ_CHECK(message.ends_with("\r\n\r\n"));
  for (const Field& field : head.fields) {
    FUZZ_CHECK(inside(field.name, message) && inside(field.value, message) && !field.name.empty());
    FUZZ_CHECK(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first byte says how the rest is sliced.
  if (size == 0) return 0;
  const std::size_t step = 1U + (data[0] & 0x1fU);
  // A copy of exactly this size, so that the sanitizer sees a read past the end.
  const auto copy = std::make_unique_for_overwrite<char[]>(size - 1);
  std::copy(data + 1, data + size, copy.get());
  const std::string_view bytes(copy.get(), size - 1);

  static RequestHead head;
  RequestHeadParser parser;
  const ParseStatus whole = parser.parse(bytes, head);
  if (whole == ParseStatus::Complete) {
    check_views(bytes, head);
    check_against_beast(bytes, head, parser.skipped());
  }

  static RequestHead sliced_head;
  RequestHeadParser sliced;
  ParseStatus status = ParseStatus::NeedMore;
  for (std::size_t end = 0; status == ParseStatus::NeedMore && end < bytes.size();) {
    end = std::min(end + step, bytes.size());
    status = sliced.parse(bytes.substr(0, end), sliced_head);
  }
  FUZZ_CHECK(bytes.empty() || status == whole);
  FUZZ_CHECK(bytes.empty() || sliced.rejection() == parser.rejection());
  FUZZ_CHECK(sliced.scanned() <= bytes.size());
  if (whole == ParseStatus::Complete) {
    FUZZ_CHECK(sliced_head.head_bytes == head.head_bytes && sliced_head.framing == head.framing);
    FUZZ_CHECK(sliced_head.content_length == head.content_length && sliced_head.keep_alive == head.keep_alive);
    FUZZ_CHECK(sliced_head.path == head.path && sliced_head.host == head.host);
    FUZZ_CHECK(sliced_head.fields.size() == head.fields.size());
  }
  return 0;
}
