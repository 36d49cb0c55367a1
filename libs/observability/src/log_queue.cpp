#include "log_queue.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "timestamp.hpp"

namespace sallyport::log {
namespace {

constexpr std::size_t kChunkBytes = 64U << 10U;
constexpr std::size_t kSparesMax = 8;
constexpr int kPollMs = 50;

}  // namespace

LogQueue::LogQueue(int fd, std::size_t bytes_max, std::chrono::milliseconds shutdown_limit, const Clock& clock)
    : fd_(fd), bytes_max_(bytes_max), shutdown_limit_(shutdown_limit), clock_(clock) {
  struct stat status{};
  regular_file_ = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  spares_.reserve(kSparesMax);
  // The writer takes no signals: SIGPIPE must not end the process, and the others belong to the event loop.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  writer_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LogQueue::~LogQueue() {
  {
    const std::lock_guard lock(mutex_);
    give_up_at_ = std::chrono::steady_clock::now() + shutdown_limit_;
    stopping_.store(true, std::memory_order_release);
  }
  wake_.notify_one();
  writer_.join();
}

void LogQueue::drop(std::string_view lines) noexcept {
  dropped_.fetch_add(static_cast<std::uint64_t>(std::ranges::count(lines, '\n')), std::memory_order_relaxed);
}

bool LogQueue::admit(std::string_view lines) {
  if (lines.size() > bytes_max_ - std::min(bytes_max_, queued_bytes_)) {
    drop(lines);
    return false;
  }
  queued_bytes_ += lines.size();
  accepted_bytes_ += lines.size();
  return true;
}

std::string LogQueue::take_spare() {
  if (spares_.empty()) return {};
  std::string spare = std::move(spares_.back());
  spares_.pop_back();
  return spare;
}

void LogQueue::append_to_open_chunk(std::string_view lines) {
  if (pending_.empty() || pending_.back().size() + lines.size() > kChunkBytes) pending_.push_back(take_spare());
  pending_.back().append(lines);
}

void LogQueue::push(std::string_view lines) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (!admit(lines)) return;
    append_to_open_chunk(lines);
    wake = std::exchange(idle_, false);
  }
  if (wake) wake_.notify_one();
}

void LogQueue::push_buffer(std::string& lines) {
  // A big buffer with few lines in it is copied: queued whole, small batches behind a stuck descriptor would hold many
  // times the memory that the bound allows.
  if (lines.size() < lines.capacity() / 2) {
    push(lines);
    lines.clear();
    return;
  }
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (admit(lines)) {
      pending_.push_back(std::exchange(lines, take_spare()));
      wake = std::exchange(idle_, false);
    }
  }
  lines.clear();
  if (wake) wake_.notify_one();
}

bool LogQueue::flush(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  const std::uint64_t target = accepted_bytes_;
  return finished_.wait_for(lock, limit, [&] { return finished_bytes_ >= target; });
}

void LogQueue::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    while (pending_.empty()) {
      if (stopping_.load(std::memory_order_relaxed)) return;
      idle_ = true;
      wake_.wait(lock);
      idle_ = false;
    }
    std::deque<std::string> batch = std::exchange(pending_, {});
    lock.unlock();
    for (std::string& chunk : batch) {
      write_chunk(chunk);
      const std::size_t bytes = chunk.size();
      chunk.clear();
      lock.lock();
      queued_bytes_ -= bytes;
      finished_bytes_ += bytes;
      if (spares_.size() < kSparesMax && chunk.capacity() >= kChunkBytes && chunk.capacity() <= 4 * kChunkBytes) {
        spares_.push_back(std::move(chunk));
      }
      lock.unlock();
      finished_.notify_all();
    }
    lock.lock();
  }
}

void LogQueue::write_chunk(const std::string& chunk) {
  std::string_view rest = chunk;
  if (torn_) {
    // Closes the half line that a failed write left behind, so that it does not swallow the next one.
    std::string_view newline = "\n";
    if (!write_all(newline)) return drop(rest);
    torn_ = false;
  }
  if (!write_all(rest)) {
    torn_ = rest.size() < chunk.size() && chunk[chunk.size() - rest.size() - 1] != '\n';
    return drop(rest);
  }
  report_losses();
}

void LogQueue::report_losses() {
  const std::uint64_t dropped = dropped_lines();
  if (dropped == reported_losses_) return;
  std::string line = R"({"time":")";
  TimestampFormatter().append(line, clock_.wall_now());
  fmt::format_to(std::back_inserter(line), R"(","level":"warn","event":"log_lines_dropped","lines":{},"total":{}}})",
                 dropped - reported_losses_, dropped);
  line += '\n';
  std::string_view rest = line;
  if (write_all(rest)) {
    reported_losses_ = dropped;
  } else {
    torn_ = rest.size() < line.size();
  }
}

/// Leaves in `rest` what could not be written.
bool LogQueue::write_all(std::string_view& rest) {
  while (!rest.empty()) {
    if (!wait_until_writable()) return false;
    // A pipe that polls as writable takes PIPE_BUF bytes without blocking; more could hold this thread, and with it
    // the shutdown, for as long as the reader likes.
    const std::size_t size = regular_file_ ? rest.size() : std::min<std::size_t>(rest.size(), PIPE_BUF);
    const ssize_t written = ::write(fd_, rest.data(), size);
    if (written > 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && errno == EINTR) {
      continue;
    } else if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      ::poll(nullptr, 0, kPollMs);
    } else {
      return false;
    }
  }
  return true;
}

bool LogQueue::wait_until_writable() {
  if (regular_file_ || fd_ < 0) return true;  // poll() would ignore a negative descriptor and wait
  while (!out_of_time()) {
    pollfd entry{.fd = fd_, .events = POLLOUT, .revents = 0};
    // Anything but "not yet" goes on to write(), whose errno tells what is wrong.
    if (::poll(&entry, 1, kPollMs) != 0) return true;
  }
  return false;
}

bool LogQueue::out_of_time() const noexcept {
  return stopping_.load(std::memory_order_acquire) && std::chrono::steady_clock::now() >= give_up_at_;
}

}  // namespace sallyport::log
