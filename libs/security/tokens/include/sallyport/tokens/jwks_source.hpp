#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/core/deadline.hpp"
#include "sallyport/core/error.hpp"
#include "sallyport/net/client_connection.hpp"
#include "sallyport/net/client_tls.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::tokens {

/// Where the text of a key set comes from. Lives on one event loop; one fetch at a time.
class JwksSource {
 public:
  virtual ~JwksSource() = default;
  /// The text, at most kJwksBytesMax long. Reads only, so a cancelled or failed fetch leaves nothing behind.
  virtual runtime::Task<Result<std::string>> fetch(Deadline deadline) = 0;
  /// Ends a fetch that is under way with an error.
  virtual void abort() noexcept = 0;
};

enum class PlainHttp : std::uint8_t {
  LoopbackOnly,  ///< http only to a loopback address
  Anywhere,      ///< `allow_plaintext: true`, and dev
};

/// An absolute http or https URL of a key set.
struct JwksUrl {
  bool tls = false;
  std::string host;  ///< a name or an address; IPv6 without brackets
  std::uint16_t port = 0;
  std::string path;       ///< with its query; begins with '/'
  std::string authority;  ///< for the Host field

  /// Refuses user information, a fragment, other schemes, control characters, and http where `plain` forbids it. The
  /// error (InternalError) says which rule was broken.
  static Result<JwksUrl> parse(std::string_view text, PlainHttp plain);
};

/// Fetches a key set with a GET on a connection of its own. Only a 200 counts: a redirect is refused, since it would
/// let whoever answers choose where our keys come from. Content codings are refused, and bodies beyond kJwksBytesMax.
/// With https the server's certificate must verify for the URL's host (net::ClientTls).
class HttpJwksSource final : public JwksSource {
 public:
  /// The addresses of a host that is neither an address nor "localhost".
  using Resolve = std::function<runtime::Task<Result<std::vector<asio::ip::tcp::endpoint>>>(
      std::string host, std::uint16_t port, Deadline deadline)>;

  /// The sweeper and the buffers belong to the same event loop and must outlive this. Without `resolve` names are
  /// refused. ca_file: whom to trust with https (PEM); empty: the system's own. Throws std::runtime_error when it
  /// cannot be used.
  HttpJwksSource(runtime::Executor executor, net::Sweeper& sweeper, net::BufferPool& buffers, JwksUrl url,
                 Resolve resolve = {}, const std::string& ca_file = {});

  runtime::Task<Result<std::string>> fetch(Deadline deadline) override;
  void abort() noexcept override;

 private:
  runtime::Task<Result<std::vector<asio::ip::tcp::endpoint>>> addresses(Deadline deadline);
  runtime::Task<Result<std::string>> fetch_from(asio::ip::tcp::endpoint endpoint, Deadline deadline);

  runtime::Executor executor_;
  net::Sweeper& sweeper_;
  net::BufferPool& buffers_;
  JwksUrl url_;
  Resolve resolve_;
  std::unique_ptr<const net::ClientTls> tls_;  ///< null: http
  std::string request_;
  std::unique_ptr<net::ClientConnection> connection_;  ///< while a fetch is under way
  bool aborted_ = false;
};

}  // namespace sallyport::tokens
