#include "processor_answer.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::payments {
namespace {

const OperationId kOperation = *OperationId::parse("01a20d11-52c4-7b1e-8a3f-6c2d9e0b4711");
constexpr const char* kHead = R"({"operation_id":"01a20d11-52c4-7b1e-8a3f-6c2d9e0b4711",)";

std::string told(const Result<Finding>& finding) {
  if (!finding) return finding.error().retry == Retry::Safe ? "not done" : "unknown";
  if (const auto* approved = std::get_if<Approved>(&*finding)) return "approved " + approved->reference;
  if (const auto* declined = std::get_if<Declined>(&*finding)) return "declined " + declined->code;
  return std::holds_alternative<NotKnown>(*finding) ? "not known" : "running";
}

TEST(ProcessorAnswer, IsReadByTheTable) {
  struct Row {
    int status;
    std::string body;
    std::string means;
  };
  const std::string head = kHead;
  const std::vector<Row> table{
      {200, head + R"("status":"succeeded","reference":"r1"})", "approved r1"},
      {201, head + R"("status":"succeeded","reference":"r1"})", "approved r1"},
      {200, head + R"("status":"declined","failure_code":"card_declined"})", "declined card_declined"},
      {200, head + R"("status":"declined","failure_code":"<b>"})", "declined declined"},
      {200, head + R"("status":"declined"})", "declined declined"},
      {200, head + R"("status":"processing"})", "running"},
      {200, head + R"("status":"succeeded"})", "unknown"},
      {200, head + R"("status":"succeeded","reference":7})", "unknown"},
      {200, head + R"("status":"SUCCEEDED","reference":"r1"})", "unknown"},
      {200, R"({"operation_id":"01a20d11-52c4-7b1e-8a3f-6c2d9e0b4712","status":"declined"})", "unknown"},
      {200, R"({"status":"declined"})", "unknown"},
      {200, "", "unknown"},
      {200, "[]", "unknown"},
      {200, head + R"("status":"declined"}x)", "unknown"},
      {204, "", "unknown"},
      {302, "", "unknown"},
      {200, head + R"("status":"succeeded","reference":"r\u00001"})", "unknown"},
      {200, head + R"("status":"succeeded","reference":"r 1"})", "unknown"},
      {200, head + R"("status":"succeeded","reference":"\u00e9"})", "unknown"},
      {404, head + R"("status":"unknown"})", "not known"},
      {404, head + R"("status":"succeeded","reference":"r1"})", "not done"},
      {404, R"({"operation_id":"01a20d11-52c4-7b1e-8a3f-6c2d9e0b4712","status":"unknown"})", "not done"},
      {404, "", "not done"},
      {400, "", "not done"},
      {401, "", "not done"},
      {422, "", "not done"},
      {429, "", "not done"},
      {408, "", "unknown"},
      {409, "", "unknown"},
      {425, "", "unknown"},
      {500, "", "unknown"},
  };
  for (const Row& row : table) {
    EXPECT_EQ(told(read_answer({row.status, row.body}, kOperation)), row.means) << row.status << " " << row.body;
  }
}

}  // namespace
}  // namespace sallyport::payments
