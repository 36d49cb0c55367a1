#include "sallyport/net/problem.hpp"

#include <fmt/format.h>

#include "sallyport/observability/log.hpp"

namespace sallyport::net {

Response problem(ErrorCode code, const ProblemDetails& details) {
  const ErrorInfo& fixed = info(code);
  Response response;
  response.status = fixed.status;
  response.code = fixed.code;
  response.fields = "Content-Type: application/problem+json\r\nCache-Control: no-store\r\n";
  std::string body;
  body.reserve(512);
  body.append(R"({"type":"/problems/)").append(fixed.code).append(R"(","title":")").append(fixed.title);
  body.append(R"(","status":)").append(fmt::format_int(fixed.status).c_str());
  const auto text_member = [&body](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    body.append(R"(,")").append(name).append(R"(":")");
    log::append_json_escaped(body, value);
    body.push_back('"');
  };
  text_member("detail", details.detail);
  // A token that a client put into its path goes no further: what answers say is kept in logs, too.
  static const log::Redactor kTokens;
  std::string masked;
  text_member("instance", kTokens.redact(details.instance, masked));
  text_member("code", fixed.code);
  text_member("request_id", details.request_id);
  if (!details.members.empty()) body.append(1, ',').append(details.members);
  body.append("}\n");
  response.body = std::move(body);
  return response;
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 425:
      return "Too Early";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 451:
      return "Unavailable For Legal Reasons";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

}  // namespace sallyport::net
