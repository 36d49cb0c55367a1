#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sallyport/net/http/message.hpp"
#include "sallyport/validation/json_reader.hpp"
#include "sallyport/validation/validation_error.hpp"

namespace sallyport::validation {

enum class ParameterIn : std::uint8_t { Path, Query, Header };

/// A parameter as the document declares it. Views live as long as the OpenApi they come from.
struct ParameterInfo {
  ParameterIn in = ParameterIn::Query;
  std::string_view name;  ///< a header's in lower case
  bool required = false;
  bool is_list = false;
};

/// The parameters of one request, after validation. Wipes the values when it goes: one may be a key.
class Parameters final {
 public:
  Parameters() = default;
  Parameters(Parameters&&) noexcept = default;
  Parameters& operator=(Parameters&&) noexcept = default;
  ~Parameters();

  /// The value as its schema types it (a list is an array); the schema's `default` when it was not given, and nullptr
  /// when there is none. A header's name in lower case.
  const boost::json::value* find(ParameterIn in, std::string_view name) const noexcept;
  /// What was sent, percent-decoded; nullopt when it was not given.
  std::optional<std::string_view> text(ParameterIn in, std::string_view name) const noexcept;

 private:
  friend class ParameterChecker;
  struct Entry {
    ParameterIn in;
    std::string name;
    std::optional<std::string> text;
    boost::json::value value;
  };
  std::vector<Entry> entries_;
};

/// The media type of the body is none that the operation takes: 415.
struct UnsupportedMediaType {};
/// Malformed: 400 `malformed_request`. ValidationErrors: 422 `validation_failed`, never empty.
using BodyFault = std::variant<UnsupportedMediaType, Malformed, ValidationErrors>;

/// A path parameter as it was found in the path.
struct PathValue {
  std::string_view name;
  std::string_view raw;  ///< view into the path that was matched, percent-encoded
};

/// One method of one path. Immutable; lives as long as the OpenApi it comes from.
class Operation final {
 public:
  std::string_view id() const noexcept;      ///< operationId; may be empty
  std::string_view method() const noexcept;  ///< upper case
  std::string_view path() const noexcept;    ///< the template, without the base path: "/payments/{id}"
  std::span<const ParameterInfo> parameters() const noexcept;
  bool takes_body() const noexcept;
  bool requires_body() const noexcept;

  /// Checks and types the parameters. `query` is the raw query without '?'. Refused: a query parameter that is not
  /// declared (`unknown_field`), a single value given twice (`repeated`), a bad percent-encoding or bytes that are not
  /// UTF-8 (`encoding`), what the schemas refuse. Headers that are not declared are nobody's business here.
  std::expected<Parameters, ValidationErrors> check_parameters(std::span<const PathValue> path_values,
                                                               std::string_view query,
                                                               std::span<const net::http::Field> headers) const;

  /// Checks the body. `content_type` is the header's value, empty when there is none. JSON is read strictly and
  /// returned; a body that was left out, and one of another declared media type, is returned as null.
  /// An empty body counts as none.
  std::expected<boost::json::value, BodyFault> check_body(std::string_view content_type, std::string_view body,
                                                          const JsonLimits& limits = {}) const;
  /// Whether a body of this content type is taken: can be asked before the body was read.
  bool takes_media_type(std::string_view content_type) const noexcept;
  /// Whether check_body() would look into a body of this content type, which is JSON then, and taken.
  bool reads_media_type(std::string_view content_type) const noexcept;

  struct State;
  explicit Operation(std::unique_ptr<const State> state) noexcept;
  Operation(Operation&&) noexcept;
  Operation& operator=(Operation&&) noexcept;
  ~Operation();

 private:
  std::unique_ptr<const State> state_;
};

struct OperationMatch {
  const Operation* operation = nullptr;
  std::vector<PathValue> path_values;
};
/// No operation: 404 when `allowed` is empty, else 405 with these methods (upper case, as in the document's order).
struct NoOperation {
  std::vector<std::string_view> allowed;
};

struct OpenApiOptions {
  /// Stands before every path of the document in the requests, for example "/api/v1". Empty: nothing does.
  std::string base_path;
};

/// Why a document was not loaded.
struct OpenApiProblem {
  std::string place;  ///< "line 12, /paths/~1payments/post", as much of it as is known
  std::string why;
};

/// An OpenAPI document (3.0 or 3.1; YAML or JSON), compiled: the contract that requests are held to. `$ref` leads to
/// places in the same document only. What it cannot check it refuses to load: cookie parameters, styles other than
/// `simple` and `form`, objects as parameters, templates that are part of a segment, unknown keywords of a schema.
/// YAML is typed as the core schema of YAML 1.2 says: `no` is a text, `010` is ten; anchors and tags are refused.
/// Immutable; used by any number of threads at once.
class OpenApi final {
 public:
  static std::expected<OpenApi, std::vector<OpenApiProblem>> load(std::string_view text,
                                                                  const OpenApiOptions& options = {});

  /// `path` is the canonical path of the request, compared segment by segment after percent-decoding; a literal segment
  /// goes before a templated one. `method` in upper case. O(operations).
  std::expected<OperationMatch, NoOperation> find(std::string_view method, std::string_view path) const;
  /// In the document's order.
  std::span<const Operation> operations() const noexcept;
  std::string_view version() const noexcept;  ///< of OpenAPI, as the document says it: "3.1.0"

  struct State;
  explicit OpenApi(std::unique_ptr<const State> state) noexcept;
  OpenApi(OpenApi&&) noexcept;
  OpenApi& operator=(OpenApi&&) noexcept;
  ~OpenApi();

 private:
  std::unique_ptr<const State> state_;
};

}  // namespace sallyport::validation
