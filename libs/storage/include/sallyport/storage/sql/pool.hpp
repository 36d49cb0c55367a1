#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/deadline.hpp"
#include "sallyport/runtime/task.hpp"
#include "sallyport/storage/sql/session.hpp"

namespace sallyport::log {
class Logger;
}

namespace sallyport::storage {

struct SqlPoolOptions {
  DatabaseUrl url;
  std::size_t connections_max = 8;
  std::size_t waiting_max = 200;                ///< callers that wait for a connection; one more is Overloaded at once
  std::chrono::milliseconds acquire{250};       ///< how long they wait
  SqlLimits limits{};                           ///< of every connection
  std::chrono::minutes recycle_after{30};       ///< ± 10 %: then a connection is replaced between two uses
  std::chrono::milliseconds reconnect_min{50};  ///< backoff with jitter, doubling, after a failed connection attempt
  std::chrono::milliseconds reconnect_max{1000};
  /// For development: every statement, without its parameters, is an event sql_statement at debug. Outlives the pool.
  log::Logger* statement_log = nullptr;
};

/// What becomes of work when the coroutine that waits for it gets a cancellation of type total: its client has gone
/// (net::abandonable). Nothing else in a program listens to that type.
enum class WhenAbandoned : std::uint8_t {
  Finish,  ///< the work goes on and the caller with it: for what must be done once it was asked for
  Cancel,  ///< the statement that runs is cancelled on the server and the transaction rolled back, so the result is
           ///< Timeout; work that has not begun is NotSent. A COMMIT that was sent is not undone.
};

struct SqlTicket;

/// One unit of work on its way through the pool. Not for callers.
class SqlJob {
 public:
  virtual ~SqlJob() = default;
  virtual void run(SqlSession& session) noexcept = 0;
};

/// A fixed number of connections, each used by a worker thread of its own, for coroutines of any event loop.
/// Connections are made when they are needed, at most two at once. stop() it before the loops that use it end.
class SqlPool final {
 public:
  /// Connects nothing yet. `clock` is the one that callers' deadlines are read from.
  SqlPool(SqlPoolOptions options, const Clock& clock);
  ~SqlPool();  ///< stops
  SqlPool(const SqlPool&) = delete;
  SqlPool& operator=(const SqlPool&) = delete;

  /// Runs work(SqlSession&) → SqlResult<R> on a worker thread and returns its result on the awaiting loop. work owns
  /// what it uses: it may outlive the caller. An exception that leaves work comes out of the await, SqlRowError as
  /// Other. A transaction that work leaves open is rolled back.
  /// Errors of the pool itself: Overloaded (no connection within min(remaining, acquire), nothing done), NotSent (the
  /// database cannot be reached, or the pool has stopped, nothing done), OutcomeUnknown (work still runs, a tenth of a
  /// second after the deadline).
  /// Cancellation leaves: nothing, when work has not begun; else unknown: the worker finishes it.
  template <class F>
    requires std::is_invocable_v<F&, SqlSession&>
  runtime::Task<std::invoke_result_t<F&, SqlSession&>> run(Deadline deadline, F work,
                                                           WhenAbandoned abandoned = WhenAbandoned::Finish) {
    auto job = std::make_shared<TypedJob<F>>(std::move(work));
    if (auto refused = co_await dispatch(job, deadline, abandoned)) co_return std::unexpected(*std::move(refused));
    if (job->failure) std::rethrow_exception(job->failure);
    co_return *std::move(job->result);
  }

  /// Fails what waits (NotSent), lets what runs finish, closes the connections. Blocks for as long as a statement may
  /// take. From then on run() answers NotSent.
  void stop() noexcept;

  struct Statistics {
    std::size_t open = 0, busy = 0, waiting = 0;                                                          ///< now
    std::uint64_t jobs = 0, overloaded = 0, connected = 0, connect_failures = 0, recycled = 0, lost = 0;  ///< so far
    std::uint64_t abandoned = 0;  ///< jobs that were stopped because their caller's client had gone
  };
  Statistics statistics() const;

 private:
  template <class F>
  struct TypedJob final : SqlJob {
    using Outcome = std::invoke_result_t<F&, SqlSession&>;
    explicit TypedJob(F f) : work(std::move(f)) {}
    void run(SqlSession& session) noexcept override {
      try {
        result.emplace(work(session));
      } catch (const SqlRowError& error) {
        result.emplace(sql_failure(SqlErrorKind::Other, error.what()));
      } catch (...) {
        failure = std::current_exception();
      }
    }
    F work;
    std::optional<Outcome> result;
    std::exception_ptr failure;
  };

  /// nullopt: the job has run.
  runtime::Task<std::optional<SqlError>> dispatch(std::shared_ptr<SqlJob> job, Deadline deadline,
                                                  WhenAbandoned abandoned);
  runtime::Task<std::optional<SqlError>> settle(std::shared_ptr<SqlTicket> ticket, SteadyTime acquire_end,
                                                WhenAbandoned abandoned);

  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::storage
