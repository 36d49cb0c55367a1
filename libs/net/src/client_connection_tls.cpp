// What a connection does differently with TLS. Without it none of this runs.
#include <array>
#include <string>

#include "sallyport/net/client_connection.hpp"
#include "sallyport/net/client_tls.hpp"
#include "tls_stream.hpp"

namespace sallyport::net {

using runtime::into;
using runtime::Task;

namespace {

constexpr std::size_t kRecordBytes = 16384;  // RFC 8446 section 5.1

}  // namespace

Task<Result<void>> ClientConnection::connect(const asio::ip::tcp::endpoint& endpoint, const ClientTls& tls,
                                             Deadline deadline) {
  if (auto connected = co_await connect(endpoint, deadline); !connected) co_return connected;
  tls_ = std::make_unique<TlsStream>(tls, socket_.native_handle());
  co_return co_await shake_hands();
}

Task<Result<void>> ClientConnection::shake_hands() {
  for (;;) {
    const TlsStream::Step step = tls_->shake_hands();
    if (step == TlsStream::Step::Done) co_return Result<void>{};
    ErrorCodeSys ec;
    if (step == TlsStream::Step::Failed || timed_out_ || aborted_) co_return failure("connect", tls_->why());
    const bool read = step == TlsStream::Step::WantRead;
    ++waiting_;
    co_await socket_.async_wait(read ? runtime::TcpSocket::wait_read : runtime::TcpSocket::wait_write, into(ec));
    --waiting_;
    tls_->waited();
    if (ec) co_return failure("connect: TLS handshake", ec);
  }
}

Result<bool> ClientConnection::write_unsent_tls() {
  for (;;) {
    const std::array<std::string_view, 3>& pieces = unsent_;
    const std::size_t left = pieces[0].size() + pieces[1].size() + pieces[2].size();
    if (left == 0) return true;
    // A head and a small body leave as one record and in one packet.
    std::string joined;
    std::string_view next = pieces[0].empty() ? (pieces[1].empty() ? pieces[2] : pieces[1]) : pieces[0];
    if (next.size() < left && left <= kRecordBytes) {
      joined.reserve(left);
      for (const std::string_view piece : pieces) joined += piece;
      next = joined;
    }
    std::size_t bytes = 0;
    switch (tls_->write(next, bytes)) {
      case TlsStream::Step::Done:
        take_unsent(bytes);
        break;
      case TlsStream::Step::WantWrite:
        return false;
      case TlsStream::Step::WantRead:  // only a renegotiation would, and there is none
      case TlsStream::Step::Closed:
        return failure("send", "TLS: the server has ended the connection");
      case TlsStream::Step::Failed:
        return failure("send", tls_->why());
    }
  }
}

Task<Result<void>> ClientConnection::fill_tls() {
  for (;;) {
    if (timed_out_ || aborted_) co_return failure("read", asio::error::operation_aborted);
    std::size_t bytes = 0;
    const TlsStream::Step step = tls_->read({data_ + end_, capacity_ - end_}, bytes);
    // A cut without close_notify is no end: it would make a truncated answer a whole one (RFC 9112 section 9.8).
    eof_ = step == TlsStream::Step::Closed;
    if (step == TlsStream::Step::Done) {
      end_ += bytes;
      received_ += bytes;
      co_return Result<void>{};
    }
    if (eof_) co_return failure("read", "End of file");
    if (step == TlsStream::Step::Failed) co_return failure("read", tls_->why());
    const bool read = step == TlsStream::Step::WantRead;
    ErrorCodeSys ec;
    ++waiting_;
    co_await socket_.async_wait(read ? runtime::TcpSocket::wait_read : runtime::TcpSocket::wait_write, into(ec));
    --waiting_;
    tls_->waited();
    if (ec) co_return failure("read", ec);
  }
}

}  // namespace sallyport::net
