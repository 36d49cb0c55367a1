#include "sallyport/validation/error_text.hpp"

#include "sallyport/observability/log.hpp"

namespace sallyport::validation {

void append_error(std::string& list, std::string_view pointer, std::string_view code, std::string_view message) {
  list.append(list.empty() ? R"({"pointer":")" : R"(,{"pointer":")");
  // The name of a member or parameter that nobody knows is what the client wrote, perhaps a token.
  std::string masked;
  log::append_json_escaped(list, log::Redactor().redact(pointer, masked));
  list.append(R"(","code":")").append(code).append(R"(","message":")");
  log::append_json_escaped(list, message);
  list.append(R"("})");
}

std::string errors_member(std::string_view list) {
  return std::string(R"("errors":[)").append(list).append("]");
}

std::string errors_member(const ValidationErrors& errors) {
  std::string list;
  for (const ValidationError& error : errors) append_error(list, error.pointer, error.code, error.message);
  return errors_member(list);
}

}  // namespace sallyport::validation
