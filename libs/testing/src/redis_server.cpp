#include "sallyport/testing/redis_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

namespace sallyport::testing {
namespace {

/// A port that nobody uses now. Somebody may take it before the server does: the caller tries again.
std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  if (!bound) throw std::system_error(errno, std::generic_category(), "no free port");
  return ntohs(address.sin_port);
}

}  // namespace

RedisServer::RedisServer(RedisServerOptions options) : options_(std::move(options)) {
  for (int tries = 1;; ++tries) {
    port_ = free_port();
    try {
      start();
      return;
    } catch (const std::runtime_error&) {
      if (tries == 3) throw;
    }
  }
}

RedisServer::~RedisServer() = default;

std::string RedisServer::url() const {
  const std::string user_info = options_.password.empty() ? "" : ":" + options_.password + "@";
  const std::string place = user_info + "127.0.0.1:" + std::to_string(port_);
  if (options_.certificates == nullptr) return "redis://" + place;
  return "rediss://" + place + "?ca=" + options_.certificates->ca_file();
}

std::string RedisServer::configuration() const {
  const std::string port = std::to_string(port_);
  std::string text = "bind 127.0.0.1\nsave \"\"\nappendonly no\ndaemonize no\nloglevel warning\nunixsocketperm 700\n";
  text += "dir " + folder_.path().string() + "\nunixsocket " + socket_path() + "\n";
  if (options_.certificates == nullptr) {
    text += "port " + port + "\n";
  } else {
    text += "port 0\ntls-port " + port + "\ntls-auth-clients no\n";
    text += "tls-cert-file " + options_.certificates->certificate_file() + "\n";
    text += "tls-key-file " + options_.certificates->private_key_file() + "\n";
    text += "tls-ca-cert-file " + options_.certificates->ca_file() + "\n";
  }
  if (!options_.password.empty()) text += "requirepass " + options_.password + "\n";
  if (!options_.user.empty()) text += "user " + options_.user + " on >" + options_.user_password + " ~* &* +@all\n";
  if (!options_.maxmemory.empty()) text += "maxmemory " + options_.maxmemory + "\nmaxmemory-policy noeviction\n";
  for (const std::string& line : options_.directives) text += line + "\n";
  return text;
}

void RedisServer::start() {
  const std::string file = folder_.write("redis.conf", configuration());
  process_ = std::make_unique<ChildProcess>(std::vector<std::string>{"redis-server", file}, folder_.file("redis.log"));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  while (process_->running() && std::chrono::steady_clock::now() < end) {
    if (answers()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  process_.reset();
  std::ifstream log(folder_.file("redis.log"), std::ios::binary);
  throw std::runtime_error("redis-server does not answer:\n" + std::string{std::istreambuf_iterator<char>(log), {}});
}

bool RedisServer::answers() const {
  const std::string path = socket_path();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("the temporary folder's path is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  char reply[16] = {};
  const bool answered = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                        ::send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && ::recv(fd, reply, sizeof reply - 1, 0) > 0;
  ::close(fd);
  const std::string_view text = reply;
  return answered && (text.starts_with("+PONG") || text.starts_with("-NOAUTH"));
}

void RedisServer::stop() {
  if (!process_) return;
  process_->signal(SIGCONT);
  process_->signal(SIGTERM);
  static_cast<void>(process_->wait(std::chrono::seconds(5)));
  process_.reset();
}

void RedisServer::kill() {
  process_.reset();
}

void RedisServer::suspend() {
  process_->signal(SIGSTOP);
  int status = 0;
  while (::waitpid(process_->pid(), &status, WUNTRACED) < 0 && errno == EINTR) {
  }
}

void RedisServer::resume() {
  process_->signal(SIGCONT);
}

void RedisServer::restart() {
  stop();
  start();
}

std::string RedisServer::command(std::vector<std::string> words) const {
  std::vector<std::string> arguments = {"redis-cli", "-s", socket_path(), "--no-auth-warning"};
  if (!options_.password.empty()) arguments.insert(arguments.end(), {"-a", options_.password});
  arguments.insert(arguments.end(), words.begin(), words.end());
  std::string output = run_program(std::move(arguments));
  if (output.ends_with('\n')) output.pop_back();
  return output;
}

}  // namespace sallyport::testing
