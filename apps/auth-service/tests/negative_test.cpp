// What a request must not be: one table an endpoint. Each row is sent to the running service, and nothing is stored.
#include <optional>
#include <vector>

#include "auth_probe.hpp"

namespace sallyport::auth_service {
namespace {

struct Row {
  const char* name;
  std::string line;
  std::string body;
  int status;
  const char* complaint;  ///< code, then POINTER:CODE of each error
  /// What is sent beside the token; nullopt: JSON.
  std::optional<std::string> fields = std::nullopt;
};

enum class Token : std::uint8_t { Sent, None };

const std::string kJson = "Content-Type: application/json\r\n";
const std::string kPassword = "a long enough pass phrase";
const std::string kLabel = std::string(60, 'b');
const std::string kLongName = kLabel + "." + kLabel + "." + kLabel + "." + kLabel;
const std::string kOwner = R"({"email":"owner@b.test","password":"a long enough pass phrase"})";
const std::string kStranger = R"({"email":"stranger@b.test","password":"a long enough pass phrase"})";

class AuthRefusals : public AuthProbe {
 protected:
  void SetUp() override {
    migrate();
    service_.emplace(options(), logger_);
    ASSERT_TRUE(service_->start().has_value());
    ASSERT_EQ(post(*service_, "/auth/register", kOwner).status, 201);
    ASSERT_EQ(post(*service_, "/auth/register", kStranger).status, 201);
    const Reply mine = post(*service_, "/auth/login", kOwner);
    token_ = mine.text("access_token");
    refresh_ = mine.text("refresh_token");
    const Reply theirs = post(*service_, "/auth/login", kStranger);
    theirs_ = theirs.text("access_token");
  }

  std::vector<std::int64_t> stored() const {
    std::vector<std::int64_t> counts;
    for (const char* table : {"users", "sessions", "refresh_tokens", "audit_events"}) counts.push_back(rows(table));
    counts.push_back(rows("sessions WHERE ended_at IS NULL"));
    counts.push_back(rows("refresh_tokens WHERE revoked_at IS NULL"));
    return counts;
  }
  static std::string bearer(const std::string& token) { return "Authorization: Bearer " + token + "\r\n"; }

  void check(const std::vector<Row>& table, Token token) {
    const auto before = stored();
    for (const Row& row : table) {
      const auto reply =
          ask(*service_, row.line, (token == Token::Sent ? bearer(token_) : "") + row.fields.value_or(kJson), row.body);
      EXPECT_EQ(reply.status, row.status) << row.name;
      EXPECT_EQ(reply.complaint_with_codes(), row.complaint) << row.name;
      EXPECT_NE(reply.head.find("application/problem+json"), std::string::npos) << row.name;
    }
    EXPECT_EQ(stored(), before);
  }
  /// The same request without a token, and with tokens that are none.
  void check_tokens(const std::string& line, const std::string& body) {
    const auto before = stored();
    EXPECT_EQ(ask(*service_, line, kJson, body).complaint_with_codes(), "authentication_required") << line;
    for (const char* token : {"x", "a.b.c"}) {
      EXPECT_EQ(ask(*service_, line, kJson + bearer(token), body).complaint_with_codes(), "invalid_token") << line;
    }
    EXPECT_EQ(ask(*service_, line, kJson + bearer(refresh_), body).complaint_with_codes(), "invalid_token") << line;
    EXPECT_EQ(stored(), before);
  }
  /// What no endpoint takes as a body; the service takes no other kind of JSON than an object.
  static std::vector<Row> not_a_form(const std::string& line) {
    return {
        {"no object", line, "[]", 422, "validation_failed :type"},
        {"a text", line, R"("email")", 422, "validation_failed :type"},
        {"null", line, "null", 422, "validation_failed :type"},
        {"white space", line, "  ", 400, "malformed_request"},
        {"half", line, R"({"email":"a)", 400, "malformed_request"},
        {"something behind", line, "{}{}", 400, "malformed_request"},
        {"a byte behind", line, "{}x", 400, "malformed_request"},
        {"a NUL behind", line, std::string("{}\0", 3), 400, "malformed_request"},
        {"a comment", line, "{/* */}", 400, "malformed_request"},
        {"a trailing comma", line, R"({"email":"a",})", 400, "malformed_request"},
        {"NaN", line, R"({"email":NaN})", 400, "malformed_request"},
        {"single quotes", line, "{'email':'a'}", 400, "malformed_request"},
        {"no UTF-8", line, "{\"email\":\"\xff\"}", 400, "malformed_request"},
        {"an overlong encoding", line, "{\"email\":\"\xc0\xaf\"}", 400, "malformed_request"},
        {"half a surrogate pair", line, R"({"email":"\ud800"})", 400, "malformed_request"},
        {"a raw line end in a text", line, "{\"email\":\"a\nb\"}", 400, "malformed_request"},
        {"a name twice", line, R"({"x":1,"x":1})", 400, "malformed_request"},
        {"a name twice, once escaped", line, R"({"x":1,"\u0078":1})", 400, "malformed_request"},
        {"a name twice further down", line, R"({"x":[{"k":1,"k":2}]})", 400, "malformed_request"},
        {"nested too deep", line, R"({"x":)" + std::string(32, '[') + std::string(32, ']') + "}", 400,
         "malformed_request"},
        {"too large", line, "\"" + std::string(20000, 'x') + "\"", 413, "body_too_large"},
        {"no content type", line, kOwner, 415, "unsupported_media_type", ""},
        {"plain text", line, kOwner, 415, "unsupported_media_type", "Content-Type: text/plain\r\n"},
        {"a form of HTML", line, "email=a", 415, "unsupported_media_type",
         "Content-Type: application/x-www-form-urlencoded\r\n"},
        {"two content types", line, kOwner, 415, "unsupported_media_type", kJson + kJson},
        {"another charset", line, kOwner, 415, "unsupported_media_type",
         "Content-Type: application/json; charset=latin1\r\n"},
    };
  }

  std::optional<AuthService> service_;
  std::string token_, refresh_, theirs_;
};

TEST_F(AuthRefusals, OfARegistration) {
  const std::string line = "POST /auth/register";
  const auto with = [](const std::string& more) {
    return R"({"email":"new@b.test","password":"a long enough pass phrase",)" + more + "}";
  };
  check(not_a_form(line), Token::None);
  check(
      {
          {"empty body", line, "", 422, "validation_failed :required"},
          {"all missing", line, "{}", 422, "validation_failed /email:required /password:required"},
          {"password missing", line, R"({"email":"new@b.test"})", 422, "validation_failed /password:required"},
          {"wrong types", line, R"({"email":["a"],"password":1,"name":true})", 422,
           "validation_failed /email:type /password:type /name:type"},
          {"nulls", line, R"({"email":null,"password":null,"name":null})", 422,
           "validation_failed /email:type /password:type /name:type"},
          {"all errors in their order", line, R"({"zip":1,"email":["a"],"a/b~c":"x","name":null})", 422,
           "validation_failed /zip:unknown_field /email:type /a~1b~0c:unknown_field /name:type /password:required"},
          {"a role", line, with(R"("role":"admin")"), 422, "validation_failed /role:unknown_field"},
          {"an id", line, with(R"("id":"1")"), 422, "validation_failed /id:unknown_field"},
          {"no address", line, R"({"email":"nobody","password":"a long enough pass phrase"})", 422,
           "validation_failed /email:pattern"},
          {"an address that is not ASCII", line, R"({"email":"\u00fc@b.test","password":"a long enough pass phrase"})",
           422, "validation_failed /email:pattern"},
          {"an address with two dots", line, R"({"email":"a@b..test","password":"a long enough pass phrase"})", 422,
           "validation_failed /email:pattern"},
          {"an address with a NUL", line, R"({"email":"a\u0000@b.test","password":"a long enough pass phrase"})", 422,
           "validation_failed /email:pattern"},
          {"an address that is too long", line,
           R"({"email":")" + std::string(60, 'a') + "@" + kLongName + R"(","password":"a long enough pass phrase"})",
           422, "validation_failed /email:max_length"},
          {"an empty address", line, R"({"email":"","password":"a long enough pass phrase"})", 422,
           "validation_failed /email:min_length /email:pattern"},
          {"an empty name", line, with(R"("name":"")"), 422, "validation_failed /name:min_length /name:pattern"},
          {"a name that is too long", line, with(R"("name":")" + std::string(201, 'x') + "\""), 422,
           "validation_failed /name:max_length"},
          {"a name with a control character", line, with(R"("name":"a\u0000b")"), 422,
           "validation_failed /name:pattern"},
          {"a short password", line, R"({"email":"new@b.test","password":"short"})", 422, "weak_password"},
          {"an empty password", line, R"({"email":"new@b.test","password":""})", 422, "weak_password"},
          {"a common password", line, R"({"email":"new@b.test","password":"Password123"})", 422, "weak_password"},
          {"a long password", line, R"({"email":"new@b.test","password":")" + std::string(1025, 'x') + "\"}", 422,
           "weak_password"},
          {"taken", line, R"({"email":" OWNER@b.test ","password":"a long enough pass phrase"})", 409, "email_taken"},
          {"query", line + "?role=admin", kOwner, 422, "validation_failed /query/role:unknown_field"},
      },
      Token::None);
}

TEST_F(AuthRefusals, OfALogin) {
  const std::string line = "POST /auth/login";
  check(not_a_form(line), Token::None);
  check(
      {
          {"empty body", line, "", 422, "validation_failed :required"},
          {"all missing", line, "{}", 422, "validation_failed /email:required /password:required"},
          {"password missing", line, R"({"email":"owner@b.test"})", 422, "validation_failed /password:required"},
          {"password null", line, R"({"email":"owner@b.test","password":null})", 422,
           "validation_failed /password:type"},
          {"password a list", line, R"({"email":"owner@b.test","password":["a","b"]})", 422,
           "validation_failed /password:type"},
          {"password an object", line, R"({"email":"owner@b.test","password":{"$ne":""}})", 422,
           "validation_failed /password:type"},
          {"email a number", line, R"({"email":1,"password":"x"})", 422, "validation_failed /email:type"},
          {"email too long", line, R"({"email":")" + std::string(321, 'a') + R"(","password":"x"})", 422,
           "validation_failed /email:max_length"},
          {"email with NUL", line, R"({"email":"a\u0000@b.test","password":"x"})", 422,
           "validation_failed /email:pattern"},
          {"a password that nobody can have", line,
           R"({"email":"owner@b.test","password":")" + std::string(4097, 'x') + "\"}", 422,
           "validation_failed /password:max_length"},
          {"unknown field", line, R"({"email":"owner@b.test","password":"x","remember":true})", 422,
           "validation_failed /remember:unknown_field"},
          {"duplicate password", line, R"({"email":"owner@b.test","password":"x","password":"y"})", 400,
           "malformed_request"},
          {"cookie 0", line + "?cookie=0", kOwner, 422, "validation_failed /query/cookie:enum"},
          {"cookie without value", line + "?cookie", kOwner, 422, "validation_failed /query/cookie:enum"},
          {"cookie twice", line + "?cookie=1&cookie=1", kOwner, 422, "validation_failed /query/cookie:repeated"},
          {"unknown query", line + "?cookie=1&next=/", kOwner, 422, "validation_failed /query/next:unknown_field"},
          {"credentials in the query", line + "?email=owner@b.test&password=x", "", 422,
           "validation_failed /query/email:unknown_field /query/password:unknown_field"},
          {"a foreign page", line + "?cookie=1", kOwner, 403, "forbidden", kJson + "Origin: https://evil.test\r\n"},
      },
      Token::None);
  // None of them was a wrong password for anybody: four are free yet.
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(post(*service_, "/auth/login", R"({"email":"owner@b.test","password":"x"})").status, 401);
  }
  EXPECT_EQ(post(*service_, "/auth/login", kOwner).status, 200);
}

TEST_F(AuthRefusals, CountAsAWrongPasswordWhenTheyAreOne) {
  const std::string body = R"({"email":"owner@b.test","password":")" + std::string(4096, 'x') + "\"}";
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(post(*service_, "/auth/login", body).complaint_with_codes(), "invalid_credentials");
  EXPECT_EQ(post(*service_, "/auth/login", kOwner).complaint_with_codes(), "account_locked");
}

TEST_F(AuthRefusals, OfARefresh) {
  const std::string line = "POST /auth/refresh";
  const std::string body = R"({"refresh_token":")" + refresh_ + "\"}";
  const auto key = [](const std::string& text) { return kJson + "Idempotency-Key: " + text + "\r\n"; };
  const std::string cookie = "Cookie: __Secure-refresh=" + refresh_ + "\r\n";
  const std::string ours = "Origin: http://localhost\r\n";
  check(not_a_form(line), Token::None);
  check(
      {
          {"empty body", line, "", 422, "validation_failed /refresh_token:required"},
          {"missing", line, "{}", 422, "validation_failed /refresh_token:required"},
          {"null", line, R"({"refresh_token":null})", 422, "validation_failed /refresh_token:type"},
          {"a number", line, R"({"refresh_token":1})", 422, "validation_failed /refresh_token:type"},
          {"unknown field", line, R"({"refresh_token":"x","scope":"all"})", 422,
           "validation_failed /scope:unknown_field"},
          {"query", line + "?refresh_token=" + refresh_, "", 422,
           "validation_failed /query/refresh_token:unknown_field"},
          {"no token", line, R"({"refresh_token":""})", 401, "invalid_refresh_token"},
          {"not a token", line, R"({"refresh_token":")" + std::string(5000, 'A') + "\"}", 401, "invalid_refresh_token"},
          {"an access token", line, R"({"refresh_token":")" + token_ + "\"}", 401, "invalid_refresh_token"},
          {"short key", line, body, 422, "validation_failed /header/idempotency-key:min_length",
           key(std::string(21, 'k'))},
          {"long key", line, body, 422, "validation_failed /header/idempotency-key:max_length",
           key(std::string(256, 'k'))},
          {"key with a space", line, body, 422, "validation_failed /header/idempotency-key:pattern",
           key("0123456789 bcdefghijkl")},
          {"empty key", line, body, 422,
           "validation_failed /header/idempotency-key:min_length /header/idempotency-key:pattern", key("")},
          {"two keys", line, body, 422, "validation_failed /header/idempotency-key:repeated",
           key(std::string(22, 'a')) + "Idempotency-Key: " + std::string(22, 'a') + "\r\n"},
          {"token twice", line, R"({"refresh_token":"a","refresh_token":"b"})", 400, "malformed_request"},
          {"cookie without content type", line, "", 403, "forbidden", cookie + ours},
          {"cookie of no page", line, "", 403, "forbidden", kJson + cookie},
          {"cookie of a foreign page", line, "", 403, "forbidden", kJson + cookie + "Origin: https://evil.test\r\n"},
          {"cookie and body", line, body, 422, "validation_failed /refresh_token:conflict", kJson + cookie + ours},
          {"two cookies", line, "", 422, "validation_failed :cookie_repeated", kJson + cookie + cookie + ours},
          {"cookie and short key", line, "", 422, "validation_failed /header/idempotency-key:min_length",
           key("k") + cookie + ours},
      },
      Token::None);
  EXPECT_EQ(post(*service_, "/auth/refresh", body).status, 200) << "none of them used the token up";
}

TEST_F(AuthRefusals, OfALogout) {
  const std::string line = "POST /auth/logout";
  const std::string cookie = "Cookie: __Secure-refresh=" + refresh_ + "\r\n";
  check(not_a_form(line), Token::None);
  check(
      {
          {"empty body", line, "", 422, "validation_failed /refresh_token:required"},
          {"missing", line, "{}", 422, "validation_failed /refresh_token:required"},
          {"null", line, R"({"refresh_token":null})", 422, "validation_failed /refresh_token:type"},
          {"unknown field", line, R"({"refresh_token":"x","all":true})", 422, "validation_failed /all:unknown_field"},
          {"query", line + "?all=1", R"({"refresh_token":"x"})", 422, "validation_failed /query/all:unknown_field"},
          {"cookie of a foreign page", line, "", 403, "forbidden", kJson + cookie + "Origin: https://evil.test\r\n"},
          {"cookie without content type", line, "", 403, "forbidden", cookie + "Origin: http://localhost\r\n"},
      },
      Token::None);
}

TEST_F(AuthRefusals, OfANewPassword) {
  const std::string line = "POST /auth/password";
  const auto change = [](const std::string& next, const std::string& more = {}) {
    return R"({"current_password":"a long enough pass phrase","new_password":")" + next + "\"" + more + "}";
  };
  check(not_a_form(line), Token::Sent);
  check(
      {
          {"empty body", line, "", 422, "validation_failed :required"},
          {"all missing", line, "{}", 422, "validation_failed /current_password:required /new_password:required"},
          {"current missing", line, R"({"new_password":"another good pass phrase"})", 422,
           "validation_failed /current_password:required"},
          {"nulls", line, R"({"current_password":null,"new_password":null})", 422,
           "validation_failed /current_password:type /new_password:type"},
          {"wrong types", line, R"({"current_password":{},"new_password":[]})", 422,
           "validation_failed /current_password:type /new_password:type"},
          {"somebody's id", line, change("another good pass phrase", R"(,"user_id":"x")"), 422,
           "validation_failed /user_id:unknown_field"},
          {"a short one", line, change("short"), 422, "weak_password"},
          {"a common one", line, change("password123"), 422, "weak_password"},
          {"a long one", line, change(std::string(1025, 'x')), 422, "weak_password"},
          {"duplicate", line, change("another good pass phrase", R"(,"new_password":"x")"), 400, "malformed_request"},
          {"query", line + "?force=1", change("another good pass phrase"), 422,
           "validation_failed /query/force:unknown_field"},
      },
      Token::Sent);
  check_tokens(line, change("another good pass phrase"));
  EXPECT_EQ(post(*service_, "/auth/login", kOwner).status, 200) << "the password is the old one";
}

TEST_F(AuthRefusals, OfWhatTakesNothing) {
  for (const std::string line : {"GET /auth/me", "GET /auth/sessions", "POST /auth/logout-all"}) {
    check(
        {
            {"a body", line, "{}", 422, "validation_failed :unexpected_body"},
            {"a body without type", line, "x", 422, "validation_failed :unexpected_body", ""},
            {"query", line + "?user_id=1", "", 422, "validation_failed /query/user_id:unknown_field"},
            {"two parameters", line + "?a=1&b", "", 422,
             "validation_failed /query/a:unknown_field /query/b:unknown_field"},
        },
        Token::Sent);
    check_tokens(line, "");
  }
  EXPECT_EQ(ask(*service_, "GET /auth/me", bearer(token_)).status, 200);
}

TEST_F(AuthRefusals, OfTheEndOfASession) {
  const Reply listed = ask(*service_, "GET /auth/sessions", bearer(theirs_));
  const std::string stranger(listed.body.at("data").at(0).at("id").as_string());
  const std::string nobody = "01a20d11-52c4-7b1e-8a3f-6c2d9e0b9999";
  check(
      {
          {"somebody else's", "DELETE /auth/sessions/" + stranger, "", 404, "not_found"},
          {"nobody's", "DELETE /auth/sessions/" + nobody, "", 404, "not_found"},
          {"no id", "DELETE /auth/sessions/x", "", 422,
           "validation_failed /path/id:min_length /path/id:pattern /path/id:format"},
          {"in upper case", "DELETE /auth/sessions/01A20D11-52C4-7B1E-8A3F-6C2D9E0B4711", "", 422,
           "validation_failed /path/id:pattern"},
          {"no UTF-8", "DELETE /auth/sessions/%FF", "", 422, "validation_failed /path/id:encoding"},
          {"query", "DELETE /auth/sessions/" + stranger + "?all=1", "", 422,
           "validation_failed /query/all:unknown_field"},
          {"a body", "DELETE /auth/sessions/" + stranger, "{}", 422, "validation_failed :unexpected_body"},
          {"of the list", "DELETE /auth/sessions", "", 405, "method_not_allowed"},
      },
      Token::Sent);
  check_tokens("DELETE /auth/sessions/" + stranger, "");
}

}  // namespace
}  // namespace sallyport::auth_service
