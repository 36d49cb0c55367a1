#pragma once

#include <optional>
#include <vector>

#include "sallyport/net/response.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::net {

/// A step that every request passes. `X` is the service's own exchange type.
template <class X>
class Filter {
 public:
  virtual ~Filter() = default;
  /// On the way down; an answer ends the way.
  virtual std::optional<Response> on_request(X&) { return std::nullopt; }
  /// On the way up, in reverse order, for every answer made at this step or below.
  virtual void on_response(X&, Response&) {}
};

/// A step that sometimes has to wait. Only then does it become a coroutine.
template <class X>
class WaitingFilter : public Filter<X> {
 public:
  /// Asked right after on_request() had no answer.
  virtual bool must_wait(X& exchange) = 0;
  virtual runtime::Task<std::optional<Response>> wait(X& exchange) = 0;
};

/// What stands at the end of a chain: it makes the answer.
template <class X>
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual runtime::Task<Response> handle(X& exchange) = 0;
};

/// The order of the steps, and the way up that mirrors the way down. Stateless between requests.
template <class X>
class FilterChain final {
 public:
  void add(Filter<X>& filter) { stages_.push_back({&filter, nullptr}); }
  void add(WaitingFilter<X>& filter) { stages_.push_back({&filter, &filter}); }

  /// Runs from stage `next` until a step answers or has to wait. Returns the answer; without one, `next` is the number
  /// of stages when all have passed, else the stage that has to wait.
  std::optional<Response> run(X& exchange, std::size_t& next) const {
    for (; next < stages_.size(); ++next) {
      auto answer = stages_[next].filter->on_request(exchange);
      if (answer) return answer;
      if (stages_[next].waiting != nullptr && stages_[next].waiting->must_wait(exchange)) return std::nullopt;
    }
    return std::nullopt;
  }

  /// Goes on from the waiting stage `next` to the end of the chain.
  runtime::Task<std::optional<Response>> run_waiting(X& exchange, std::size_t& next) const {
    while (next < stages_.size()) {
      auto answer = co_await stages_[next].waiting->wait(exchange);
      if (answer) co_return answer;
      ++next;
      answer = run(exchange, next);
      if (answer) co_return answer;
    }
    co_return std::nullopt;
  }

  /// The way up from stage `last` (inclusive; the number of stages for an endpoint's answer).
  void unwind(X& exchange, Response& response, std::size_t last) const {
    for (std::size_t i = last < stages_.size() ? last + 1 : stages_.size(); i-- > 0;) {
      stages_[i].filter->on_response(exchange, response);
    }
  }
  std::size_t size() const noexcept { return stages_.size(); }

 private:
  struct Stage {
    Filter<X>* filter;
    WaitingFilter<X>* waiting;
  };
  std::vector<Stage> stages_;
};

}  // namespace sallyport::net
