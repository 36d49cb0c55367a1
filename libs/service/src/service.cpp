#include "sallyport/service/service.hpp"

#include <future>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "loop.hpp"

namespace sallyport::service {
namespace {

constexpr std::chrono::seconds kStartBudget{10};
constexpr std::chrono::milliseconds kStep{10};  ///< how soon the end of a wait is noticed

std::string url_of(const net::ListenPoint& point) {
  const bool v4 = point.address.is_v4();
  return fmt::format("http://{}{}{}:{}", v4 ? "" : "[", point.address.to_string(), v4 ? "" : "]", point.port);
}

}  // namespace

class Service::Impl {
 public:
  Impl(ServiceOptions options, const Surroundings& surroundings, Make make)
      : shell_(std::move(options), surroundings), make_(std::move(make)) {
    // Throws for an issuer or an audience that no token can have, before there are threads.
    (void)tokens::AccessTokenVerifier({shell_.options.issuer, shell_.options.audience}, nullptr);
  }

  Result<void> start(const std::function<bool()>& interrupted) {
    start_threads();
    Result<void> ready = prepare_loops(interrupted);
    if (ready) ready = open_listeners();
    if (!ready) {
      close_listeners();
      stop();
      return ready;
    }
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      on(*loops_[i], [fds = listeners_[i]](Loop& loop) { loop.serve(fds); });
    }
    log(log::Level::Info, "started");
    return {};
  }

  void begin_drain() {
    shell_.draining.store(true, std::memory_order_relaxed);
    for (auto& loop : loops_) on(*loop, [](Loop& l) { l.begin_drain(); });
  }

  void stop() {
    if (stopped_) return;
    stopped_ = true;
    if (threads_.empty()) return;
    const Clock& clock = shell_.surroundings.clock;
    for (auto& loop : loops_) on(*loop, [this](Loop& l) { l.stop([this] { done_.fetch_add(1); }); });
    const SteadyTime limit = clock.now() + shell_.options.shutdown_timeout;
    while (!all_done() && clock.now() < limit) std::this_thread::sleep_for(kStep);
    if (!all_done()) {
      log(log::Level::Warn, "shutdown_timeout");
      for (auto& loop : loops_) on(*loop, [](Loop& l) { l.abort_connections(); });
      // What is left waits for a store or another service, and for all of them there is a deadline.
      while (!all_done()) std::this_thread::sleep_for(kStep);
    }
    // Its threads hand results to the loops, which still turn.
    if (shell_.surroundings.database != nullptr) shell_.surroundings.database->stop();
    for (auto& guard : guards_) guard.reset();
    for (auto& thread : threads_) thread.join();
    log(log::Level::Info, "stopped");
  }

  const std::vector<std::string>& urls() const noexcept { return urls_; }

 private:
  using Guard = asio::executor_work_guard<asio::io_context::executor_type>;

  template <class F>
  static void on(Loop& loop, F what) {
    asio::post(loop.io(), [&loop, what = std::move(what)] { what(loop); });
  }
  bool all_done() const noexcept { return done_.load() == loops_.size(); }

  void log(log::Level level, std::string_view what) {
    const std::string event = fmt::format("{}_{}", shell_.options.name, what);
    if (what != "started") return shell_.surroundings.logger.write(level, event);
    shell_.surroundings.logger.write(level, event,
                                     {{"threads", static_cast<std::uint64_t>(loops_.size())},
                                      {"store", std::string_view(shell_.options.redis ? "redis" : "in_process")}});
  }

  void start_threads() {
    const bool remote = std::holds_alternative<tokens::JwksUrl>(shell_.options.keys);
    // Every loop may meet a new key; the first one fetches.
    const auto unknown_key = [this] { on(*loops_.front(), [](Loop& l) { l.unknown_key(); }); };
    const std::uint32_t wanted = shell_.options.threads;
    const std::uint32_t count = wanted != 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
    for (std::uint32_t i = 0; i < count; ++i) {
      loops_.push_back(std::make_unique<Loop>(shell_, i, make_, remote ? std::function<void()>(unknown_key) : nullptr));
    }
    for (auto& loop : loops_) {
      guards_.emplace_back(loop->io().get_executor());
      threads_.emplace_back([&io = loop->io()] { io.run(); });
    }
    if (remote) {
      on(*loops_.front(), [this](Loop& l) { l.keep_keys([this](const auto& keys) { publish(keys); }); });
    }
  }

  void publish(const std::shared_ptr<const tokens::KeySet>& keys) {
    for (auto& loop : loops_) on(*loop, [keys](Loop& l) { l.use(keys); });
  }

  Result<void> prepare_loops(const std::function<bool()>& interrupted) {
    const Deadline deadline = Deadline::after(shell_.surroundings.clock.now(), kStartBudget);
    std::vector<std::future<Result<void>>> prepared;
    for (auto& loop : loops_) {
      auto promise = std::make_shared<std::promise<Result<void>>>();
      prepared.push_back(promise->get_future());
      asio::co_spawn(loop->io(), loop->prepare(deadline),
                     [promise](const std::exception_ptr& failure, Result<void> result) {
                       failure ? promise->set_exception(failure) : promise->set_value(std::move(result));
                     });
    }
    Result<void> ready;
    for (auto& one : prepared) {
      // All are waited for, which their deadline bounds: a loop must not be stopped while it is being prepared.
      while (one.wait_for(kStep) != std::future_status::ready) {
        if (ready && interrupted && interrupted()) {
          ready = fail(ErrorCode::ServiceUnavailable, "a signal came before it was ready");
          for (auto& loop : loops_) on(*loop, [](Loop& l) { l.give_up(); });
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
    listeners_.resize(loops_.size());
    try {
      for (net::ListenPoint point : shell_.options.listen) {
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

  Shell shell_;
  Make make_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<Guard> guards_;
  std::vector<std::thread> threads_;
  std::vector<std::vector<int>> listeners_;  ///< for each loop
  std::vector<std::string> urls_;
  std::atomic<std::size_t> done_{0};
  bool stopped_ = false;
};

Service::Service(ServiceOptions options, const Surroundings& surroundings, Make make)
    : impl_(std::make_unique<Impl>(std::move(options), surroundings, std::move(make))) {}
Service::~Service() {
  impl_->stop();
}
Result<void> Service::start(const std::function<bool()>& interrupted) {
  return impl_->start(interrupted);
}
const std::vector<std::string>& Service::urls() const noexcept {
  return impl_->urls();
}
void Service::begin_drain() {
  impl_->begin_drain();
}
void Service::stop() {
  impl_->stop();
}

}  // namespace sallyport::service
