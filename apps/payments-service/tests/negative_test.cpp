// What a request must not be: one table an endpoint. Each row is sent to the running service, and nothing is stored.
#include <set>
#include <vector>

#include "payments_probe.hpp"

namespace sallyport::payments_service {
namespace {

enum class Who : std::uint8_t { Owner, Stranger, StrangerWhoIsAdmin };

struct Row {
  const char* name;
  std::string line;
  std::string body;
  int status;
  const char* complaint;  ///< code, then pointers
  /// What is sent beside the bearer; nullopt: JSON and a key.
  std::optional<std::string> fields = std::nullopt;
  Who who = Who::Owner;
};

const std::string kJson = "Content-Type: application/json\r\n";
const std::string kKey = "Idempotency-Key: k-0\r\n";
const std::string kNobody = "01a20d11-52c4-7b1e-8a3f-6c2d9e0b9999";

class PaymentsRefusals : public ServingTest {
 protected:
  PaymentsRefusals() {
    captured = probe.made(1000);
    authorized = probe.made(1000, false);
  }

  std::vector<std::int64_t> stored() {
    std::vector<std::int64_t> counts;
    for (const char* table : {"payments", "payment_operations", "refunds", "payment_events", "idempotency_keys"}) {
      counts.push_back(probe.rows(table));
    }
    return counts;
  }

  void check(const std::vector<Row>& table) {
    const auto before = stored();
    const auto requests = probe.sandbox.requests();
    for (const Row& row : table) {
      const auto reply = probe.ask(row.line, bearer_of(row.who) + row.fields.value_or(kJson + kKey), row.body);
      EXPECT_EQ(reply.status, row.status) << row.name;
      EXPECT_EQ(reply.complaint(), row.complaint) << row.name;
      EXPECT_NE(reply.head.find("application/problem+json"), std::string::npos) << row.name;
    }
    EXPECT_EQ(stored(), before);
    check_without_a_token(table);
    EXPECT_EQ(stored(), before);
    EXPECT_EQ(probe.sandbox.requests(), requests);
  }

  /// Each endpoint of the table, with a body that is nearly right: who is nobody is not told what is wrong with it.
  void check_without_a_token(const std::vector<Row>& table) {
    std::set<std::string> lines;
    for (const Row& row : table) {
      if (row.status == 422 && lines.insert(row.line.substr(0, row.line.find('?'))).second) {
        const auto reply = probe.ask(*lines.find(row.line.substr(0, row.line.find('?'))), kJson + kKey, row.body);
        EXPECT_EQ(reply.status, 401) << row.line;
        EXPECT_EQ(reply.complaint(), "authentication_required") << row.line;
      }
    }
    EXPECT_FALSE(lines.empty());
  }

  std::string bearer_of(Who who) const {
    return probe.bearer(who == Who::Owner ? probe.user : probe.stranger,
                        who == Who::StrangerWhoIsAdmin ? "admin" : "user");
  }

  /// Both find nothing at what belongs to somebody else.
  static std::vector<Row> of_others(const std::string& line, const std::string& body,
                                    const std::optional<std::string>& fields = std::nullopt) {
    return {{"somebody else's", line, body, 404, "not_found", fields, Who::Stranger},
            {"somebody else's, asked for by an admin", line, body, 404, "not_found", fields, Who::StrangerWhoIsAdmin}};
  }

  std::string captured, authorized;
};
INSTANTIATE_TEST_SUITE_P(Engines, PaymentsRefusals, kEngines, testing::engine_name);

TEST_P(PaymentsRefusals, OfANewPayment) {
  const std::string line = "POST /payments";
  const auto with = [](const std::string& more) { return R"({"amount":1,"currency":"EUR",)" + more + "}"; };
  std::string pairs;
  for (int i = 0; i < 21; ++i) pairs += (i > 0 ? "," : "") + ("\"k" + std::to_string(i)) + "\":\"v\"";
  check({
      {"empty body", line, "", 422, "validation_failed "},
      {"no object", line, "[]", 422, "validation_failed "},
      {"null", line, "null", 422, "validation_failed "},
      {"broken JSON", line, R"({"amount":1)", 400, "malformed_request"},
      {"duplicate key", line, R"({"amount":1,"amount":2,"currency":"EUR"})", 400, "malformed_request"},
      {"bytes behind", line, R"({"amount":1,"currency":"EUR"}x)", 400, "malformed_request"},
      {"NaN", line, R"({"amount":NaN,"currency":"EUR"})", 400, "malformed_request"},
      {"bad UTF-8", line, with("\"description\":\"\xff\""), 400, "malformed_request"},
      {"both missing", line, "{}", 422, "validation_failed /amount /currency"},
      {"amount missing", line, R"({"currency":"EUR"})", 422, "validation_failed /amount"},
      {"amount null", line, R"({"amount":null,"currency":"EUR"})", 422, "validation_failed /amount"},
      {"amount as text", line, R"({"amount":"1","currency":"EUR"})", 422, "validation_failed /amount"},
      {"amount as fraction", line, R"({"amount":1.5,"currency":"EUR"})", 422, "validation_failed /amount"},
      {"amount zero", line, R"({"amount":0,"currency":"EUR"})", 422, "validation_failed /amount"},
      {"amount negative", line, R"({"amount":-1,"currency":"EUR"})", 422, "validation_failed /amount"},
      {"amount one past the largest", line, R"({"amount":100000000,"currency":"EUR"})", 422,
       "validation_failed /amount"},
      {"amount beyond 64 bits", line, R"({"amount":99999999999999999999999,"currency":"EUR"})", 400,
       "malformed_request"},
      {"currency unknown", line, R"({"amount":1,"currency":"EUX"})", 422, "validation_failed /currency"},
      {"currency in lower case", line, R"({"amount":1,"currency":"eur"})", 422, "validation_failed /currency"},
      {"currency null", line, R"({"amount":1,"currency":null})", 422, "validation_failed /currency"},
      {"currency missing", line, R"({"amount":1})", 422, "validation_failed /currency"},
      {"currency as number", line, R"({"amount":1,"currency":978})", 422, "validation_failed /currency"},
      {"currency empty", line, R"({"amount":1,"currency":""})", 422, "validation_failed /currency"},
      {"currency too long", line, R"({"amount":1,"currency":"EURO"})", 422, "validation_failed /currency"},
      {"amount true", line, R"({"amount":true,"currency":"EUR"})", 422, "validation_failed /amount"},
      {"capture as text", line, with(R"("capture":"true")"), 422, "validation_failed /capture"},
      {"capture as number", line, with(R"("capture":1)"), 422, "validation_failed /capture"},
      {"capture null", line, with(R"("capture":null)"), 422, "validation_failed /capture"},
      {"description as list", line, with(R"("description":["a"])"), 422, "validation_failed /description"},
      {"description too long", line, with("\"description\":\"" + std::string(256, 'x') + "\""), 422,
       "validation_failed /description"},
      {"description with NUL", line, with(R"("description":"a\u0000b")"), 422, "validation_failed /description"},
      {"description null", line, with(R"("description":null)"), 422, "validation_failed /description"},
      {"reference too long", line, with("\"reference\":\"" + std::string(65, 'x') + "\""), 422,
       "validation_failed /reference"},
      {"reference empty", line, with(R"("reference":"")"), 422, "validation_failed /reference"},
      {"reference with a space", line, with(R"("reference":"a b")"), 422, "validation_failed /reference"},
      {"reference with a line end", line, with(R"("reference":"a\n")"), 422, "validation_failed /reference"},
      {"reference as number", line, with(R"("reference":7)"), 422, "validation_failed /reference"},
      {"reference null", line, with(R"("reference":null)"), 422, "validation_failed /reference"},
      {"metadata null", line, with(R"("metadata":null)"), 422, "validation_failed /metadata"},
      {"metadata with null", line, with(R"("metadata":{"a":null})"), 422, "validation_failed /metadata/a"},
      {"metadata with an object", line, with(R"("metadata":{"a":{}})"), 422, "validation_failed /metadata/a"},
      {"metadata with a key twice", line, with(R"("metadata":{"a":"1","a":"2"})"), 400, "malformed_request"},
      {"metadata with a long value", line, with("\"metadata\":{\"a\":\"" + std::string(501, 'x') + "\"}"), 422,
       "validation_failed /metadata/a"},
      {"metadata with an empty key", line, with(R"("metadata":{"":"1"})"), 422, "validation_failed /metadata/"},
      {"metadata a list", line, with(R"("metadata":[])"), 422, "validation_failed /metadata"},
      {"metadata with a number", line, with(R"("metadata":{"a":1})"), 422, "validation_failed /metadata/a"},
      {"metadata with 21 pairs", line, with("\"metadata\":{" + pairs + "}"), 422, "validation_failed /metadata"},
      {"unknown field", line, with(R"("captured_amount":5)"), 422, "validation_failed /captured_amount"},
      {"two mistakes", line, R"({"amount":0,"currency":"x"})", 422, "validation_failed /amount /currency"},
      {"query", line + "?x=1", with(R"("capture":true)"), 422, "validation_failed /query/x"},
      {"no content type", line, with(R"("capture":true)"), 415, "unsupported_media_type", kKey},
      {"wrong content type", line, with(R"("capture":true)"), 415, "unsupported_media_type",
       "Content-Type: text/plain\r\n" + kKey},
      {"no key", line, with(R"("capture":true)"), 422, "validation_failed /header/idempotency-key", kJson},
      {"key too long", line, with(R"("capture":true)"), 422, "validation_failed /header/idempotency-key",
       kJson + "Idempotency-Key: " + std::string(256, 'k') + "\r\n"},
      {"key with a space", line, with(R"("capture":true)"), 422, "validation_failed /header/idempotency-key",
       kJson + "Idempotency-Key: a b\r\n"},
      {"key empty", line, with(R"("capture":true)"), 422, "validation_failed /header/idempotency-key",
       kJson + "Idempotency-Key: \r\n"},
      {"nested too deeply", line, with("\"metadata\":" + std::string(40, '[') + std::string(40, ']')), 400,
       "malformed_request"},
      {"two keys", line, with(R"("capture":true)"), 422, "validation_failed /header/idempotency-key",
       kJson + kKey + "Idempotency-Key: k-1\r\n"},
      {"too large", line, "\"" + std::string(20000, 'x') + "\"", 413, "body_too_large"},
  });
}

TEST_P(PaymentsRefusals, OfARefund) {
  const std::string line = "POST /payments/" + captured + "/refunds";
  check({
      {"empty body", line, "", 422, "validation_failed "},
      {"amount missing", line, "{}", 422, "validation_failed /amount"},
      {"amount zero", line, R"({"amount":0})", 422, "validation_failed /amount"},
      {"amount as text", line, R"({"amount":"1"})", 422, "validation_failed /amount"},
      {"amount null", line, R"({"amount":null})", 422, "validation_failed /amount"},
      {"amount too large for any", line, R"({"amount":100000000})", 422, "validation_failed /amount"},
      {"amount as fraction", line, R"({"amount":0.5})", 422, "validation_failed /amount"},
      {"null", line, "null", 422, "validation_failed "},
      {"no object", line, "[1]", 422, "validation_failed "},
      {"broken JSON", line, R"({"amount":)", 400, "malformed_request"},
      {"reason null", line, R"({"amount":1,"reason":null})", 422, "validation_failed /reason"},
      {"reason as number", line, R"({"amount":1,"reason":1})", 422, "validation_failed /reason"},
      {"reason with a control character", line, R"({"amount":1,"reason":"\u001b[2J"})", 422,
       "validation_failed /reason"},
      {"no content type", line, R"({"amount":1})", 415, "unsupported_media_type", kKey},
      {"key too long", line, R"({"amount":1})", 422, "validation_failed /header/idempotency-key",
       kJson + "Idempotency-Key: " + std::string(256, 'k') + "\r\n"},
      {"two mistakes", line, R"({"reason":7})", 422, "validation_failed /reason /amount"},
      {"more than was captured", line, R"({"amount":1001})", 409, "invalid_payment_state"},
      {"reason too long", line, R"({"amount":1,"reason":")" + std::string(256, 'x') + "\"}", 422,
       "validation_failed /reason"},
      {"unknown field", line, R"({"amount":1,"currency":"EUR"})", 422, "validation_failed /currency"},
      {"duplicate key", line, R"({"amount":1,"amount":1})", 400, "malformed_request"},
      {"wrong content type", line, R"({"amount":1})", 415, "unsupported_media_type",
       "Content-Type: application/xml\r\n" + kKey},
      {"no key", line, R"({"amount":1})", 422, "validation_failed /header/idempotency-key", kJson},
      {"query", line + "?a=1&b=2", R"({"amount":1})", 422, "validation_failed /query/a /query/b"},
      {"bad id", "POST /payments/1/refunds", R"({"amount":1})", 422, "validation_failed /path/id"},
      {"nobody's id", "POST /payments/" + kNobody + "/refunds", R"({"amount":1})", 404, "not_found"},
      {"not captured", "POST /payments/" + authorized + "/refunds", R"({"amount":1})", 409, "invalid_payment_state"},
  });
}

TEST_P(PaymentsRefusals, OfACapture) {
  const std::string line = "POST /payments/" + authorized + "/capture";
  check({
      {"amount zero", line, R"({"amount":0})", 422, "validation_failed /amount"},
      {"amount as text", line, R"({"amount":"1"})", 422, "validation_failed /amount"},
      {"amount null", line, R"({"amount":null})", 422, "validation_failed /amount"},
      {"amount as fraction", line, R"({"amount":1.5})", 422, "validation_failed /amount"},
      {"amount too large for any", line, R"({"amount":100000000})", 422, "validation_failed /amount"},
      {"duplicate key", line, R"({"amount":1,"amount":2})", 400, "malformed_request"},
      {"null", line, "null", 422, "validation_failed "},
      {"more than the amount", line, R"({"amount":1001})", 409, "invalid_payment_state"},
      {"unknown field", line, R"({"capture":true})", 422, "validation_failed /capture"},
      {"no object", line, "7", 422, "validation_failed "},
      {"broken JSON", line, "{", 400, "malformed_request"},
      {"wrong content type", line, R"({"amount":1})", 415, "unsupported_media_type", "Content-Type: text/plain\r\n"},
      {"query", line + "?amount=1", "{}", 422, "validation_failed /query/amount"},
      {"bad id", "POST /payments/x/capture", "{}", 422, "validation_failed /path/id"},
      {"nobody's id", "POST /payments/" + kNobody + "/capture", "{}", 404, "not_found"},
      {"captured already", "POST /payments/" + captured + "/capture", "{}", 409, "invalid_payment_state"},
  });
}

TEST_P(PaymentsRefusals, OfACancellation) {
  const std::string line = "POST /payments/" + authorized + "/cancel";
  check({
      {"a body", line, "{}", 422, "validation_failed "},
      {"a body that is no JSON", line, "x", 422, "validation_failed ", "Content-Type: text/plain\r\n"},
      {"query", line + "?x", "", 422, "validation_failed /query/x"},
      {"bad id", "POST /payments/" + authorized + "x/cancel", "", 422, "validation_failed /path/id"},
      {"nobody's id", "POST /payments/" + kNobody + "/cancel", "", 404, "not_found"},
      {"captured already", "POST /payments/" + captured + "/cancel", "", 409, "invalid_payment_state"},
  });
}

TEST_P(PaymentsRefusals, OfAListAndALook) {
  const std::string none;
  check({
      {"limit zero", "GET /payments?limit=0", "", 422, "validation_failed /query/limit", none},
      {"limit too large", "GET /payments?limit=101", "", 422, "validation_failed /query/limit", none},
      {"limit a word", "GET /payments?limit=ten", "", 422, "validation_failed /query/limit", none},
      {"limit twice", "GET /payments?limit=1&limit=2", "", 422, "validation_failed /query/limit", none},
      {"limit empty", "GET /payments?limit=", "", 422, "validation_failed /query/limit", none},
      {"limit negative", "GET /payments?limit=-1", "", 422, "validation_failed /query/limit", none},
      {"limit a fraction", "GET /payments?limit=1.5", "", 422, "validation_failed /query/limit", none},
      {"limit beyond 64 bits", "GET /payments?limit=99999999999999999999", "", 422, "validation_failed /query/limit",
       none},
      {"status empty", "GET /payments?status=", "", 422, "validation_failed /query/status", none},
      {"status null", "GET /payments?status=null", "", 422, "validation_failed /query/status", none},
      {"status twice", "GET /payments?status=failed&status=failed", "", 422, "validation_failed /query/status", none},
      {"status in upper case", "GET /payments?status=FAILED", "", 422, "validation_failed /query/status", none},
      {"cursor empty", "GET /payments?cursor=", "", 422, "validation_failed /query/cursor", none},
      {"cursor too long", "GET /payments?cursor=" + std::string(513, 'a'), "", 422, "validation_failed /query/cursor",
       none},
      {"two mistakes", "GET /payments?limit=0&status=x", "", 422, "validation_failed /query/status /query/limit", none},
      {"a body of one", "GET /payments/" + captured, "{}", 422, "validation_failed ", kJson},
      {"status unknown", "GET /payments?status=paid", "", 422, "validation_failed /query/status", none},
      {"unknown parameter", "GET /payments?offset=1", "", 422, "validation_failed /query/offset", none},
      {"cursor of nobody", "GET /payments?cursor=pc1.c1.AAAA", "", 422, "validation_failed /query/cursor", none},
      {"cursor with a space", "GET /payments?cursor=a%20b", "", 422, "validation_failed /query/cursor", none},
      {"bad percent", "GET /payments?status=%zz", "", 400, "malformed_request", none},
      {"a body", "GET /payments", "{}", 422, "validation_failed ", kJson},
      {"bad id", "GET /payments/1", "", 422, "validation_failed /path/id", none},
      {"id that is no UTF-8", "GET /payments/%FF", "", 422, "validation_failed /path/id", none},
      {"id that is half a character", "GET /payments/%C3", "", 422, "validation_failed /path/id", none},
      {"id that is half a surrogate pair", "POST /payments/%ED%A0%80/capture", "", 422, "validation_failed /path/id",
       none},
      {"id in upper case", "GET /payments/01A20D11-52C4-7B1E-8A3F-6C2D9E0B4711", "", 422, "validation_failed /path/id",
       none},
      {"nobody's id", "GET /payments/" + kNobody, "", 404, "not_found", none},
      {"query of one", "GET /payments/" + captured + "?expand=1", "", 422, "validation_failed /query/expand", none},
      {"no such method", "DELETE /payments/" + captured, "", 405, "method_not_allowed", none},
      {"no such path", "GET /payments/" + captured + "/events", "", 404, "not_found", none},
  });
}

TEST_P(PaymentsRefusals, OfWhatBelongsToSomebodyElse) {
  const std::string none;
  for (const auto& table : {of_others("POST /payments/" + captured + "/refunds", R"({"amount":1})"),
                            of_others("POST /payments/" + authorized + "/capture", "{}"),
                            of_others("POST /payments/" + authorized + "/cancel", "", none),
                            of_others("GET /payments/" + captured, "", none)}) {
    const auto before = stored();
    for (const Row& row : table) {
      const auto reply = probe.ask(row.line, bearer_of(row.who) + row.fields.value_or(kJson + kKey), row.body);
      EXPECT_EQ(reply.status, row.status) << row.name << ": " << row.line;
      EXPECT_EQ(reply.complaint(), row.complaint) << row.name << ": " << row.line;
    }
    EXPECT_EQ(stored(), before);
  }
  EXPECT_EQ(probe.get("/payments/" + authorized).text("status"), "authorized");
}

TEST_P(PaymentsRefusals, OfTokensThatAreNone) {
  const auto before = stored();
  for (const char* field : {"Authorization: Bearer x\r\n", "Authorization: Bearer a.b.c\r\n"}) {
    const auto reply = probe.ask("POST /payments", field + kJson + kKey, R"({"amount":1,"currency":"EUR"})");
    EXPECT_EQ(reply.status, 401) << field;
    EXPECT_EQ(reply.complaint(), "invalid_token") << field;
  }
  const auto nobody = probe.ask("GET /payments", probe.bearer("not-a-uuid"));
  EXPECT_EQ(nobody.status, 401);
  EXPECT_EQ(stored(), before);
}

}  // namespace
}  // namespace sallyport::payments_service
