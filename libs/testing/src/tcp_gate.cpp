#include "sallyport/testing/tcp_gate.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <limits>
#include <list>
#include <optional>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "sallyport/runtime/task.hpp"

namespace sallyport::testing {
namespace {

using Tcp = asio::ip::tcp;

struct Behaviour {
  bool silent = false;
  std::uint64_t server_bytes_left = std::numeric_limits<std::uint64_t>::max();
  std::chrono::milliseconds delay{0};
  bool slice = false;
};

/// One client's connection and the one behind it.
class Link final : public std::enable_shared_from_this<Link> {
 public:
  Link(runtime::TcpSocket client, Behaviour& behaviour)
      : behaviour_(behaviour),
        up_(std::move(client), *this),
        down_(runtime::TcpSocket(up_.from.get_executor()), *this) {}

  void start(std::uint16_t server_port) {
    down_.from.async_connect(Tcp::endpoint(asio::ip::address_v4::loopback(), server_port),
                             [self = shared_from_this()](const ErrorCodeSys& error) {
                               if (error) return self->reset();
                               ErrorCodeSys ignored;
                               self->up_.from.set_option(Tcp::no_delay(true), ignored);
                               self->down_.from.set_option(Tcp::no_delay(true), ignored);
                               self->up_.read();
                               self->down_.read();
                             });
  }

  void reset() {
    for (Half* half : {&up_, &down_}) {
      ErrorCodeSys ignored;
      half->from.set_option(asio::socket_base::linger(true, 0), ignored);
      half->from.close(ignored);
      half->timer.cancel();
    }
  }

 private:
  struct Half {
    Half(runtime::TcpSocket socket, Link& owner) : from(std::move(socket)), timer(from.get_executor()), link(owner) {}

    Half& other() noexcept { return this == &link.up_ ? link.down_ : link.up_; }
    void read() {
      from.async_read_some(asio::buffer(buffer),
                           [self = link.shared_from_this(), this](const ErrorCodeSys& error, std::size_t bytes) {
                             if (error) return self->reset();
                             begin = 0;
                             end = bytes;
                             pass_on();
                           });
    }
    void pass_on() {
      if (link.behaviour_.silent) begin = end;
      if (begin == end) return read();
      timer.expires_after(link.behaviour_.delay);
      if (link.behaviour_.delay == std::chrono::milliseconds(0)) return write();
      timer.async_wait([self = link.shared_from_this(), this](const ErrorCodeSys& error) {
        if (!error) write();
      });
    }
    void write() {
      std::size_t piece = end - begin;
      if (link.behaviour_.slice) piece = std::min<std::size_t>(piece, 1);
      if (this == &link.down_) {
        if (link.behaviour_.server_bytes_left == 0) return link.reset();
        piece = static_cast<std::size_t>(std::min<std::uint64_t>(piece, link.behaviour_.server_bytes_left));
        link.behaviour_.server_bytes_left -= piece;
      }
      asio::async_write(other().from, asio::buffer(buffer.data() + begin, piece),
                        [self = link.shared_from_this(), this](const ErrorCodeSys& error, std::size_t written) {
                          if (error) return self->reset();
                          begin += written;
                          pass_on();
                        });
    }

    runtime::TcpSocket from;
    runtime::Timer timer;
    Link& link;
    std::array<char, 16384> buffer{};
    std::size_t begin = 0, end = 0;
  };

  Behaviour& behaviour_;
  Half up_;    ///< from the client
  Half down_;  ///< from the server
};

}  // namespace

class TcpGate::Impl final {
 public:
  explicit Impl(std::uint16_t server_port) : server_port_(server_port), acceptor_(loop_), reserved_(loop_) {
    listen(0);
    port_ = acceptor_.local_endpoint().port();
    accept();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Impl() {
    loop_.stop();
    thread_.join();
  }

  /// Runs `change` on the gate's thread and waits until it is done.
  template <class Change>
  void apply(Change change) {
    std::promise<void> done;
    asio::post(loop_, [&] {
      change();
      done.set_value();
    });
    done.get_future().wait();
  }
  void open() {
    behaviour_ = Behaviour{};
    if (acceptor_.is_open()) return;
    reserved_.close();
    listen(port_);
    accept();
  }
  void refuse() {
    if (!acceptor_.is_open()) return;
    acceptor_.close();
    // A socket that is bound and does not listen keeps the port ours, and refuses.
    reserved_.open(Tcp::v4());
    reserved_.set_option(asio::socket_base::reuse_address(true));
    reserved_.bind(Tcp::endpoint(asio::ip::address_v4::loopback(), port_));
  }
  void drop_all() {
    for (const auto& weak : links_) {
      if (const auto link = weak.lock()) link->reset();
    }
    links_.clear();
  }

  std::uint16_t port() const noexcept { return port_; }
  std::uint64_t accepted() const noexcept { return accepted_; }
  Behaviour& behaviour() noexcept { return behaviour_; }

 private:
  void listen(std::uint16_t port) {
    acceptor_.open(Tcp::v4());
    acceptor_.set_option(asio::socket_base::reuse_address(true));
    acceptor_.bind(Tcp::endpoint(asio::ip::address_v4::loopback(), port));
    acceptor_.listen();
  }
  void accept() {
    acceptor_.async_accept([this](const ErrorCodeSys& error, runtime::TcpSocket socket) {
      if (error) return;
      ++accepted_;
      const auto link = std::make_shared<Link>(std::move(socket), behaviour_);
      links_.remove_if([](const auto& weak) { return weak.expired(); });
      links_.push_back(link);
      link->start(server_port_);
      accept();
    });
  }

  std::uint16_t server_port_;
  std::uint16_t port_ = 0;
  std::atomic<std::uint64_t> accepted_{0};
  Behaviour behaviour_;
  std::list<std::weak_ptr<Link>> links_;
  asio::io_context loop_{1};
  asio::executor_work_guard<runtime::Executor> work_{loop_.get_executor()};  ///< a closed gate still takes orders
  runtime::TcpAcceptor acceptor_;
  runtime::TcpSocket reserved_;
  std::thread thread_;
};

TcpGate::TcpGate(std::uint16_t server_port) : impl_(std::make_unique<Impl>(server_port)) {}
TcpGate::~TcpGate() = default;

std::uint16_t TcpGate::port() const noexcept {
  return impl_->port();
}
std::uint64_t TcpGate::accepted() const noexcept {
  return impl_->accepted();
}

void TcpGate::forward() {
  impl_->apply([this] { impl_->open(); });
}
void TcpGate::refuse() {
  impl_->apply([this] { impl_->refuse(); });
}
void TcpGate::silence() {
  impl_->apply([this] { impl_->behaviour().silent = true; });
}
void TcpGate::cut_after(std::uint64_t bytes) {
  impl_->apply([this, bytes] { impl_->behaviour().server_bytes_left = bytes; });
}
void TcpGate::delay(std::chrono::milliseconds each) {
  impl_->apply([this, each] { impl_->behaviour().delay = each; });
}
void TcpGate::slice() {
  impl_->apply([this] { impl_->behaviour().slice = true; });
}
void TcpGate::drop_all() {
  impl_->apply([this] { impl_->drop_all(); });
}

}  // namespace sallyport::testing
