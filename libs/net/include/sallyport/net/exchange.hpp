#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/ip_address.hpp"
#include "sallyport/net/http/message.hpp"
#include "sallyport/net/http/request_head_parser.hpp"
#include "sallyport/net/response.hpp"

namespace sallyport::net {

class RequestBody;

/// Something that a request waits for and that can be told to give up when the client has gone.
class Abortable {
 public:
  virtual void abort() noexcept = 0;

 protected:
  ~Abortable() = default;
};

/// Work that goes on beside an exchange and refers to it, such as the upload of a long body.
class Background {
 public:
  virtual ~Background() = default;
  /// Ends the work, finished or not, and waits until it has ended. The server calls it after the answer, and before the
  /// answer's body goes.
  virtual runtime::Task<> stop() = 0;
};

/// One request on its way through a service. An application derives its own from it and adds what its steps decide.
/// Reused for request after request: reset() brings it back to new.
struct Exchange {
  virtual ~Exchange() = default;
  virtual void reset() {
    head_valid = false;
    body = nullptr;
    waiting_on = nullptr;
    client_gone = false;
  }

  http::RequestHead request;  ///< views into the connection's buffer, valid until the exchange ends
  bool head_valid = false;    ///< false: the guard refused the head, `request` means nothing
  RequestBody* body = nullptr;
  IpAddress peer;                   ///< who holds the other end of the connection
  SteadyTime started;               ///< when the head was complete
  Abortable* waiting_on = nullptr;  ///< set by whoever waits for long, cleared when done
  bool client_gone = false;
  std::unique_ptr<Background> background;
};

/// How an exchange ended.
struct Completion {
  int status = 0;               ///< 499: the client went away before its answer
  std::string_view code;        ///< problem code or empty
  std::uint64_t bytes_in = 0;   ///< body bytes received
  std::uint64_t bytes_out = 0;  ///< bytes written, head included
  SteadyTime finished;
  bool aborted = false;  ///< the answer was cut off
};

/// What a server serves. One per event loop.
class Application {
 public:
  virtual ~Application() = default;
  virtual std::unique_ptr<Exchange> make_exchange() = 0;
  /// Takes the request as far as it goes without waiting; an answer ends it.
  virtual std::optional<Response> begin(Exchange& exchange) = 0;
  /// Goes on where begin() had no answer. Exceptions become 500.
  virtual runtime::Task<Response> handle(Exchange& exchange) = 0;
  /// The answer for what the server refuses itself: a head that broke the rules, a deadline, a body that broke its
  /// framing.
  virtual Response refuse(Exchange& exchange, const Error& error, std::string_view reason) = 0;
  /// After the answer was written or given up.
  virtual void finished(Exchange& exchange, const Completion& completion) = 0;
};

}  // namespace sallyport::net
