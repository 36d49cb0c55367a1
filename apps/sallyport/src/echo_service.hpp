#pragma once

#include <cstdint>
#include <memory>

#include "sallyport/observability/log.hpp"

namespace sallyport::app {

/// A small HTTP service for `sallyport dev`: answers every request with a JSON account of it, so that a newcomer sees
/// what an upstream gets from the gateway. Listens on a free loopback port, on a thread of its own.
class EchoService final {
 public:
  explicit EchoService(log::Logger& logger);
  ~EchoService();
  EchoService(const EchoService&) = delete;
  EchoService& operator=(const EchoService&) = delete;

  std::uint16_t port() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::app
