#pragma once

#include <chrono>

#include "sallyport/core/clock.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::net {

class Sweeper;

/// Something with deadlines that may be noticed late by one tick. Linked while it exists.
class SweepEntry {
 public:
  explicit SweepEntry(Sweeper& sweeper) noexcept;
  SweepEntry(const SweepEntry&) = delete;
  SweepEntry& operator=(const SweepEntry&) = delete;

  /// Called once a tick. May destroy entries, this one too.
  virtual void sweep(SteadyTime now) noexcept = 0;

 protected:
  virtual ~SweepEntry();

 private:
  friend class Sweeper;
  Sweeper& sweeper_;
  SweepEntry* previous_ = nullptr;
  SweepEntry* next_ = nullptr;
};

/// One timer for thousands of deadlines: a timer each would cost more than the request it guards. It ticks only while
/// it has entries. Lives on one thread.
class Sweeper final {
 public:
  Sweeper(runtime::Executor executor, const Clock& clock, std::chrono::milliseconds tick);
  ~Sweeper();  ///< asserts that it is empty
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;

  /// Visits every entry now.
  void sweep() noexcept;
  const Clock& clock() const noexcept { return clock_; }

 private:
  friend class SweepEntry;
  void link(SweepEntry& entry) noexcept;
  void unlink(SweepEntry& entry) noexcept;
  void arm();

  const Clock& clock_;
  std::chrono::milliseconds tick_;
  runtime::Timer timer_;
  bool armed_ = false;
  SweepEntry* first_ = nullptr;
  SweepEntry* upcoming_ = nullptr;  ///< while sweep() is at the one before
};

}  // namespace sallyport::net
