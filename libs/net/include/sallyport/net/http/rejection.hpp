#pragma once

#include <cstdint>
#include <string_view>

#include "sallyport/core/error.hpp"

namespace sallyport::net::http {

/// What an incremental parser knows so far.
enum class ParseStatus : std::uint8_t { NeedMore, Complete, Rejected };

/// Why a message was refused. One counter label each; see to_string.
enum class RejectReason : std::uint8_t {
  None,
  BareLineFeed,
  BareCarriageReturn,
  EmptyRequestLine,
  MethodSyntax,
  MethodUnknown,
  MethodRefused,
  TargetTooLong,
  TargetSyntax,
  TargetCharacter,
  TargetEncoding,
  VersionSyntax,
  VersionUnsupported,
  StatusLineSyntax,
  HostMissing,
  HostRepeated,
  HostSyntax,
  HostMismatch,
  FieldFolded,
  FieldNameSyntax,
  FieldNameUnderscore,
  FieldColonMissing,
  FieldValueCharacter,
  FieldLineTooLong,
  FieldBlockTooLong,
  FieldsTooMany,
  ContentLengthSyntax,
  ContentLengthRepeated,
  TransferEncodingSyntax,
  TransferEncodingRepeated,
  TransferEncodingUnsupported,
  TransferEncodingInHttp10,
  LengthAndTransferEncoding,
  ExpectationUnknown,
  ConnectionSyntax,
  ConnectionOptionsTooMany,
  ConnectionNamesEndToEndField,
  ChunkSizeSyntax,
  ChunkSizeTooLarge,
  ChunkExtensionSyntax,
  ChunkExtensionTooLong,
  ChunkDataEnd,
};

/// A stable snake_case name, for example "host_missing".
std::string_view to_string(RejectReason reason) noexcept;

/// A refused message: the answer's code, and the reason for the counter and the log.
struct Rejection {
  ErrorCode code = ErrorCode::MalformedRequest;
  RejectReason reason = RejectReason::None;
  bool operator==(const Rejection&) const noexcept = default;
};

/// The code that a request earns by `reason`. A refused answer of an upstream is BadGateway whatever its reason.
ErrorCode request_error_code(RejectReason reason) noexcept;

}  // namespace sallyport::net::http
