#include "sallyport/testing/service_client.hpp"

#include <functional>
#include <stdexcept>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>

#include "sallyport/tokens/access_token_issuer.hpp"

namespace sallyport::testing {

namespace asio = boost::asio;

namespace {

using Tell = std::function<std::string(const boost::json::object&)>;

std::string complaint_of(const Reply& reply, const Tell& tell) {
  std::string out = reply.text("code");
  const auto* errors = reply.body.is_object() ? reply.body.get_object().if_contains("errors") : nullptr;
  if (errors == nullptr) return out;
  std::string last;
  for (const auto& error : errors->as_array()) {
    std::string told = " " + tell(error.as_object());
    if (told != last) out += told;
    last = std::move(told);
  }
  return out;
}

std::string pointer_of(const boost::json::object& error) {
  return std::string(error.at("pointer").as_string());
}

}  // namespace

std::string Reply::text(const char* member) const {
  if (!body.is_object()) return {};
  const auto* value = body.get_object().if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t Reply::number(const char* member) const {
  return body.as_object().at(member).to_number<std::int64_t>();
}

std::string Reply::complaint() const {
  return complaint_of(*this, pointer_of);
}

std::string Reply::complaint_with_codes() const {
  return complaint_of(*this, [](const boost::json::object& error) {
    return pointer_of(error).append(":").append(error.at("code").as_string());
  });
}

Reply read_reply(const std::string& answer) {
  const auto blank = answer.find("\r\n\r\n");
  if (blank == std::string::npos) throw std::runtime_error("no answer, but \"" + answer + "\"");
  Reply reply{std::stoi(answer.substr(9, 3)), answer.substr(0, blank + 2), nullptr};
  boost::system::error_code none;
  reply.body = boost::json::parse(answer.substr(blank + 4), none);
  return reply;
}

asio::ip::tcp::socket connect(asio::io_context& io, const std::string& url) {
  asio::ip::tcp::socket socket(io);
  socket.connect(
      {asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)))});
  return socket;
}

std::string send_and_read(const std::string& url, const std::string& request) {
  asio::io_context io;
  auto socket = connect(io, url);
  asio::write(socket, asio::buffer(request));
  std::string answer;
  boost::system::error_code end;
  asio::read(socket, asio::dynamic_buffer(answer), end);
  return answer;
}

std::string request_text(const std::string& line, const std::string& fields, const std::string& body) {
  std::string request = line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields;
  const bool framed = !body.empty() || line.starts_with("POST") || line.starts_with("PATCH");
  if (framed) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return request + "\r\n" + body;
}

Reply ask(const std::string& url, const std::string& line, const std::string& fields, const std::string& body) {
  return read_reply(send_and_read(url, request_text(line, fields, body)));
}

std::string bearer_field(const crypto::TokenKeyRing& ring, const Clock& clock, const Bearer& bearer) {
  const tokens::AccessTokenIssuer issuer(ring, {bearer.issuer, "aud", std::chrono::seconds(60)});
  const auto issued = issuer.issue({bearer.user, "s-1", "t-1", bearer.role}, clock.wall_now());
  return "Authorization: Bearer " + std::string(issued.token.expose()) + "\r\n";
}

}  // namespace sallyport::testing
