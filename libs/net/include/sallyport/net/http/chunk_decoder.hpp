#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "sallyport/net/http/rejection.hpp"

namespace sallyport::net::http {

inline constexpr std::size_t kChunkSizeDigitsMax = 16;
inline constexpr std::size_t kChunkExtensionBytesMax = 256;    ///< in one chunk, from its ';' on
inline constexpr std::size_t kChunkExtensionsBytesMax = 4096;  ///< in one body

/// Takes the chunked coding off a body (RFC 9112 7.1), strictly and without copying: a chunk size of hex digits only,
/// CRLF line ends only, no white space around extensions. Extensions and trailer fields are checked and dropped. The
/// decoded size is not limited here: that is the reader's business. The verdict is the same however the bytes are
/// sliced. Not safe for concurrent use.
class ChunkDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;    ///< bytes of the input that are done with, the data included
    std::span<const char> data;  ///< body bytes, a view into the input; may be empty
    bool done = false;           ///< the body is complete; what follows `consumed` belongs to the next message
    bool failed = false;         ///< see rejection(); the connection cannot be used again
  };

  /// Ready for another body.
  void reset() noexcept { *this = ChunkDecoder(); }

  /// Decodes up to the end of the next run of data. Call again with the rest until it is empty, done or failed; an
  /// input that is not empty is always advanced unless the decoder is done or failed, and these two stay.
  Step next(std::span<const char> input) noexcept;

  bool done() const noexcept { return state_ == State::Done; }

  /// Valid after a failure. The code is that of a request; a client maps it to BadGateway.
  const Rejection& rejection() const noexcept { return rejection_; }

 private:
  enum class State : std::uint8_t {
    SizeFirst,
    Size,
    ExtName,
    ExtNameMore,
    ExtValue,
    ExtToken,
    ExtQuoted,
    ExtEscaped,
    ExtQuoteEnd,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerFirst,
    TrailerName,
    TrailerValue,
    TrailerLf,
    EndLf,
    Done,
    Failed,
  };

  bool take(char c) noexcept;
  bool take_size(char c) noexcept;
  bool take_extension(char c) noexcept;
  bool take_trailer(char c) noexcept;
  bool begin_chunk() noexcept;
  bool fail(RejectReason reason) noexcept;

  State state_ = State::SizeFirst;
  std::uint8_t digits_ = 0;
  std::uint64_t remaining_ = 0;  // of the chunk; while its size line is read, the size so far
  std::size_t extension_ = 0;
  std::size_t extensions_ = 0;
  std::size_t trailer_line_ = 0;
  std::size_t trailer_block_ = 0;
  std::size_t trailers_ = 0;
  Rejection rejection_;
};

}  // namespace sallyport::net::http
