#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sallyport/core/clock.hpp"

namespace sallyport::log {

/// Bounded queue of finished lines and the one thread that writes them to a file descriptor. Pushing takes a short lock
/// and never waits for the descriptor: what does not fit is dropped and counted. Thread-safe.
class LogQueue final {
 public:
  /// clock stamps the line that tells of losses.
  LogQueue(int fd, std::size_t bytes_max, std::chrono::milliseconds shutdown_limit, const Clock& clock);
  /// Writes what is queued, for at most the shutdown limit; counts the rest as dropped.
  ~LogQueue();
  LogQueue(const LogQueue&) = delete;
  LogQueue& operator=(const LogQueue&) = delete;

  void push(std::string_view lines);
  /// Like push, but may take the buffer over; leaves `lines` empty, with the capacity of an earlier buffer if there is
  /// one to reuse.
  void push_buffer(std::string& lines);
  /// Waits until everything pushed before is written or dropped. False when `limit` passed first.
  bool flush(std::chrono::milliseconds limit);
  std::uint64_t dropped_lines() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  bool admit(std::string_view lines);
  void append_to_open_chunk(std::string_view lines);
  std::string take_spare();
  void run();
  void write_chunk(const std::string& chunk);
  bool write_all(std::string_view& rest);
  bool wait_until_writable();
  bool out_of_time() const noexcept;
  void report_losses();
  void drop(std::string_view lines) noexcept;

  const int fd_;
  const std::size_t bytes_max_;
  const std::chrono::milliseconds shutdown_limit_;
  const Clock& clock_;
  bool regular_file_ = false;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable finished_;
  std::deque<std::string> pending_;
  std::vector<std::string> spares_;
  std::size_t queued_bytes_ = 0;  // pending and being written
  std::uint64_t accepted_bytes_ = 0;
  std::uint64_t finished_bytes_ = 0;
  bool idle_ = false;

  std::atomic<bool> stopping_ = false;
  std::chrono::steady_clock::time_point give_up_at_{};  // written before stopping_
  std::atomic<std::uint64_t> dropped_ = 0;

  // Of the writer thread only.
  std::uint64_t reported_losses_ = 0;
  bool torn_ = false;

  std::thread writer_;  // last: it uses all of the above
};

}  // namespace sallyport::log
