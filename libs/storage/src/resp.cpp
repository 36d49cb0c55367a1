#include "sallyport/storage/resp.hpp"

#include <charconv>

namespace sallyport::storage {
namespace {

void append_count(std::string& out, char type, std::size_t count) {
  char text[24];
  text[0] = type;
  char* end = std::to_chars(text + 1, text + sizeof text - 2, count).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(text, end);
}

}  // namespace

void append_resp_command(std::string& out, std::span<const std::string_view> words) {
  append_count(out, '*', words.size());
  for (const std::string_view word : words) {
    append_count(out, '$', word.size());
    out.append(word).append("\r\n");
  }
}

}  // namespace sallyport::storage
