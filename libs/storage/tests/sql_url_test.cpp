#include "sallyport/storage/sql/database_url.hpp"

#include <gtest/gtest.h>

#include "sallyport/storage/sql/session.hpp"
#include "sql/conninfo.hpp"
#include "sql/postgres_error.hpp"
#include "sql/statement_text.hpp"

namespace sallyport::storage {
namespace {

TEST(DatabaseUrl, ReadsTheFormsItNames) {
  const auto url = DatabaseUrl::parse("postgresql://app:p%40ss%20w%27rd@db.example.com:6432/shop?sslmode=verify-full");
  ASSERT_TRUE(url) << url.error().detail;
  EXPECT_EQ(url->dialect, SqlDialect::PostgreSql);
  EXPECT_EQ(url->endpoint(), "db.example.com:6432/shop");
  EXPECT_EQ(url->password.expose(), "p@ss w'rd");
  EXPECT_EQ(url->parameter("user"), "app");
  EXPECT_EQ(url->parameter("password"), "");
  const auto file = DatabaseUrl::parse("sqlite:/var/lib/sallyport/a b.db");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->dialect, SqlDialect::Sqlite);
  EXPECT_EQ(file->path, "/var/lib/sallyport/a b.db");
  EXPECT_TRUE(DatabaseUrl::parse("postgres://u@/db?host=/run/postgresql"));
}

TEST(DatabaseUrl, RefusesWithoutRepeatingAnything) {
  struct Case {
    const char* name;
    std::string text;
  };
  const Case cases[] = {
      {"empty", ""},
      {"other scheme", "mysql://u:pw-9@h/d"},
      {"conninfo string", "host=h password=pw-9"},
      {"no host", "postgresql://u:pw-9@/d"},
      {"no database", "postgresql://u:pw-9@h"},
      {"no user", "postgresql://h/d?password=pw-9"},
      {"unknown parameter", "postgresql://u:pw-9@h/d?pw-9=1"},
      {"at sign in the password", "postgresql://u:pw-9@pw-9@h/d?sslmode=pw-9"},
      {"wrong sslmode", "postgresql://u:pw-9@h/d?sslmode=pw-9"},
      {"service", "postgresql://u:pw-9@h/d?service=pw-9"},
      {"password file", "postgresql://u:pw-9@h/d?passfile=/pw-9"},
      {"gss instead of tls", "postgresql://u:pw-9@h/d?gssencmode=require"},
      {"space", "postgresql://u:pw-9 @h/d"},
      {"fragment", "postgresql://u:pw-9#@h/d"},
      {"encoded line end", "postgresql://u:pw-9@h/d?application_name=%0Apw-9"},
      {"broken escape", "postgresql://u:pw-9%zz@h/d"},
      {"encoded NUL", "postgresql://u:pw-9%00@h/d"},
      {"too long", "postgresql://u:pw-9@h/" + std::string(5000, 'd')},
      {"memory", "sqlite::memory:"},
      {"sqlite URI", "sqlite:file:x?mode=memory"},
      {"no file", "sqlite:"},
      {"equals", "sqlite:a=b"},
      {"quote", "sqlite:a\"b"},
      {"NUL in a path", std::string("sqlite:a\0b", 10)},
  };
  for (const Case& test : cases) {
    const auto url = DatabaseUrl::parse(test.text);
    ASSERT_FALSE(url) << test.name;
    EXPECT_EQ(url.error().detail.find("pw-9"), std::string::npos) << test.name << ": " << url.error().detail;
  }
}

TEST(DatabaseUrl, AsksForProvenServersOffThisMachine) {
  struct Case {
    const char* text;
    bool allowed;
  };
  const Case cases[] = {
      {"postgresql://u@db/d?sslmode=verify-full", true},
      {"postgresql://u@db/d", true},  // then it is verify-full
      {"postgresql://u@db/d?sslmode=require", false},
      {"postgresql://u@db/d?sslmode=verify-ca", false},
      {"postgresql://u@db/d?sslmode=disable", false},
      {"postgresql://u@127.0.0.1/d?sslmode=disable", true},
      {"postgresql://u@127.8.8.8/d?sslmode=disable", true},
      {"postgresql://u@[::1]/d?sslmode=disable", true},
      {"postgresql://u@localhost/d?sslmode=disable", true},
      {"postgresql://u@/d?host=/run/x&sslmode=disable", true},
      {"postgresql://u@localhost,db/d?sslmode=disable", false},
      {"postgresql://u@localhost.example.com/d?sslmode=disable", false},
      {"postgresql://u@localhost/d?hostaddr=10.0.0.1&sslmode=disable", false},
      {"postgresql://u@db/d?hostaddr=127.0.0.1&sslmode=disable", true},
      {"sqlite:x.db", true},
  };
  for (const Case& test : cases) {
    const auto url = DatabaseUrl::parse(test.text);
    ASSERT_TRUE(url) << test.text << ": " << url.error().detail;
    EXPECT_EQ(url->check_transport(false).has_value(), test.allowed) << test.text;
    EXPECT_TRUE(url->check_transport(true)) << test.text;
  }
}

TEST(Conninfo, EncodesValuesAndForcesTheLimits) {
  const auto url =
      DatabaseUrl::parse("postgresql://u:a%27%5C%20%3D%26b@db/d?options=-c%20statement_timeout%3D0&gssencmode=")
          .value();
  const std::string text = sql::make_conninfo(url, {.statement = std::chrono::milliseconds(1500)});
  EXPECT_NE(text.find("password=a%27%5C%20%3D%26b"), std::string::npos) << text;
  EXPECT_NE(text.find("&options=-c%20statement_timeout%3D0%20-c%20statement_timeout%3D1500%20-c%20lock_timeout%3D1000"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("sslmode=verify-full"), std::string::npos) << text;
  EXPECT_NE(text.find("gssencmode=disable"), std::string::npos) << text;
  EXPECT_EQ(text.find_first_of(" \"'"), std::string::npos) << text;
  EXPECT_NE(sql::make_conninfo(url, {.allow_plaintext = true}).find("sslmode=prefer"), std::string::npos);
}

TEST(StatementText, NumbersPlaceholdersOutsideOfQuotesAndComments) {
  const auto text = sql::read_statement("SELECT '$1', \"$2\", $3, $12 -- $13\n /* $14 ; */ , 'it''s $15' ; -- end");
  EXPECT_EQ(text.numbered, "SELECT '$1', \"$2\", ?3, ?12 -- $13\n /* $14 ; */ , 'it''s $15' ; -- end");
  EXPECT_EQ(text.parameters, 12U);
  EXPECT_TRUE(text.single);
  EXPECT_FALSE(sql::read_statement("SELECT 1; SELECT 2").single);
  EXPECT_FALSE(sql::read_statement("SELECT 1; 'x'").single);
  EXPECT_TRUE(sql::read_statement("SELECT 1 ;\n").single);
  EXPECT_EQ(sql::read_statement("SELECT $99999999999999999999999").parameters, 100'000U);
  EXPECT_EQ(sql::read_statement("SELECT 'unfinished $1").parameters, 0U);
  EXPECT_EQ(sql::read_statement("$").numbered, "$");
}

TEST(ConnectMessage, IsOneLineAndLeavesOutWhatHoldsThePassword) {
  EXPECT_EQ(sql::connect_message("Cannot establish.\nconnection to \"h\" failed: FATAL:\tno\n", "pw"),
            "connection to \"h\" failed: FATAL: no");
  EXPECT_EQ(sql::connect_message("Cannot establish.\nsomething with pw in it", "pw"), "");
}

TEST(SqlErrors, BecomeAnswers) {
  EXPECT_EQ(to_error({.kind = SqlErrorKind::Overloaded}).code, ErrorCode::Overloaded);
  EXPECT_EQ(to_error({.kind = SqlErrorKind::NotSent}).retry, Retry::Safe);
  EXPECT_EQ(to_error({.kind = SqlErrorKind::OutcomeUnknown}).code, ErrorCode::ServiceUnavailable);
  EXPECT_EQ(to_error({.kind = SqlErrorKind::OutcomeUnknown}).retry, Retry::Never);
  EXPECT_EQ(to_error({.kind = SqlErrorKind::Other}).code, ErrorCode::InternalError);
  const SqlError error{.kind = SqlErrorKind::UniqueViolation, .constraint = "c", .sqlstate = "23505"};
  EXPECT_EQ(error.describe(), "unique_violation 23505 c");
}

}  // namespace
}  // namespace sallyport::storage
