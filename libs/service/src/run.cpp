#include "sallyport/service/run.hpp"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>

namespace sallyport::service {
namespace {

constexpr std::chrono::milliseconds kStep{50};

/// Waits for a signal to stop; false when `limit` came first.
bool wait_for_signal(std::chrono::milliseconds limit) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  const timespec wait{limit.count() / 1000, (limit.count() % 1000) * 1000000};
  return ::sigtimedwait(&set, nullptr, &wait) > 0;
}

}  // namespace

bool signal_came() {
  return wait_for_signal(std::chrono::milliseconds(0));
}

void serve_until_signal(const Running& running, std::chrono::milliseconds drain) {
  for (const std::string& url : running.urls) std::printf("listening on %s\n", url.c_str());
  std::fflush(stdout);
  while (!wait_for_signal(std::chrono::hours(24))) {
  }
  running.begin_drain();
  if (drain.count() > 0 && wait_for_signal(drain)) std::_Exit(0);
  std::atomic<bool> stopped{false};
  std::thread impatient([&stopped] {
    while (!stopped.load()) {
      if (wait_for_signal(kStep)) std::_Exit(0);
    }
  });
  running.stop();
  stopped.store(true);
  impatient.join();
}

}  // namespace sallyport::service
