#pragma once

#include <optional>
#include <string>

#include "exchange.hpp"
#include "sallyport/net/response.hpp"

namespace sallyport::api_gateway {

/// How the body goes to the upstream: none, a known number of bytes, or chunked because nobody knows yet.
struct OutgoingBody {
  bool present = false;
  std::optional<std::uint64_t> length;
};

/// Whether Connection names fields that must not pass; "close" and "keep-alive" alone name none.
bool names_fields(const net::http::FieldList& fields) noexcept;

/// Writes the request head for the upstream into `out`: the canonical path, the end-to-end fields, and what the gateway
/// vouches for (X-Forwarded-For, -Proto, -Host, Via, X-Request-Id, traceparent). Whatever a client sent under these
/// names, hop-by-hop fields (RFC 9110 7.6.1) and fields named in Connection are left out.
/// left: until the gateway gives up; sent as X-Request-Timeout-Ms, a little shortened so that the service gives up
/// first.
void write_upstream_head(std::string& out, const Exchange& exchange, std::string_view path, const OutgoingBody& body,
                         std::chrono::nanoseconds left);

/// Copies the upstream's end-to-end fields into `response`, without those that would give the inside away or that are
/// the gateway's own to say. without_cors: the gateway speaks CORS itself.
void copy_answer_fields(net::Response& response, const net::http::ResponseHead& head, bool without_cors);

}  // namespace sallyport::api_gateway
