#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "sallyport/core/random.hpp"
#include "sallyport/storage/sql/pool.hpp"
#include "sql/canceller.hpp"

namespace sallyport::storage {

/// One job on its way. What is not said to be guarded belongs to the event loop that waits for it.
struct SqlTicket {
  std::shared_ptr<SqlJob> job;
  runtime::Executor executor;
  SteadyTime deadline;  ///< of the system's clock

  bool done = false;
  runtime::Timer* waiting = nullptr;  ///< of the coroutine that waits, for as long as it does

  std::optional<SqlError> failure = {};  ///< written before `done` is posted

  enum class Place : std::uint8_t { Queued, Running, Gone };
  Place place = Place::Gone;                                    ///< guarded by the pool's mutex, like what follows
  std::list<std::shared_ptr<SqlTicket>>::iterator queued = {};  ///< valid while Queued
  SqlSession* session = nullptr;                                ///< while Running
  std::shared_ptr<sql::Canceller::Request> cancel = {};         ///< of what runs, once it was abandoned
};

/// How old a connection may become: `after` ± 10 %, by a number from 0 to 1.
SteadyTime::duration recycle_age(std::chrono::minutes after, double uniform) noexcept;

/// The threads and connections behind SqlPool. Its functions may be called from any thread.
class SqlPool::Impl final : private ReconnectGate {
 public:
  Impl(SqlPoolOptions options, const Clock& clock);
  ~Impl() override { stop(); }

  /// nullopt: queued.
  std::optional<SqlError> submit(const std::shared_ptr<SqlTicket>& ticket);
  /// Takes the ticket back. False: it has begun, or ended.
  bool withdraw(SqlTicket& ticket);
  /// Has what runs for the ticket cancelled on the server.
  void abandon(const std::shared_ptr<SqlTicket>& ticket);
  void count_overloaded();
  void stop() noexcept;
  Statistics statistics() const;

  const Clock& clock() const noexcept { return clock_; }
  const SqlPoolOptions& options() const noexcept { return options_; }

 private:
  struct Worker {
    std::thread thread;
    std::condition_variable called;
    bool wake = false;
    std::unique_ptr<SqlSession> session;
    SteadyTime recycle_at;
  };
  using Lock = std::unique_lock<std::mutex>;

  bool enter() noexcept override;
  void leave() noexcept override;
  void work(Worker& worker);
  void rest(Worker& worker, Lock& lock);
  void connect(Worker& worker, Lock& lock);
  void serve(Worker& worker, Lock& lock);
  void discard(Worker& worker, Lock& lock);
  void call_one();
  bool may_connect(SteadyTime now) const noexcept { return connecting_ < kConnectingMax && now >= retry_at_; }
  void fail_queued(const SqlError& error);
  static void finish(std::shared_ptr<SqlTicket> ticket, std::optional<SqlError> failure);
  void watch();

  static constexpr std::size_t kConnectingMax = 2;

  const SqlPoolOptions options_;
  const Clock& clock_;
  sql::Canceller canceller_;

  mutable std::mutex mutex_;  ///< guards everything below
  bool stopping_ = false;
  std::list<std::shared_ptr<SqlTicket>> queue_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> idle_;  ///< those with a connection at the back
  std::size_t connecting_ = 0;
  SteadyTime retry_at_ = SteadyTime::min();
  std::uint32_t failures_in_a_row_ = 0;
  SqlError last_failure_{};
  FastRandom random_;
  Statistics statistics_;

  std::condition_variable watchdog_stop_;
  std::thread watchdog_;
};

}  // namespace sallyport::storage
