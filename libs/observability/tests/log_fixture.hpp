#pragma once

#include <chrono>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "sallyport/core/clock.hpp"

namespace sallyport::log {

/// Stands still at 2026-03-01T12:00:01.123456Z.
class FixedClock final : public Clock {
 public:
  SteadyTime now() const noexcept override { return {}; }
  WallTime wall_now() const noexcept override { return wall; }

  WallTime wall = WallTime(std::chrono::microseconds(1772366401123456));
};

/// A pipe; the test reads what a logger wrote.
class Pipe final {
 public:
  Pipe() { EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0); }
  ~Pipe() {
    close_reader();
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writer() const { return ends_[1]; }
  void close_reader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  /// Fills the pipe, so that the next write would block. Returns how many bytes that took.
  std::size_t stuff() {
    std::size_t total = 0;
    const int flags = ::fcntl(ends_[1], F_GETFL);
    ::fcntl(ends_[1], F_SETFL, flags | O_NONBLOCK);
    const std::string filler(4096, '#');
    for (ssize_t n = 0; (n = ::write(ends_[1], filler.data(), filler.size())) > 0;)
      total += static_cast<std::size_t>(n);
    ::fcntl(ends_[1], F_SETFL, flags);
    return total;
  }
  /// Reads exactly `bytes`, waiting for them.
  std::string read(std::size_t bytes) {
    std::string text(bytes, '\0');
    std::size_t done = 0;
    while (done < bytes) {
      const ssize_t n = ::read(ends_[0], text.data() + done, bytes - done);
      if (n <= 0) break;
      done += static_cast<std::size_t>(n);
    }
    text.resize(done);
    return text;
  }
  /// What is there now, without waiting.
  std::string drain() {
    std::string text;
    pollfd entry{.fd = ends_[0], .events = POLLIN, .revents = 0};
    char buffer[65536];
    while (::poll(&entry, 1, 0) > 0) {
      const ssize_t n = ::read(ends_[0], buffer, sizeof buffer);
      if (n <= 0) break;
      text.append(buffer, static_cast<std::size_t>(n));
    }
    return text;
  }

 private:
  int ends_[2] = {-1, -1};
};

}  // namespace sallyport::log
