#include "middleware/request_context.hpp"

namespace sallyport::api_gateway {
namespace {

void write_uuid7(std::array<char, 36>& out, std::uint64_t unix_ms, Random& random) {
  constexpr char kHex[] = "0123456789abcdef";
  std::array<std::uint8_t, 16> bytes;
  random.fill(bytes);
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(unix_ms >> (40 - 8 * i));
  bytes[6] = static_cast<std::uint8_t>(0x70U | (bytes[6] & 0x0fU));
  bytes[8] = static_cast<std::uint8_t>(0x80U | (bytes[8] & 0x3fU));
  char* at = out.data();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    *at++ = kHex[bytes[i] >> 4U];
    *at++ = kHex[bytes[i] & 0x0fU];
  }
}

}  // namespace

std::optional<net::Response> RequestContext::on_request(Exchange& exchange) {
  exchange.received = clock_.wall_now();
  const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(exchange.received.time_since_epoch());
  write_uuid7(exchange.id, static_cast<std::uint64_t>(since_epoch.count()), random_);
  const auto parent = exchange.head_valid ? exchange.request.fields.find("traceparent") : std::nullopt;
  exchange.trace = trace::TraceContext::continue_or_begin(parent, random_);
  return std::nullopt;
}

void RequestContext::on_response(Exchange& exchange, net::Response& response) {
  response.add("X-Request-Id", exchange.request_id());
}

}  // namespace sallyport::api_gateway
