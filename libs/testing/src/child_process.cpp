#include "sallyport/testing/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "sallyport/testing/temporary_folder.hpp"

namespace sallyport::testing {
namespace {

/// Between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(char* const* arguments, const char* output_file, pid_t parent) {
  // Dies with the parent, also when the parent is killed; the parent may be gone already.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int in = ::open("/dev/null", O_RDONLY);
  const int out = ::open(output_file, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (in < 0 || out < 0) ::_exit(127);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  ::close_range(3, ~0U, 0);
  ::execvp(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> arguments, std::string output_file) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) become(pointers.data(), output_file.c_str(), parent);
}

ChildProcess::~ChildProcess() {
  signal(SIGKILL);
  static_cast<void>(wait(std::chrono::seconds(10)));
}

bool ChildProcess::running() {
  return !wait(std::chrono::milliseconds(0)).has_value();
}

void ChildProcess::signal(int number) noexcept {
  if (!status_) ::kill(pid_, number);
}

std::optional<int> ChildProcess::wait(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!status_) {
    int status = 0;
    const pid_t found = ::waitpid(pid_, &status, WNOHANG);
    if (found == pid_) {
      status_ = status;
    } else if (found < 0 && errno != EINTR) {
      status_ = -1;
    } else if (std::chrono::steady_clock::now() >= end) {
      break;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  return status_;
}

std::string run_program(std::vector<std::string> arguments) {
  const TemporaryFolder folder;
  const std::string name = arguments.at(0);
  ChildProcess child(std::move(arguments), folder.file("output"));
  const auto status = child.wait(std::chrono::seconds(20));
  std::ifstream file(folder.file("output"), std::ios::binary);
  std::string output{std::istreambuf_iterator<char>(file), {}};
  if (!status) throw std::runtime_error(name + " did not end in time:\n" + output);
  if (!WIFEXITED(*status) || WEXITSTATUS(*status) != 0) throw std::runtime_error(name + " failed:\n" + output);
  return output;
}

}  // namespace sallyport::testing
