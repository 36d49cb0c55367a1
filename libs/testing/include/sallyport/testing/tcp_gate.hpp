#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

namespace sallyport::testing {

/// Stands between a client and a real server on loopback, and misbehaves on request. Runs on a thread of its own; the
/// functions may be called from any other thread, and return when the change is in force. What is not said to concern
/// living connections concerns new and living ones.
class TcpGate final {
 public:
  explicit TcpGate(std::uint16_t server_port);
  ~TcpGate();
  TcpGate(const TcpGate&) = delete;
  TcpGate& operator=(const TcpGate&) = delete;

  std::uint16_t port() const noexcept;

  void forward();  ///< behaves well again; the start
  void refuse();   ///< new connections get ECONNREFUSED; living ones stay
  void silence();  ///< accepts, reads, and passes nothing on, in either direction; what was read is lost
  /// After so many more bytes from the server to the client (of all connections), the connection is reset.
  void cut_after(std::uint64_t bytes);
  void delay(std::chrono::milliseconds each);  ///< every piece waits so long before it is passed on
  void slice();                                ///< passes on single bytes
  void drop_all();                             ///< resets all living connections

  std::uint64_t accepted() const noexcept;  ///< connections so far

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::testing
