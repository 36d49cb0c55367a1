#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace sallyport {

namespace asio = boost::asio;
using ErrorCodeSys = boost::system::error_code;

namespace runtime {

/// The concrete executor everywhere: the type-erased one costs a tenth of the throughput.
using Executor = asio::io_context::executor_type;

/// A lazy coroutine on one thread's event loop. It starts when awaited or when a TaskScope spawns it.
template <class T = void>
using Task = asio::awaitable<T, Executor>;

/// Completion token: `co_await op(…, use_task)` throws, `co_await op(…, into(ec))` stores the error.
inline constexpr asio::use_awaitable_t<Executor> use_task{};
inline auto into(ErrorCodeSys& ec) noexcept {
  return asio::redirect_error(use_task, ec);
}

using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using LocalSocket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

}  // namespace runtime
}  // namespace sallyport
