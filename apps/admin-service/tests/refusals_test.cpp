// What a request must not be: one table an endpoint. Each row is sent to the running service, and nothing changes.
#include <set>
#include <vector>

#include "admin_probe.hpp"

namespace sallyport::admin_service {
namespace {

using Engine = testing::SqlEngine;

const std::string kJson = "Content-Type: application/json\r\n";
const std::string kNoUser = "01a20d11-52c4-7b1e-8a3f-6c2d9e0b9999";

struct Row {
  const char* name;
  std::string line;
  int status;
  const char* complaint;  ///< code, then pointers
  std::string body = {};
  std::string fields = {};  ///< beside the bearer
};

class AdminRefusals : public ::testing::TestWithParam<Engine> {
 protected:
  void check(const std::vector<Row>& table) {
    const std::string before = probe.stored();
    std::set<std::string> endpoints;
    for (const Row& row : table) {
      const auto reply = probe.ask(row.line, probe.admin() + row.fields, row.body);
      EXPECT_EQ(reply.status, row.status) << row.name;
      EXPECT_EQ(reply.complaint(), row.complaint) << row.name;
      EXPECT_NE(reply.head.find("application/problem+json"), std::string::npos) << row.name;
      if (row.status == 422) endpoints.insert(row.line);
    }
    EXPECT_EQ(probe.stored(), before);
    ASSERT_FALSE(endpoints.empty());
    for (const std::string& line : endpoints) check_who(line);
    EXPECT_EQ(probe.stored(), before);
  }

  /// Who may not is not told what else is wrong.
  void check_who(const std::string& line) {
    struct Caller {
      std::string field;
      int status;
      const char* complaint;
    };
    const std::vector<Caller> callers = {{"", 401, "authentication_required"},
                                         {"Authorization: Bearer a.b.c\r\n", 401, "invalid_token"},
                                         {probe.bearer(probe.user, "user"), 403, "forbidden"},
                                         {probe.bearer(probe.root, "user"), 403, "forbidden"},
                                         {probe.bearer(probe.root, "root"), 403, "forbidden"}};
    for (const Caller& caller : callers) {
      const auto reply = probe.ask(line, caller.field + kJson, line.starts_with("PATCH") ? R"({"role":"admin"})" : "");
      EXPECT_EQ(reply.status, caller.status) << line;
      EXPECT_EQ(reply.complaint(), caller.complaint) << line;
    }
  }

  Probe probe{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Engines, AdminRefusals, ::testing::Values(Engine::Sqlite, Engine::PostgreSql),
                         testing::engine_name);

TEST_P(AdminRefusals, OfAListOfUsers) {
  const std::string line = "GET /admin/users?";
  check({
      {"query empty", line + "query=", 422, "validation_failed /query/query"},
      {"query too long", line + "query=" + std::string(255, 'a'), 422, "validation_failed /query/query"},
      {"query with a space", line + "query=a%20b", 422, "validation_failed /query/query"},
      {"query that is no ASCII", line + "query=%C3%A9", 422, "validation_failed /query/query"},
      {"query twice", line + "query=a&query=b", 422, "validation_failed /query/query"},
      {"status unknown", line + "status=locked", 422, "validation_failed /query/status"},
      {"status empty", line + "status=", 422, "validation_failed /query/status"},
      {"status null", line + "status=null", 422, "validation_failed /query/status"},
      {"limit zero", line + "limit=0", 422, "validation_failed /query/limit"},
      {"limit too large", line + "limit=101", 422, "validation_failed /query/limit"},
      {"limit a word", line + "limit=ten", 422, "validation_failed /query/limit"},
      {"limit a fraction", line + "limit=1.5", 422, "validation_failed /query/limit"},
      {"limit empty", line + "limit=", 422, "validation_failed /query/limit"},
      {"cursor of nobody", line + "cursor=u.c1.AAAA", 422, "validation_failed /query/cursor"},
      {"cursor with a space", line + "cursor=a%20b", 422, "validation_failed /query/cursor"},
      {"cursor too long", line + "cursor=" + std::string(513, 'a'), 422, "validation_failed /query/cursor"},
      {"unknown parameter", line + "role=admin", 422, "validation_failed /query/role"},
      {"two mistakes", line + "limit=0&x=1", 422, "validation_failed /query/limit /query/x"},
      {"bad percent", line + "query=%zz", 400, "malformed_request"},
      {"a body", "GET /admin/users", 422, "validation_failed ", "{}", kJson},
      {"no such method", "DELETE /admin/users", 405, "method_not_allowed"},
  });
}

TEST_P(AdminRefusals, OfALookAtAUser) {
  check({
      {"bad id", "GET /admin/users/1", 422, "validation_failed /path/id"},
      {"id in upper case", "GET /admin/users/01A20D11-52C4-7B1E-8A3F-6C2D9E0B4711", 422, "validation_failed /path/id"},
      {"id one too long", "GET /admin/users/" + probe.user + "0", 422, "validation_failed /path/id"},
      {"nobody's id", "GET /admin/users/" + kNoUser, 404, "not_found"},
      {"unknown parameter", "GET /admin/users/" + probe.user + "?expand=1", 422, "validation_failed /query/expand"},
      {"a body", "GET /admin/users/" + probe.user, 422, "validation_failed ", "{}", kJson},
      {"no such path", "GET /admin/users/" + probe.user + "/sessions", 404, "not_found"},
  });
}

TEST_P(AdminRefusals, OfAChange) {
  const std::string line = "PATCH /admin/users/" + probe.user;
  const char* const both = R"({"role":"admin","status":"disabled"})";
  check({
      {"empty body", line, 422, "validation_failed ", "", kJson},
      {"nothing to change", line, 422, "validation_failed ", "{}", kJson},
      {"no object", line, 422, "validation_failed ", "[]", kJson},
      {"null", line, 422, "validation_failed ", "null", kJson},
      {"broken JSON", line, 400, "malformed_request", R"({"role":"admin")", kJson},
      {"bytes behind", line, 400, "malformed_request", R"({"role":"admin"}x)", kJson},
      {"bad UTF-8", line, 400, "malformed_request", "{\"role\":\"\xff\"}", kJson},
      {"duplicate key", line, 400, "malformed_request", R"({"role":"user","role":"admin"})", kJson},
      {"role unknown", line, 422, "validation_failed /role", R"({"role":"root"})", kJson},
      {"role in upper case", line, 422, "validation_failed /role", R"({"role":"Admin"})", kJson},
      {"role empty", line, 422, "validation_failed /role", R"({"role":""})", kJson},
      {"role null", line, 422, "validation_failed /role", R"({"role":null})", kJson},
      {"role as list", line, 422, "validation_failed /role", R"({"role":["admin"]})", kJson},
      {"role as true", line, 422, "validation_failed /role", R"({"role":true})", kJson},
      {"status unknown", line, 422, "validation_failed /status", R"({"status":"locked"})", kJson},
      {"status null", line, 422, "validation_failed /status", R"({"role":"admin","status":null})", kJson},
      {"status as number", line, 422, "validation_failed /status", R"({"status":0})", kJson},
      {"unknown field", line, 422, "validation_failed /email", R"({"role":"admin","email":"a@b.c"})", kJson},
      {"two mistakes", line, 422, "validation_failed /role /status", R"({"role":1,"status":2})", kJson},
      {"query", line + "?x=1", 422, "validation_failed /query/x", both, kJson},
      {"no content type", line, 415, "unsupported_media_type", both},
      {"wrong content type", line, 415, "unsupported_media_type", both, "Content-Type: text/plain\r\n"},
      {"another kind of JSON", line, 415, "unsupported_media_type", both,
       "Content-Type: application/merge-patch+json\r\n"},
      {"too large", line, 413, "body_too_large", "\"" + std::string(20000, 'x') + "\"", kJson},
      {"bad id", "PATCH /admin/users/me", 422, "validation_failed /path/id", both, kJson},
      {"nobody's id", "PATCH /admin/users/" + kNoUser, 404, "not_found", both, kJson},
      {"the last admin", "PATCH /admin/users/" + probe.root, 409, "last_admin", R"({"role":"user"})", kJson},
  });
}

TEST_P(AdminRefusals, OfAnUnlockAndOfTheEndOfSessions) {
  for (const std::string action : {"/unlock", "/revoke-sessions"}) {
    const std::string line = "POST /admin/users/" + probe.user + action;
    check({
        {"a body", line, 422, "validation_failed ", "{}", kJson},
        {"a body that is no JSON", line, 422, "validation_failed ", "x", "Content-Type: text/plain\r\n"},
        {"query", line + "?all=1", 422, "validation_failed /query/all"},
        {"bad id", "POST /admin/users/x" + action, 422, "validation_failed /path/id"},
        {"nobody's id", "POST /admin/users/" + kNoUser + action, 404, "not_found"},
        {"no such method", "GET /admin/users/" + probe.user + action, 405, "method_not_allowed"},
    });
  }
}

TEST_P(AdminRefusals, OfAListOfAuditEvents) {
  const std::string line = "GET /admin/audit-events?";
  check({
      {"type unknown", line + "type=nonsense", 422, "validation_failed /query/type"},
      {"type empty", line + "type=", 422, "validation_failed /query/type"},
      {"type twice", line + "type=login.failed&type=login.failed", 422, "validation_failed /query/type"},
      {"user_id that is none", line + "user_id=1", 422, "validation_failed /query/user_id"},
      {"user_id in upper case", line + "user_id=01A20D11-52C4-7B1E-8A3F-6C2D9E0B4711", 422,
       "validation_failed /query/user_id"},
      {"from a word", line + "from=yesterday", 422, "validation_failed /query/from"},
      {"from a date only", line + "from=2026-11-24", 422, "validation_failed /query/from"},
      {"from without a zone", line + "from=2026-11-24T00:00:00", 422, "validation_failed /query/from"},
      {"to in a thirteenth month", line + "to=2026-13-01T00:00:00Z", 422, "validation_failed /query/to"},
      {"to empty", line + "to=", 422, "validation_failed /query/to"},
      {"to too long", line + "to=2026-11-24T00:00:00.000000000000000000Z", 422, "validation_failed /query/to"},
      {"limit zero", line + "limit=0", 422, "validation_failed /query/limit"},
      {"limit too large", line + "limit=101", 422, "validation_failed /query/limit"},
      {"cursor of nobody", line + "cursor=a.c1.AAAA", 422, "validation_failed /query/cursor"},
      {"unknown parameter", line + "actor=1", 422, "validation_failed /query/actor"},
      {"a body", "GET /admin/audit-events", 422, "validation_failed ", "{}", kJson},
      {"nothing can be added", "POST /admin/audit-events", 405, "method_not_allowed", "{}", kJson},
  });
}

TEST_P(AdminRefusals, OfLimits) {
  for (const std::string method : {"GET", "DELETE"}) {
    const std::string line = method + " /admin/rate-limits?";
    check({
        {"both missing", method + " /admin/rate-limits", 422, "validation_failed /query/kind /query/value"},
        {"kind missing", line + "value=127.0.0.1", 422, "validation_failed /query/kind"},
        {"value missing", line + "kind=ip", 422, "validation_failed /query/value"},
        {"kind unknown", line + "kind=route&value=x", 422, "validation_failed /query/kind"},
        {"kind empty", line + "kind=&value=x", 422, "validation_failed /query/kind"},
        {"kind twice", line + "kind=ip&kind=ip&value=127.0.0.1", 422, "validation_failed /query/kind"},
        {"value empty", line + "kind=ip&value=", 422, "validation_failed /query/value"},
        {"value too long", line + "kind=header&value=" + std::string(257, 'a'), 422, "validation_failed /query/value"},
        {"value with a line end", line + "kind=header&value=a%0A", 400, "malformed_request"},
        {"unknown parameter", line + "kind=ip&value=127.0.0.1&all=1", 422, "validation_failed /query/all"},
        {"a body", line + "kind=ip&value=127.0.0.1", 422, "validation_failed ", "{}", kJson},
    });
  }
}

}  // namespace
}  // namespace sallyport::admin_service
