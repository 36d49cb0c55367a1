#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sallyport/testing/certificates.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace sallyport::testing {

/// A TLS server on 127.0.0.1 and a thread of its own, that answers each request's head with the same bytes: one
/// connection after the other, as many requests on each as come.
class TlsServer final {
 public:
  enum class Then : std::uint8_t {
    Close,   ///< after the first answer, as TLS asks for (close_notify)
    Cut,     ///< after the first answer, without a word
    Remain,  ///< until the client closes
  };
  enum class Hands : std::uint8_t { Shake, Ignore };  ///< Ignore: accepts connections and says nothing
  enum class Protocol : std::uint8_t { Any, Tls12, Tls11 };

  struct Options {
    std::string answer;
    Then then = Then::Close;
    Hands hands = Hands::Shake;
    Protocol protocol = Protocol::Any;
  };
  /// What the clients have said so far, and of the last of them how TLS was agreed on.
  struct Seen {
    int connections = 0, handshakes = 0, requests = 0;
    int ends = 0;  ///< clients that ended with close_notify
    std::string request;
    std::string server_name;  ///< SNI; empty: none
    std::string protocol;     ///< ALPN; empty: none
    std::string version;      ///< "TLSv1.3"
  };

  /// The certificates are read at once.
  TlsServer(const Certificates& certificates, Options options);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  Seen seen() const;

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  void listen();
  void serve();
  void converse(int socket);
  bool answer_one(ssl_st* ssl);

  Options options_;
  std::unique_ptr<ssl_ctx_st, Free> context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::vector<int> ignored_;
  mutable std::mutex mutex_;
  Seen seen_;
  std::thread thread_;
};

}  // namespace sallyport::testing
