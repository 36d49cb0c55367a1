#pragma once

#include <string>

/// Request heads around the part that a test is about.
namespace sallyport::net::http {

inline std::string with_line(const std::string& line) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + line + "\r\n\r\n";
}
inline std::string with_target(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}
inline std::string with_host(const std::string& host) {
  return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}
inline std::string with_request_line(const std::string& line) {
  return line + "\r\nHost: a\r\n\r\n";
}

}  // namespace sallyport::net::http
