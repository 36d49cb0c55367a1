#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport::net::http {

inline constexpr std::size_t kTargetBytesMax = 8192;     ///< longer: 414
inline constexpr std::size_t kFieldLineBytesMax = 8192;  ///< longer: 431
inline constexpr std::size_t kHeadBytesMax = 32768;      ///< field block; longer: 431
inline constexpr std::size_t kFieldsMax = 100;           ///< more: 431

enum class Method : std::uint8_t { Get, Head, Post, Put, Patch, Delete, Options, Connect, Trace, Query };
std::string_view to_string(Method method) noexcept;

enum class Version : std::uint8_t { Http10, Http11 };

struct Field {
  std::string_view name;   ///< as received
  std::string_view value;  ///< without surrounding white space
};

/// Field lines in the order received; views into the connection's buffer.
class FieldList {
 public:
  bool push(Field field) noexcept {
    if (size_ == kFieldsMax) return false;
    fields_[size_++] = field;
    return true;
  }
  void clear() noexcept { size_ = 0; }
  std::size_t size() const noexcept { return size_; }
  const Field* begin() const noexcept { return fields_.data(); }
  const Field* end() const noexcept { return fields_.data() + size_; }
  /// The first field of that name (compared without case), or nullopt.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;

 private:
  std::size_t size_ = 0;
  std::array<Field, kFieldsMax> fields_;
};

enum class Framing : std::uint8_t { None, Length, Chunked, UntilClose };  ///< UntilClose: answers only

/// A request head that has passed the guard. Everything is a view into the buffer that was parsed.
struct RequestHead {
  Method method = Method::Get;
  Version version = Version::Http11;
  std::string_view method_text;
  std::string_view target;  ///< as received
  std::string_view
      path;  ///< raw path of the target (absolute-form: its path), before canonicalisation; "*" for OPTIONS *
  std::string_view query;  ///< without '?', raw
  bool has_query = false;
  std::string_view host;  ///< the authority: Host, or the target's own in absolute-form
  FieldList fields;
  Framing framing = Framing::None;
  std::uint64_t content_length = 0;  ///< with Framing::Length
  bool keep_alive = true;            ///< what the client asks for (version and Connection)
  bool expect_continue = false;
  std::size_t head_bytes = 0;  ///< bytes of the buffer that the head took, its blank line included
};

/// The head of an upstream's answer.
struct ResponseHead {
  int status = 0;
  Version version = Version::Http11;
  std::string_view reason;
  FieldList fields;
  Framing framing = Framing::None;  ///< already decided for the request's method (HEAD, 204, 304, 1xx have none)
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  std::size_t head_bytes = 0;
};

}  // namespace sallyport::net::http
