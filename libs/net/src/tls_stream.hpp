#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "sallyport/net/client_tls.hpp"

namespace sallyport::net {

/// The client's end of TLS on a connected, non-blocking socket. It never waits: each call goes as far as the socket
/// allows and says what it waits for. Stays where it is: OpenSSL points to it.
class TlsStream final {
 public:
  enum class Step : std::uint8_t {
    Done,
    WantRead,   ///< again when the socket can be read
    WantWrite,  ///< again when the socket can be written, with the same bytes
    Closed,     ///< the peer has said that nothing follows (close_notify)
    Failed,     ///< why() tells; the connection is lost
  };

  /// The socket stays the caller's and outlives this.
  TlsStream(const ClientTls& tls, int socket);
  ~TlsStream();  ///< tells the peer that nothing follows, as far as the socket takes it now
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  /// Shakes hands and verifies the server. Nothing may be written before that is Done.
  Step shake_hands();
  /// Takes what has arrived, at least a byte when Done.
  Step read(std::span<char> into, std::size_t& bytes);
  Step write(std::string_view from, std::size_t& bytes);
  /// Nothing has arrived that is for us, and the peer has not closed.
  bool quiet();

  /// To be called after each wait: between two of them a bounded number of bytes is taken from the socket, so that a
  /// peer that never pauses cannot keep the event loop for itself.
  void waited() noexcept { wire_.budget = kBytesBetweenWaits; }

  const std::string& why() const noexcept { return why_; }

 private:
  static constexpr std::size_t kBytesBetweenWaits = 65536;
  struct Wire {
    int socket;
    std::size_t budget = kBytesBetweenWaits;
    int error = 0;  ///< errno of the last failure
    bool end = false;
  };
  struct FreeSsl {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };

  static const BIO_METHOD* wire_method();
  static int wire_read(BIO* bio, char* into, int size);
  static int wire_write(BIO* bio, const char* from, int size);
  static long wire_control(BIO* bio, int command, long number, void* pointer);

  Step step_of(int result, std::string_view failed);

  Wire wire_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::string why_;
};

}  // namespace sallyport::net
