#pragma once

#include <cstdint>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/json/value.hpp>

#include "sallyport/core/clock.hpp"
#include "sallyport/crypto/key_ring.hpp"

namespace sallyport::testing {

/// What a service answered.
struct Reply {
  int status = 0;
  std::string head;
  boost::json::value body;  ///< null when it is no JSON

  std::string text(const char* member) const;  ///< "" when there is no such text
  std::int64_t number(const char* member) const;
  /// "code" of a problem, then the pointers of its errors, separated by spaces; what comes twice in turn once.
  std::string complaint() const;
  /// The same with "POINTER:CODE" of each error.
  std::string complaint_with_codes() const;
};

/// Throws std::runtime_error for what is no answer.
Reply read_reply(const std::string& answer);

/// A connection to a service's url, "http://127.0.0.1:PORT".
boost::asio::ip::tcp::socket connect(boost::asio::io_context& io, const std::string& url);
/// The whole answer to what is sent on a connection of its own; the request must ask for the end of it.
std::string send_and_read(const std::string& url, const std::string& request);
/// line: "GET /path"; fields: complete lines. The body has its length when there is one, and in POST and PATCH always.
std::string request_text(const std::string& line, const std::string& fields, const std::string& body);
/// The answer to that request.
Reply ask(const std::string& url, const std::string& line, const std::string& fields, const std::string& body);

/// Whose token it is.
struct Bearer {
  std::string user, role;
  std::string issuer = "https://i.test";
};
/// The header line, with an access token for the audience "aud", good for a minute.
std::string bearer_field(const crypto::TokenKeyRing& ring, const Clock& clock, const Bearer& bearer);

}  // namespace sallyport::testing
