#include "password_input.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "sallyport/crypto/bytes.hpp"

namespace sallyport::app {
namespace {

using Line = std::expected<Secret<std::string>, std::string>;

constexpr std::size_t kLineBytesMax = 4096;  // more than any password may have

/// A terminal that does not show what is typed, until the end of its scope.
class Unseen final {
 public:
  Unseen() {
    known_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!known_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~Unseen() {
    if (known_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
  bool known_ = false;
};

/// Ctrl-C as something to wait for: the signals are blocked, and the terminal has to be restored first.
class StopSignals final {
 public:
  StopSignals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    fd_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  }
  ~StopSignals() { ::close(fd_); }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Waits until there is something to read; false: a signal came first.
  bool wait_for_input() const {
    pollfd both[2] = {{STDIN_FILENO, POLLIN, 0}, {fd_, POLLIN, 0}};
    while (::poll(both, 2, -1) < 0 && errno == EINTR) {
    }
    return both[1].revents == 0;
  }

 private:
  int fd_;
};

/// Byte by byte and not through stdio, whose buffer would keep a copy.
Line read_line(const StopSignals& signals) {
  char bytes[kLineBytesMax];
  std::size_t size = 0;
  std::optional<std::string> problem;
  while (!problem) {
    if (!signals.wait_for_input()) {
      problem = "interrupted";
      break;
    }
    const ssize_t n = ::read(STDIN_FILENO, bytes + size, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) problem = std::string("standard input: ") + std::strerror(errno);
    if (n == 0 || (n == 1 && bytes[size] == '\n')) break;
    if (n == 1 && ++size == kLineBytesMax) problem = "the password is too long";
  }
  if (size > 0 && bytes[size - 1] == '\r') --size;
  Secret<std::string> line(std::string(bytes, size));
  wipe(bytes, sizeof bytes);
  if (problem) return std::unexpected(*std::move(problem));
  return line;
}

Line ask(const char* prompt, const StopSignals& signals) {
  const Unseen unseen;  // before the prompt: who sees it may type
  std::fputs(prompt, stderr);
  std::fflush(stderr);
  auto line = read_line(signals);
  std::fputs("\n", stderr);
  return line;
}

}  // namespace

std::expected<Secret<std::string>, std::string> read_password() {
  const StopSignals signals;
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  auto first = terminal ? ask("Password: ", signals) : read_line(signals);
  if (!first) return first;
  if (first->empty()) return std::unexpected("no password on standard input; give it as one line");
  if (!terminal) return first;
  const auto second = ask("Once more: ", signals);
  if (!second) return second;
  if (!crypto::constant_time_equal(crypto::bytes_of(first->expose()), crypto::bytes_of(second->expose()))) {
    return std::unexpected("these were two different passwords");
  }
  return first;
}

}  // namespace sallyport::app
