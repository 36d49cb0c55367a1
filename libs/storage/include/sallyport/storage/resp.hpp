#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sallyport::storage {

/// Appends one command as a RESP array of bulk strings ("*N\r\n$…"), the form that Redis reads. Binary safe.
void append_resp_command(std::string& out, std::span<const std::string_view> words);

}  // namespace sallyport::storage
