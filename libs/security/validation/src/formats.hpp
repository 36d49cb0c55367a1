#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport::validation {

enum class Format : std::uint8_t { DateTime, Date, Time, Email, Hostname, Ipv4, Ipv6, Uri, Uuid, Int32, Int64 };

/// The format of that name; nullopt for one that is not checked.
std::optional<Format> format_of(std::string_view name) noexcept;
std::string_view name_of(Format format) noexcept;

/// Whether the text has the format. True for Int32 and Int64, which are about numbers.
bool has_format(std::string_view text, Format format) noexcept;

bool is_date(std::string_view text) noexcept;       ///< RFC 3339 section 5.6, full-date
bool is_time(std::string_view text) noexcept;       ///< full-time; a leap second only at the end of a UTC day
bool is_date_time(std::string_view text) noexcept;  ///< date-time
bool is_email(std::string_view text) noexcept;      ///< RFC 5321 section 4.1.2, Mailbox, in ASCII
bool is_hostname(std::string_view text) noexcept;   ///< RFC 1123 section 2.1
bool is_ipv4(std::string_view text) noexcept;       ///< RFC 2673 section 3.2, dotted quad
bool is_ipv6(std::string_view text) noexcept;       ///< RFC 4291 section 2.2, without a zone
bool is_uri(std::string_view text) noexcept;        ///< RFC 3986 section 3, with a scheme
bool is_uuid(std::string_view text) noexcept;       ///< RFC 4122 section 3

}  // namespace sallyport::validation
