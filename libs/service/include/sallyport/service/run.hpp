#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace sallyport::service {

/// What serve_until_signal() needs of a service that has been started.
struct Running {
  std::vector<std::string> urls;
  std::function<void()> begin_drain;
  std::function<void()> stop;
};

/// For Service::start(): whether SIGTERM or SIGINT is waiting; takes it. All threads have both blocked.
bool signal_came();

/// Tells on stdout where it listens, serves until the first SIGTERM or SIGINT, drains for `drain`, stops. The second
/// signal ends the process at once. All threads have both signals blocked.
void serve_until_signal(const Running& running, std::chrono::milliseconds drain);

}  // namespace sallyport::service
