#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sallyport/core/deadline.hpp"
#include "sallyport/net/http/message.hpp"
#include "sallyport/net/response.hpp"
#include "sallyport/runtime/task.hpp"
#include "sallyport/service/exchange.hpp"

namespace sallyport::service {

/// What a service does on one event loop: its controllers with what they need, and its jobs. Made by the service's
/// factory; everything is called on its loop.
class Application {
 public:
  virtual ~Application() = default;
  /// Before the first request, after Redis has been reached. An error ends the start; its detail is shown to the
  /// operator. Keeps its deadline.
  virtual runtime::Task<Result<void>> prepare(Deadline deadline);
  /// Requests are coming: starts the jobs.
  virtual void start() {}
  /// Ends the jobs, and what else may still wait. No request is under way any more.
  virtual runtime::Task<> stop();
};

/// The answer to a request. An Error is what went wrong on our side (logged; 503 or 500); every refusal is an answer.
using Answer = runtime::Task<Result<net::Response>>;
using Handler = Answer (*)(Application& application, Exchange& exchange);

namespace detail {
template <class C, class M>
C& part_of(Application& application, M C::*) {
  return static_cast<C&>(application);
}
}  // namespace detail

/// A member function of the application: `handler<&PaymentsLoop::create>`.
template <auto Function>
Answer handler(Application& application, Exchange& exchange) {
  return (detail::part_of(application, Function).*Function)(exchange);
}
/// A member function of one of its controllers: `handler<&AuthLoop::sign_in, &SignIn::login>`.
template <auto Controller, auto Function>
Answer handler(Application& application, Exchange& exchange) {
  return ((detail::part_of(application, Controller).*Controller).*Function)(exchange);
}

/// Whom a route is open to.
enum class Access : std::uint8_t {
  Anyone,
  Bearer,  ///< of an access token; else 401
  Admin,   ///< of one whose role is "admin"; else 401 or 403
};

struct Route {
  net::http::Method method;  ///< Get takes HEAD too
  std::string_view pattern;  ///< of the canonical path; "{name}" stands for one whole segment
  Access access;
  Handler handler;
};

/// A text that is the same for everybody, served without waiting.
struct Document {
  std::string path;
  std::string content_type;
  std::string cache_control;
  std::string body;
};

}  // namespace sallyport::service
