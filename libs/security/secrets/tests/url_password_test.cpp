#include "url_password.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::secrets {
namespace {

TEST(PasswordsInUrl, FindsThemWhereverAClientWouldReadOne) {
  const struct {
    const char* url;
    std::vector<std::string> expected;
  } rows[] = {
      {"redis://127.0.0.1:6379", {}},
      {"redis://[::1]:6379/0", {}},
      {"redis://user@host:6379", {}},
      {"redis://:pw@host:6379", {"pw"}},
      {"redis://user:pw@host:6379/1", {"pw"}},
      {"redis://user:@host", {}},
      {"redis+sentinel://user:pw@h1:1,h2:2/name", {"pw"}},
      {"unix://user:pw@/run/redis.sock?db=1", {"pw"}},
      {"postgresql://user:p%40w%2f@host/db", {"p%40w%2f", "p@w/"}},
      {"postgresql://user:100%@host/db", {"100%"}},
      {"postgresql://user:p@w@host/db", {"p@w"}},
      {"postgresql://user:p/w@host/db", {"p/w"}},
      {"postgresql://user:p:w@host/db", {"p:w"}},
      {"postgresql:///db?host=/run&user=u&password=pw", {"pw"}},
      {"postgresql://u:one@h/db?sslmode=verify-full&sslpassword=two&password=three", {"one", "two", "three"}},
      {"postgresql://h/db?password=", {}},
      {"sqlite:/var/lib/sallyport/a:b@c.db", {}},
      {"", {}},
  };
  for (const auto& row : rows) {
    std::vector<std::string> found;
    for (const auto& password : passwords_in_url(row.url)) found.emplace_back(password.expose());
    EXPECT_EQ(found, row.expected) << row.url;
  }
}

}  // namespace
}  // namespace sallyport::secrets
