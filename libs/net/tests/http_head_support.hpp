#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>

#include "sallyport/net/http/request_head_parser.hpp"
#include "sallyport/net/http/response_head_parser.hpp"

namespace sallyport::net::http {

inline void PrintTo(RejectReason reason, std::ostream* out) {
  *out << to_string(reason);
}
inline void PrintTo(Method method, std::ostream* out) {
  *out << to_string(method);
}
inline void PrintTo(const Rejection& rejection, std::ostream* out) {
  *out << info(rejection.code).status << ' ' << to_string(rejection.reason);
}

/// A verdict and the number of bytes that were enough for it.
struct Verdict {
  ParseStatus status = ParseStatus::NeedMore;
  Rejection rejection;
  std::size_t at = 0;
};

/// Gives the parser `first` bytes, then `step` more each time, until it knows.
template <class Parser, class Head>
Verdict feed(Parser& parser, std::string_view bytes, Head& head, std::size_t first, std::size_t step) {
  for (std::size_t size = first;; size += step) {
    size = std::min(size, bytes.size());
    const ParseStatus status = parser.parse(bytes.substr(0, size), head);
    if (status != ParseStatus::NeedMore || size == bytes.size()) return {status, parser.rejection(), size};
  }
}

/// The verdict on all bytes at once, after checking that one byte at a time gives the same.
inline Verdict judge_request(std::string_view bytes, RequestHead& head) {
  RequestHeadParser slow;
  RequestHead slow_head;
  const Verdict sliced = feed(slow, bytes, slow_head, 0, 1);
  RequestHeadParser parser;
  const Verdict whole = feed(parser, bytes, head, bytes.size(), 1);
  EXPECT_EQ(sliced.status, whole.status);
  EXPECT_EQ(sliced.rejection, whole.rejection);
  EXPECT_EQ(slow.skipped(), parser.skipped());
  if (whole.status == ParseStatus::Complete) {
    EXPECT_EQ(slow_head.head_bytes, head.head_bytes);
    EXPECT_EQ(sliced.at, head.head_bytes);
    EXPECT_EQ(slow_head.fields.size(), head.fields.size());
  }
  return {whole.status, whole.rejection, sliced.at};
}

/// A row's name as GoogleTest allows it in a test's name.
template <class Row>
std::string row_name(const testing::TestParamInfo<Row>& row) {
  return row.param.name;
}

}  // namespace sallyport::net::http
