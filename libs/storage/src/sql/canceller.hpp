#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

namespace sallyport::storage::sql {

/// Sends requests to cancel to a server, one after the other, on a thread of its own: each is a connection, and that
/// may hang. Thread-safe.
class Canceller final {
 public:
  class Request;

  Canceller();
  /// A request that hangs is left to itself; it refers to nothing but what it owns.
  ~Canceller();
  Canceller(const Canceller&) = delete;
  Canceller& operator=(const Canceller&) = delete;

  std::shared_ptr<Request> send(std::function<void()> cancel);
  /// Takes the request back, or waits until it has been answered. False: it hangs, and may do its work at any time.
  bool settle(const std::shared_ptr<Request>& request, std::chrono::milliseconds limit);

 private:
  struct State;
  static void work(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace sallyport::storage::sql
