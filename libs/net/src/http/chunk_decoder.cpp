#include "sallyport/net/http/chunk_decoder.hpp"

#include <algorithm>
#include <limits>

#include "http/chars.hpp"
#include "sallyport/net/http/message.hpp"

namespace sallyport::net::http {

using detail::is;

ChunkDecoder::Step ChunkDecoder::next(std::span<const char> input) noexcept {
  Step step;
  while (step.consumed < input.size() && state_ != State::Done && state_ != State::Failed) {
    if (state_ == State::Data) {
      const std::uint64_t available = input.size() - step.consumed;
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, available));
      step.data = input.subspan(step.consumed, length);
      step.consumed += length;
      remaining_ -= length;
      if (remaining_ == 0) state_ = State::DataCr;
      return step;
    }
    if (!take(input[step.consumed])) break;
    ++step.consumed;
  }
  step.done = state_ == State::Done;
  step.failed = state_ == State::Failed;
  return step;
}

/// One byte outside of the data. False when it is not allowed.
bool ChunkDecoder::take(char c) noexcept {
  switch (state_) {
    case State::SizeFirst:
    case State::Size:
      return take_size(c);
    case State::SizeLf:
      return c == '\n' ? begin_chunk() : fail(RejectReason::BareCarriageReturn);
    case State::DataCr:
      if (c != '\r') return fail(RejectReason::ChunkDataEnd);
      state_ = State::DataLf;
      return true;
    case State::DataLf:
      if (c != '\n') return fail(RejectReason::ChunkDataEnd);
      state_ = State::SizeFirst;
      return true;
    case State::TrailerFirst:
    case State::TrailerName:
    case State::TrailerValue:
    case State::TrailerLf:
    case State::EndLf:
      return take_trailer(c);
    case State::ExtName:
    case State::ExtNameMore:
    case State::ExtValue:
    case State::ExtToken:
    case State::ExtQuoted:
    case State::ExtEscaped:
    case State::ExtQuoteEnd:
      return take_extension(c);
    case State::Data:
    case State::Done:
    case State::Failed:
      break;
  }
  return false;
}

bool ChunkDecoder::take_size(char c) noexcept {
  const int digit = detail::hex_value(c);
  if (digit >= 0) {
    if (digits_ == kChunkSizeDigitsMax) return fail(RejectReason::ChunkSizeSyntax);
    ++digits_;
    remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
    state_ = State::Size;
    return true;
  }
  if (state_ == State::SizeFirst) return fail(RejectReason::ChunkSizeSyntax);
  if (remaining_ > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return fail(RejectReason::ChunkSizeTooLarge);
  }
  if (c == '\r') {
    state_ = State::SizeLf;
    return true;
  }
  if (c == '\n') return fail(RejectReason::BareLineFeed);
  if (c != ';') return fail(RejectReason::ChunkSizeSyntax);
  return take_extension(c);
}

/// RFC 9112 7.1.1 without its "bad" white space: *( ";" token [ "=" ( token / quoted-string ) ] ).
bool ChunkDecoder::take_extension(char c) noexcept {
  const bool name_done = state_ == State::ExtNameMore;
  const bool value_done = state_ == State::ExtToken || state_ == State::ExtQuoteEnd;
  if (c == '\r' && (name_done || value_done)) {
    state_ = State::SizeLf;
    return true;
  }
  if (c == '\n') return fail(RejectReason::BareLineFeed);
  if (++extension_ > kChunkExtensionBytesMax || ++extensions_ > kChunkExtensionsBytesMax) {
    return fail(RejectReason::ChunkExtensionTooLong);
  }
  if (c == ';' && (state_ == State::Size || name_done || value_done)) {
    state_ = State::ExtName;
  } else if (c == '=' && name_done) {
    state_ = State::ExtValue;
  } else if (is(c, detail::kToken) && (state_ == State::ExtName || name_done)) {
    state_ = State::ExtNameMore;
  } else if (is(c, detail::kToken) && (state_ == State::ExtValue || state_ == State::ExtToken)) {
    state_ = State::ExtToken;
  } else if (c == '"' && (state_ == State::ExtValue || state_ == State::ExtQuoted)) {
    state_ = state_ == State::ExtValue ? State::ExtQuoted : State::ExtQuoteEnd;
  } else if (c == '\\' && state_ == State::ExtQuoted) {
    state_ = State::ExtEscaped;
  } else if ((state_ == State::ExtQuoted || state_ == State::ExtEscaped) && detail::is_field_value(c)) {
    state_ = State::ExtQuoted;
  } else {
    return fail(RejectReason::ChunkExtensionSyntax);
  }
  return true;
}

bool ChunkDecoder::begin_chunk() noexcept {
  state_ = remaining_ == 0 ? State::TrailerFirst : State::Data;
  digits_ = 0;
  extension_ = 0;
  return true;
}

/// Field lines as in a head (RFC 9112 7.1.2), down to the empty line that ends the body.
bool ChunkDecoder::take_trailer(char c) noexcept {
  if (++trailer_block_ > kHeadBytesMax) return fail(RejectReason::FieldBlockTooLong);
  if (state_ == State::TrailerLf || state_ == State::EndLf) {
    if (c != '\n') return fail(RejectReason::BareCarriageReturn);
    state_ = state_ == State::EndLf ? State::Done : State::TrailerFirst;
    return true;
  }
  if (c == '\n') return fail(RejectReason::BareLineFeed);
  if (state_ == State::TrailerFirst) {
    trailer_line_ = 0;
    if (c == '\r') {
      state_ = State::EndLf;
      return true;
    }
    if (++trailers_ > kFieldsMax) return fail(RejectReason::FieldsTooMany);
    if (c == ' ' || c == '\t') return fail(RejectReason::FieldFolded);
  }
  if (c == '\r') {
    if (state_ == State::TrailerName) return fail(RejectReason::FieldColonMissing);
    state_ = State::TrailerLf;
    return true;
  }
  if (++trailer_line_ > kFieldLineBytesMax) return fail(RejectReason::FieldLineTooLong);
  if (state_ == State::TrailerValue) {
    return detail::is_field_value(c) || fail(RejectReason::FieldValueCharacter);
  }
  if (c == ':' && state_ == State::TrailerName) {
    state_ = State::TrailerValue;
    return true;
  }
  if (c == '_') return fail(RejectReason::FieldNameUnderscore);
  if (!is(c, detail::kToken)) return fail(RejectReason::FieldNameSyntax);
  state_ = State::TrailerName;
  return true;
}

bool ChunkDecoder::fail(RejectReason reason) noexcept {
  rejection_ = Rejection{request_error_code(reason), reason};
  state_ = State::Failed;
  return false;
}

}  // namespace sallyport::net::http
