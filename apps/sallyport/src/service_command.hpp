#pragma once

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "sallyport/core/read_file.hpp"
#include "sallyport/secrets/environment.hpp"
#include "sallyport/service/run.hpp"
#include "sallyport/service/settings.hpp"

namespace sallyport::app {

// The steps that `sallyport auth`, `payments` and `admin` have in common. What is wrong is told on stderr.

/// load: turns a YAML text into what has `config` and `problems`. nullopt: the file cannot be used.
template <class Load>
auto load_service_config(const std::string& file, Load load) -> std::optional<decltype(load("").config)> {
  constexpr std::size_t kBytesMax = 65536;
  const auto text = read_file(file, kBytesMax);
  if (!text) {
    std::fprintf(stderr, "sallyport: %s: %s\n", file.c_str(), text.error().c_str());
    return std::nullopt;
  }
  auto loaded = load(*text);
  std::fputs(service::format_problems(file, loaded.problems).c_str(), stderr);
  if (!loaded.problems.empty()) return std::nullopt;
  return std::move(loaded.config);
}

/// load: reads the environment into what has `secrets`, `problems` and `warnings`. nullopt: something is missing.
template <class Load>
auto load_service_secrets(Load load) {
  auto loaded = load(secrets::ProcessEnvironment());
  for (const auto& warning : loaded.warnings) {
    std::fprintf(stderr, "sallyport: warning: %s\n", secrets::text_of(warning).c_str());
  }
  for (const auto& problem : loaded.problems) {
    std::fprintf(stderr, "sallyport: %s\n", secrets::text_of(problem).c_str());
  }
  return std::move(loaded.secrets);
}

/// Starts the service and serves until a signal. The exit code.
template <class Service>
int run_service(Service& service, std::chrono::milliseconds drain) {
  const auto started = service.start(service::signal_came);
  if (!started) {
    std::fprintf(stderr, "sallyport: cannot start: %s\n", started.error().detail.c_str());
    return 1;
  }
  service::serve_until_signal({service.urls(), [&] { service.begin_drain(); }, [&] { service.stop(); }}, drain);
  return 0;
}

}  // namespace sallyport::app
