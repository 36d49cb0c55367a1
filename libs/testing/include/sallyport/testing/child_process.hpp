#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::testing {

/// A program that runs beside the test and dies with it (with the thread that started it). Its standard input is
/// /dev/null, its output goes to a file. Throws std::system_error when it cannot be started.
class ChildProcess final {
 public:
  /// arguments[0] is looked up in PATH. output_file: created or appended to.
  ChildProcess(std::vector<std::string> arguments, std::string output_file);
  ~ChildProcess();  ///< kills and reaps
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const noexcept { return pid_; }
  bool running();
  void signal(int number) noexcept;
  /// The wait status; nullopt when it still runs after `limit`.
  std::optional<int> wait(std::chrono::milliseconds limit);

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

/// Runs a program to its end (at most 20 s). Throws std::runtime_error with its output when it does not exit with 0.
/// Returns what it wrote to standard output and standard error.
std::string run_program(std::vector<std::string> arguments);

}  // namespace sallyport::testing
