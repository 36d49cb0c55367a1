#include "sallyport/testing/postgres_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace sallyport::testing {
namespace {

constexpr const char* kPrograms = "/usr/lib/postgresql/15/bin/";

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

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Gives a file or folder to user postgres when that is who the server will be.
void give_away(const std::string& path) {
  if (::geteuid() != 0) return;
  const passwd* const user = ::getpwnam("postgres");
  if (user == nullptr) throw std::runtime_error("there is no user postgres");
  if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) {
    throw std::system_error(errno, std::generic_category(), "chown " + path);
  }
}

/// The processes that `parent` has started and that still run.
std::vector<pid_t> children_of(pid_t parent) {
  const std::string id = std::to_string(parent);
  std::ifstream file("/proc/" + id + "/task/" + id + "/children");
  return {std::istream_iterator<pid_t>(file), {}};
}

}  // namespace

PostgresServer::PostgresServer(PostgresServerOptions options) : options_(std::move(options)) {
  initialise();
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

PostgresServer::~PostgresServer() {
  if (process_) kill();
}

std::string PostgresServer::url(std::string_view database, std::uint16_t port) const {
  const std::string user = options_.password.empty() ? "postgres" : "postgres:" + options_.password;
  return "postgresql://" + user + "@127.0.0.1:" + std::to_string(port == 0 ? port_ : port) + "/" +
         std::string(database);
}

std::string PostgresServer::create_database() {
  std::string name = "test_" + std::to_string(++databases_);
  query("CREATE DATABASE " + name + " STRATEGY file_copy");
  return name;
}

std::vector<std::string> PostgresServer::as_server_user(std::vector<std::string> arguments) const {
  arguments.front().insert(0, kPrograms);
  if (::geteuid() != 0) return arguments;
  // A change of user makes the kernel forget who dies with whom: setpriv says it anew.
  std::vector<std::string> all = {"setpriv",        "--reuid=postgres", "--regid=postgres",
                                  "--clear-groups", "--pdeathsig",      "KILL"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

void PostgresServer::initialise() {
  give_away(folder_.path().string());
  std::vector<std::string> arguments = {"initdb", "-D",       folder_.file("data"),
                                        "-U",     "postgres", "--locale=C.UTF-8",
                                        "-N",     "-A",       options_.password.empty() ? "trust" : "scram-sha-256"};
  if (!options_.password.empty()) {
    const std::string file = folder_.write("password", options_.password);
    give_away(file);
    arguments.insert(arguments.end(), {"--pwfile", file, "--auth-local", "trust"});
  }
  static_cast<void>(run_program(as_server_user(std::move(arguments))));
  std::ofstream settings(folder_.file("data/postgresql.conf"), std::ios::app);
  settings << "listen_addresses = '127.0.0.1'\nunix_socket_directories = '" << socket_folder() << "'\n"
           << "max_connections = " << options_.connections_max << "\n"
           << "fsync = off\nfull_page_writes = off\nautovacuum = off\nshared_buffers = 16MB\nwal_level = minimal\n"
           << "max_wal_senders = 0\njit = off\nlc_messages = 'C'\nlogging_collector = off\n";
  if (options_.certificates != nullptr) {
    const std::string key = folder_.write("server.key", contents(options_.certificates->private_key_file()));
    const std::string certificate = folder_.write("server.pem", contents(options_.certificates->certificate_file()));
    give_away(key);
    give_away(certificate);
    settings << "ssl = on\nssl_key_file = '" << key << "'\nssl_cert_file = '" << certificate << "'\n";
  }
  for (const std::string& setting : options_.settings) settings << setting << "\n";
  settings.flush();
  if (!settings) throw std::runtime_error("cannot write postgresql.conf");
}

void PostgresServer::start() {
  const std::string log = folder_.file("postgres.log");
  process_ = std::make_unique<ChildProcess>(
      as_server_user({"postgres", "-D", folder_.file("data"), "-p", std::to_string(port_)}), log);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (process_->running() && std::chrono::steady_clock::now() < end) {
    ChildProcess probe(
        {std::string(kPrograms) + "pg_isready", "-q", "-h", socket_folder(), "-p", std::to_string(port_)}, "/dev/null");
    const auto status = probe.wait(std::chrono::seconds(5));
    if (status && *status == 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  process_.reset();
  throw std::runtime_error("PostgreSQL does not answer:\n" + contents(log));
}

void PostgresServer::stop() {
  if (!process_) return;
  process_->signal(SIGINT);
  static_cast<void>(process_->wait(std::chrono::seconds(10)));
  process_.reset();
}

void PostgresServer::signal_all(int number) {
  // The server first, so that it starts no more.
  process_->signal(number);
  for (const pid_t child : children_of(process_->pid())) ::kill(child, number);
}

void PostgresServer::kill() {
  // Stopped first: a dead server's children could not be found any more.
  signal_all(SIGSTOP);
  const std::vector<pid_t> children = children_of(process_->pid());
  for (const pid_t child : children) ::kill(child, SIGKILL);
  process_.reset();
  // They are init's to reap; the next start waits until the last of them is gone.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  for (const pid_t child : children) {
    while (::kill(child, 0) == 0 && std::chrono::steady_clock::now() < end) {
      const std::string state = contents("/proc/" + std::to_string(child) + "/stat");
      if (state.empty() || state.find(") Z ") != std::string::npos) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

void PostgresServer::suspend() {
  signal_all(SIGSTOP);
}

void PostgresServer::resume() {
  signal_all(SIGCONT);
}

void PostgresServer::restart() {
  stop();
  start();
}

std::string PostgresServer::query(const std::string& sql, std::string_view database) const {
  std::string output = run_program({std::string(kPrograms) + "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                                    "-h", socket_folder(), "-p", std::to_string(port_), "-U", "postgres", "-d",
                                    std::string(database), "-c", sql});
  if (output.ends_with('\n')) output.pop_back();
  return output;
}

}  // namespace sallyport::testing
