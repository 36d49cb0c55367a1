#include "sallyport/auth_service/auth_service.hpp"

#include <future>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "sallyport/storage/sql/embedded_migrations.hpp"
#include "sallyport/storage/sql/migrator.hpp"
#include "worker.hpp"

namespace sallyport::auth_service {
namespace {

constexpr std::chrono::seconds kStartBudget{10};
constexpr std::chrono::milliseconds kStep{10};  ///< how soon the end of a wait is noticed

std::string url_of(const net::ListenPoint& point) {
  const bool v4 = point.address.is_v4();
  return fmt::format("http://{}{}{}:{}", v4 ? "" : "[", point.address.to_string(), v4 ? "" : "]", point.port);
}

/// What is wrong with the database, or nothing.
Result<void> check_schema(const AuthServiceOptions& options) {
  const auto unusable = [&](std::string_view why) {
    return fail(ErrorCode::ServiceUnavailable, fmt::format("database {}: {}", options.database.endpoint(), why));
  };
  storage::SqlLimits limits;
  limits.allow_plaintext = options.allow_plaintext;
  auto session = storage::SqlSession::open(options.database, limits);
  if (!session) return unusable(session.error().describe());
  auto problem = storage::schema_problem(**session, storage::embedded_migrations(options.database.dialect));
  if (!problem) return unusable(problem.error().describe());
  if (*problem) return unusable(**problem);
  return {};
}

}  // namespace

std::vector<Cidr> loopback_blocks() {
  return {*Cidr::parse("127.0.0.0/8"), *Cidr::parse("::1")};
}

class AuthService::Impl {
 public:
  Impl(AuthServiceOptions options, log::Logger& logger) : shared_(std::move(options), logger) {}

  Result<void> start(const std::function<bool()>& interrupted) {
    auto ready = check_schema(shared_.options);
    if (ready) {
      start_threads();
      ready = prepare_workers(interrupted);
    }
    if (ready) ready = open_listeners();
    if (!ready) {
      close_listeners();
      stop();
      return ready;
    }
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      on(*workers_[i], [fds = listeners_[i]](Worker& w) { w.serve(fds); });
    }
    shared_.logger.write(log::Level::Info, "auth_started",
                         {{"threads", static_cast<std::uint64_t>(workers_.size())},
                          {"store", std::string_view(shared_.options.redis ? "redis" : "in_process")}});
    return {};
  }

  void begin_drain() {
    shared_.draining.store(true, std::memory_order_relaxed);
    for (auto& worker : workers_) on(*worker, [](Worker& w) { w.begin_drain(); });
  }

  void stop() {
    if (stopped_) return;
    stopped_ = true;
    for (auto& worker : workers_) on(*worker, [this](Worker& w) { w.stop([this] { done_.fetch_add(1); }); });
    const SteadyTime limit = shared_.clock.now() + shared_.options.shutdown_timeout;
    while (!all_done() && shared_.clock.now() < limit) std::this_thread::sleep_for(kStep);
    if (!all_done()) {
      shared_.logger.write(log::Level::Warn, "auth_shutdown_timeout");
      for (auto& worker : workers_) on(*worker, [](Worker& w) { w.abort_connections(); });
      // What is left waits for the database or a password, and for both there is a deadline.
      while (!all_done()) std::this_thread::sleep_for(kStep);
    }
    shared_.pool.stop();  // its threads hand results to the loops, which still turn
    for (auto& guard : guards_) guard.reset();
    for (auto& thread : threads_) thread.join();
    if (!workers_.empty()) shared_.logger.write(log::Level::Info, "auth_stopped");
  }

  const std::vector<std::string>& urls() const noexcept { return urls_; }
  const std::string& jwks() const noexcept { return shared_.jwks; }

 private:
  using Guard = asio::executor_work_guard<asio::io_context::executor_type>;

  template <class F>
  static void on(Worker& worker, F what) {
    asio::post(worker.io(), [&worker, what = std::move(what)] { what(worker); });
  }
  bool all_done() const noexcept { return done_.load() == workers_.size(); }

  void start_threads() {
    const std::uint32_t wanted = shared_.options.threads;
    const std::uint32_t count = wanted != 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
    for (std::uint32_t i = 0; i < count; ++i) {
      workers_.push_back(std::make_unique<Worker>(shared_, i == 0 ? Worker::Jobs::Run : Worker::Jobs::None));
    }
    for (auto& worker : workers_) {
      guards_.emplace_back(worker->io().get_executor());
      threads_.emplace_back([&io = worker->io()] { io.run(); });
    }
  }

  Result<void> prepare_workers(const std::function<bool()>& interrupted) {
    const Deadline deadline = Deadline::after(shared_.clock.now(), kStartBudget);
    std::vector<std::future<Result<void>>> prepared;
    for (auto& worker : workers_) {
      auto promise = std::make_shared<std::promise<Result<void>>>();
      prepared.push_back(promise->get_future());
      asio::co_spawn(worker->io(), worker->prepare(deadline),
                     [promise](const std::exception_ptr& failure, Result<void> result) {
                       failure ? promise->set_exception(failure) : promise->set_value(std::move(result));
                     });
    }
    Result<void> ready;
    for (auto& one : prepared) {
      // All are waited for, which their deadline bounds: a worker must not be stopped while it is being prepared.
      while (one.wait_for(kStep) != std::future_status::ready) {
        if (ready && interrupted && interrupted()) {
          ready = fail(ErrorCode::ServiceUnavailable, "a signal came before it was ready");
          for (auto& worker : workers_) on(*worker, [](Worker& w) { w.give_up(); });
        }
      }
      try {
        if (auto result = one.get(); !result && ready) ready = std::move(result);
      } catch (const std::exception& failure) {
        if (ready) ready = fail(ErrorCode::InternalError, failure.what());
      }
    }
    return ready;
  }

  Result<void> open_listeners() {
    listeners_.resize(workers_.size());
    try {
      for (net::ListenPoint point : shared_.options.listen) {
        // The first socket settles the port; the others join it.
        for (auto& fds : listeners_) fds.push_back(net::open_listener(point));
        urls_.push_back(url_of(point));
      }
    } catch (const std::exception& failure) {
      return fail(ErrorCode::ServiceUnavailable, failure.what());
    }
    return {};
  }

  void close_listeners() noexcept {
    for (const auto& fds : listeners_) {
      for (const int fd : fds) ::close(fd);
    }
    listeners_.clear();
  }

  Shared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Guard> guards_;
  std::vector<std::thread> threads_;
  std::vector<std::vector<int>> listeners_;  ///< for each worker
  std::vector<std::string> urls_;
  std::atomic<std::size_t> done_{0};
  bool stopped_ = false;
};

AuthService::AuthService(AuthServiceOptions options, log::Logger& logger)
    : impl_(std::make_unique<Impl>(std::move(options), logger)) {}
AuthService::~AuthService() {
  impl_->stop();
}
Result<void> AuthService::start(const std::function<bool()>& interrupted) {
  return impl_->start(interrupted);
}
const std::vector<std::string>& AuthService::urls() const noexcept {
  return impl_->urls();
}
const std::string& AuthService::jwks() const noexcept {
  return impl_->jwks();
}
void AuthService::begin_drain() {
  impl_->begin_drain();
}
void AuthService::stop() {
  impl_->stop();
}

}  // namespace sallyport::auth_service
