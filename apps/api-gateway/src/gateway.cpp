#include "sallyport/api_gateway/gateway.hpp"

#include <csignal>
#include <cstdio>
#include <ctime>
#include <future>
#include <thread>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "file_limit.hpp"
#include "sallyport/net/server.hpp"
#include "upstream/resolver.hpp"
#include "worker.hpp"

namespace sallyport::api_gateway {
namespace {

constexpr std::chrono::seconds kStartBudget{10};
constexpr std::chrono::milliseconds kFailedStartBudget{500};
constexpr std::chrono::milliseconds kStep{20};  ///< how soon the end of a wait and a signal are noticed

std::uint32_t thread_count(const Config& config) {
  return config.threads != 0 ? config.threads : std::max(1U, std::thread::hardware_concurrency());
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

/// Waits for a signal to stop; false when `limit` came first.
bool wait_for_signal(std::chrono::milliseconds limit) {
  const sigset_t set = stop_signals();
  const timespec wait{limit.count() / 1000, (limit.count() % 1000) * 1000000};
  return ::sigtimedwait(&set, nullptr, &wait) > 0;
}

std::string url_of(const net::ListenPoint& point) {
  return fmt::format("http://{}{}{}:{}", point.address.is_v4() ? "" : "[", point.address.to_string(),
                     point.address.is_v4() ? "" : "]", point.port);
}

}  // namespace

class Gateway::Impl {
 public:
  Impl(const Config& config, log::Logger& logger, Options options)
      : config_(config), logger_(logger), options_(std::move(options)), shared_(config, logger, options_) {}

  int run(std::string& error) {
    check_file_limit();
    for (std::uint32_t i = 0; i < thread_count(config_); ++i) workers_.push_back(std::make_unique<Worker>(shared_));
    shared_.take_census = [this](runtime::Executor asker) { return take_census(std::move(asker)); };
    if (!make_keys(error)) return 1;
    start_threads();
    const bool started = open_stores(error) && open_listeners(error);
    if (started) serve();
    for (auto& worker : workers_) on(*worker, [](Worker& w) { w.stop_when_done(); });
    if (started) finish_in_flight();
    for (auto& guard : guards_) guard.reset();
    if (!started) end_failed_start(error);
    for (auto& thread : threads_) thread.join();
    if (started) logger_.write(log::Level::Info, "gateway_stopped");
    return started ? 0 : 1;
  }

 private:
  using Guard = asio::executor_work_guard<asio::io_context::executor_type>;

  template <class F>
  static void on(Worker& worker, F what) {
    asio::post(worker.io(), [&worker, what = std::move(what)] { what(worker); });
  }

  void start_threads() {
    running_ = static_cast<int>(workers_.size());
    for (auto& worker : workers_) {
      guards_.emplace_back(worker->io().get_executor());
      threads_.emplace_back([this, &io = worker->io()] {
        io.run();
        running_.fetch_sub(1);
      });
    }
  }

  bool open_stores(std::string& error) {
    const Deadline deadline = Deadline::after(shared_.clock.now(), kStartBudget);
    std::vector<std::future<Result<void>>> opened;
    for (auto& worker : workers_) {
      auto promise = std::make_shared<std::promise<Result<void>>>();
      opened.push_back(promise->get_future());
      asio::co_spawn(worker->io(), worker->open_store(deadline),
                     [promise](const std::exception_ptr& failure, Result<void> result) {
                       failure ? promise->set_exception(failure) : promise->set_value(std::move(result));
                     });
    }
    for (auto& one : opened) {
      while (error.empty() && one.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
        if (wait_for_signal(kStep)) error = "a signal came before the gateway was ready";
      }
      if (one.wait_for(std::chrono::seconds(0)) != std::future_status::ready) continue;
      try {
        if (auto result = one.get(); !result && error.empty()) error = std::move(result.error().detail);
      } catch (const std::exception& failure) {
        if (error.empty()) error = failure.what();
      }
    }
    return error.empty();
  }

  bool open_listeners(std::string& error) {
    listeners_.resize(workers_.size());
    try {
      for (const ListenAddress& address : config_.listen) {
        net::ListenPoint point{address.address, address.port};
        // The first socket settles the port; the others join it.
        for (auto& fds : listeners_) fds.push_back(net::open_listener(point));
        urls_.push_back(url_of(point));
      }
    } catch (const std::exception& failure) {
      error = failure.what();
      return false;
    }
    return true;
  }

  void serve() {
    // Nobody waits for them: what needs no token is served without an auth service.
    on(*workers_.front(), [](Worker& w) { w.fetch_keys(); });
    std::vector<UpstreamConfig> names = config_.upstreams;
    for (std::size_t i = 0; i < shared_.key_origins.size(); ++i) {
      auto host = shared_.key_origins[i].host();
      if (!host) continue;
      names.push_back(*std::move(host));
      named_origins_.push_back(i);
    }
    UpstreamResolver resolver(names, {}, logger_,
                              [this](std::size_t upstream, const std::vector<asio::ip::tcp::endpoint>& endpoints) {
                                publish_addresses(upstream, endpoints);
                              });
    resolver.start();
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      on(*workers_[i], [fds = listeners_[i]](Worker& w) { w.serve(fds); });
    }
    logger_.write(log::Level::Info, "gateway_started",
                  {{"threads", static_cast<std::uint64_t>(workers_.size())},
                   {"routes", static_cast<std::uint64_t>(config_.routes.size())},
                   {"store", std::string_view(options_.redis ? "redis" : "in_process")}});
    if (options_.on_listening) options_.on_listening(urls_);
    while (!wait_for_signal(std::chrono::hours(24))) {
    }
    // Load balancers see that we are going, and clients are told to connect elsewhere, before the door closes.
    logger_.write(log::Level::Info, "gateway_draining",
                  {{"seconds", static_cast<double>(config_.drain.count()) / 1000}});
    shared_.draining.store(true, std::memory_order_relaxed);
    for (auto& worker : workers_) on(*worker, [](Worker& w) { w.begin_drain(); });
    if (config_.drain.count() > 0 && wait_for_signal(config_.drain)) std::_Exit(0);
  }

  void publish_addresses(std::size_t upstream, const std::vector<asio::ip::tcp::endpoint>& endpoints) {
    if (upstream >= config_.upstreams.size()) {
      const std::size_t origin = named_origins_[upstream - config_.upstreams.size()];
      on(*workers_.front(), [origin, endpoints](Worker& w) { w.set_key_addresses(origin, endpoints); });
      return;
    }
    for (auto& worker : workers_) {
      on(*worker, [upstream, endpoints](Worker& w) { w.set_addresses(upstream, endpoints); });
    }
  }

  /// The first worker fetches the keys of access tokens for all.
  bool make_keys(std::string& error) {
    shared_.report_unknown_key = [this](std::size_t origin) { report_unknown_key(origin); };
    for (std::size_t i = 0; i < shared_.key_origins.size(); ++i) {
      try {
        workers_.front()->add_keys([this, i](const std::shared_ptr<const tokens::KeySet>& keys) {
          shared_.key_states[i].keys.store(keys->size(), std::memory_order_relaxed);
          for (auto& worker : workers_) on(*worker, [i, keys](Worker& w) { w.use_keys(i, keys); });
        });
      } catch (const std::exception& failure) {
        error = shared_.key_origins[i].key + ": " + failure.what();
        return false;
      }
    }
    return true;
  }

  void report_unknown_key(std::size_t origin) {
    if (shared_.key_states[origin].unknown_reported.exchange(true, std::memory_order_relaxed)) return;
    on(*workers_.front(), [origin](Worker& w) { w.unknown_key(origin); });
  }

  std::shared_ptr<Census> take_census(runtime::Executor asker) {
    auto census = std::make_shared<Census>(std::move(asker), config_.upstreams.size(), workers_.size());
    for (auto& worker : workers_) on(*worker, [census](Worker& w) { w.add_to(*census); });
    return census;
  }

  void finish_in_flight() {
    for (auto& guard : guards_) guard.reset();
    const SteadyTime limit = shared_.clock.now() + config_.shutdown_timeout;
    while (running_.load() != 0 && shared_.clock.now() < limit) {
      if (wait_for_signal(kStep)) std::_Exit(0);
    }
    if (running_.load() == 0) return;
    logger_.write(log::Level::Warn, "gateway_shutdown_timeout");
    for (auto& worker : workers_) on(*worker, [](Worker& w) { w.abort_connections(); });
    while (running_.load() != 0) {
      if (wait_for_signal(kStep)) std::_Exit(0);
    }
  }

  /// The system's look-up of a name cannot be stopped, and nobody should have to wait for it.
  void end_failed_start(const std::string& error) {
    const SteadyTime limit = shared_.clock.now() + kFailedStartBudget;
    while (running_.load() != 0 && shared_.clock.now() < limit) wait_for_signal(kStep);
    if (running_.load() == 0) return;
    std::fprintf(stderr, "sallyport: cannot start: %s\n", error.c_str());
    logger_.flush();
    std::_Exit(1);
  }

  void check_file_limit() {
    const std::uint64_t limit = raise_file_limit();
    const std::uint64_t needed = files_needed(config_, thread_count(config_));
    if (limit >= needed) return;
    logger_.write(log::Level::Warn, "file_limit_low",
                  {{"limit", limit},
                   {"needed", needed},
                   {"connections_max", static_cast<std::uint64_t>(config_.limits.connections_max)}});
  }

  const Config& config_;
  log::Logger& logger_;
  const Options options_;
  Shared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Guard> guards_;
  std::vector<std::thread> threads_;
  std::atomic<int> running_{0};
  std::vector<std::vector<int>> listeners_;  ///< for each worker
  std::vector<std::string> urls_;
  std::vector<std::size_t> named_origins_;  ///< whose hosts are looked up, in the order of the look-ups
};

Gateway::Gateway(const Config& config, log::Logger& logger, Options options)
    : impl_(std::make_unique<Impl>(config, logger, std::move(options))) {}
Gateway::~Gateway() = default;
int Gateway::run(std::string& error) {
  return impl_->run(error);
}

}  // namespace sallyport::api_gateway
