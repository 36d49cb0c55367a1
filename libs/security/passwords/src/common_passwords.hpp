#pragma once

#include <string_view>

namespace sallyport::passwords {

/// The text of data/common-passwords.txt, which is part of the program: comment lines, then one password a line, lower
/// case, sorted by bytes.
std::string_view common_passwords_text() noexcept;

}  // namespace sallyport::passwords
