#include "sallyport/net/http/rejection.hpp"

#include "sallyport/core/assert.hpp"

namespace sallyport::net::http {

std::string_view to_string(RejectReason reason) noexcept {
  using enum RejectReason;
  switch (reason) {
    case None:
      return "none";
    case BareLineFeed:
      return "bare_line_feed";
    case BareCarriageReturn:
      return "bare_carriage_return";
    case EmptyRequestLine:
      return "empty_request_line";
    case MethodSyntax:
      return "method_syntax";
    case MethodUnknown:
      return "method_unknown";
    case MethodRefused:
      return "method_refused";
    case TargetTooLong:
      return "target_too_long";
    case TargetSyntax:
      return "target_syntax";
    case TargetCharacter:
      return "target_character";
    case TargetEncoding:
      return "target_encoding";
    case VersionSyntax:
      return "version_syntax";
    case VersionUnsupported:
      return "version_unsupported";
    case StatusLineSyntax:
      return "status_line_syntax";
    case HostMissing:
      return "host_missing";
    case HostRepeated:
      return "host_repeated";
    case HostSyntax:
      return "host_syntax";
    case HostMismatch:
      return "host_mismatch";
    case FieldFolded:
      return "field_folded";
    case FieldNameSyntax:
      return "field_name_syntax";
    case FieldNameUnderscore:
      return "field_name_underscore";
    case FieldColonMissing:
      return "field_colon_missing";
    case FieldValueCharacter:
      return "field_value_character";
    case FieldLineTooLong:
      return "field_line_too_long";
    case FieldBlockTooLong:
      return "field_block_too_long";
    case FieldsTooMany:
      return "fields_too_many";
    case ContentLengthSyntax:
      return "content_length_syntax";
    case ContentLengthRepeated:
      return "content_length_repeated";
    case TransferEncodingSyntax:
      return "transfer_encoding_syntax";
    case TransferEncodingRepeated:
      return "transfer_encoding_repeated";
    case TransferEncodingUnsupported:
      return "transfer_encoding_unsupported";
    case TransferEncodingInHttp10:
      return "transfer_encoding_in_http10";
    case LengthAndTransferEncoding:
      return "length_and_transfer_encoding";
    case ExpectationUnknown:
      return "expectation_unknown";
    case ConnectionSyntax:
      return "connection_syntax";
    case ConnectionOptionsTooMany:
      return "connection_options_too_many";
    case ConnectionNamesEndToEndField:
      return "connection_names_end_to_end_field";
    case ChunkSizeSyntax:
      return "chunk_size_syntax";
    case ChunkSizeTooLarge:
      return "chunk_size_too_large";
    case ChunkExtensionSyntax:
      return "chunk_extension_syntax";
    case ChunkExtensionTooLong:
      return "chunk_extension_too_long";
    case ChunkDataEnd:
      return "chunk_data_end";
  }
  SALLYPORT_ASSERT(false);
}

ErrorCode request_error_code(RejectReason reason) noexcept {
  using enum RejectReason;
  switch (reason) {
    case MethodUnknown:
    case TransferEncodingUnsupported:
      return ErrorCode::NotImplemented;
    case MethodRefused:
      return ErrorCode::MethodNotAllowed;
    case TargetTooLong:
      return ErrorCode::UriTooLong;
    case VersionUnsupported:
      return ErrorCode::HttpVersionNotSupported;
    case FieldLineTooLong:
    case FieldBlockTooLong:
    case FieldsTooMany:
      return ErrorCode::HeadersTooLarge;
    case ExpectationUnknown:
      return ErrorCode::ExpectationFailed;
    default:
      return ErrorCode::MalformedRequest;
  }
}

}  // namespace sallyport::net::http
