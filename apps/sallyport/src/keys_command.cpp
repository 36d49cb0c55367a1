#include "keys_command.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <unistd.h>

#include "sallyport/core/clock.hpp"
#include "sallyport/secrets/fresh_secrets.hpp"

namespace sallyport::app {
namespace {

/// Not through stdio, whose buffer would keep a copy.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

int run_keys_new() {
  const auto text = secrets::fresh_environment_text(SystemClock());
  if (!write_all(STDOUT_FILENO, text.expose())) {
    std::fprintf(stderr, "sallyport: cannot write the keys: %s\n", std::strerror(errno));
    return 1;
  }
  std::fputs(
      "Keep these in a file that only the service may read, for example:  (umask 077; sallyport keys new > "
      "sallyport.env)\n",
      stderr);
  return 0;
}

}  // namespace sallyport::app
