#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sallyport/core/secret.hpp"

namespace sallyport::secrets {

/// The passwords inside the address of a store: in the user information (scheme://user:password@…) and, as libpq takes
/// them, in the parameters `password` and `sslpassword`; each as written and, where that differs, percent-decoded. Errs
/// on the side of finding too much, because what it finds is kept out of logs.
std::vector<Secret<std::string>> passwords_in_url(std::string_view url);

}  // namespace sallyport::secrets
