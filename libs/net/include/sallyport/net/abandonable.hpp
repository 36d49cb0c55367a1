#pragma once

#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "sallyport/net/exchange.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::net {

/// Turns the news that a client has gone into a cancellation of type total, which coroutines ignore unless they ask for
/// it: only waits that are worth nothing without a client end early. Sent again once a tick of the server.
class Departure final : public Abortable {
 public:
  explicit Departure(Exchange& exchange) noexcept : exchange_(exchange) { exchange_.waiting_on = this; }
  ~Departure() {
    if (exchange_.waiting_on == this) exchange_.waiting_on = nullptr;
  }
  Departure(const Departure&) = delete;
  Departure& operator=(const Departure&) = delete;

  void abort() noexcept override { signal_.emit(asio::cancellation_type::total); }
  asio::cancellation_slot slot() noexcept { return signal_.slot(); }

 private:
  Exchange& exchange_;
  asio::cancellation_signal signal_;
};

/// Runs the work of a request, whose waits with storage::WhenAbandoned::Cancel then end when the client goes. The
/// exchange outlives it. Exceptions of the work come out of the await.
template <class T>
runtime::Task<T> abandonable(Exchange& exchange, runtime::Task<T> work) {
  Departure departure(exchange);
  const runtime::Executor executor = co_await asio::this_coro::executor;
  co_return co_await asio::co_spawn(executor, std::move(work),
                                    asio::bind_cancellation_slot(departure.slot(), runtime::use_task));
}

}  // namespace sallyport::net
