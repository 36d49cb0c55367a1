#include "sallyport/payments/payment.hpp"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "sallyport/crypto/random.hpp"
#include "sallyport/payments/idempotency.hpp"
#include "sallyport/payments/json.hpp"

namespace sallyport::payments {
namespace {

using enum PaymentStatus;
using enum OperationKind;

Payment payment_in(PaymentStatus status, std::int64_t captured = 0, std::int64_t refunded = 0) {
  return Payment{.id = *PaymentId::parse("01a20d11-52c4-7b1e-8a3f-6c2d9e0b4711"),
                 .user = *UserId::parse("01a20d11-52c4-7b1e-8a3f-6c2d9e0b4712"),
                 .amount = *Money::of(1000, *Currency::parse("EUR")),
                 .status = status,
                 .captured = captured,
                 .refunded = refunded,
                 .failure_code = {},
                 .description = {},
                 .reference = {},
                 .metadata = "{}",
                 .created_at = Timestamp(std::chrono::microseconds(1'709'164'800'500'000)),
                 .updated_at = Timestamp(std::chrono::microseconds(1'767'225'599'000'001)),
                 .authorization = {}};
}

TEST(PaymentState, AllowsWhatTheTableSays) {
  struct Row {
    PaymentStatus status;
    bool capture, cancel, refund;
  };
  const std::vector<Row> table{{Processing, false, false, false}, {Authorized, true, true, false},
                               {Captured, false, false, true},    {PartiallyRefunded, false, false, true},
                               {Refunded, false, false, false},   {Canceled, false, false, false},
                               {Failed, false, false, false}};
  for (const Row& row : table) {
    EXPECT_EQ(allows(row.status, PaymentAction::Capture), row.capture) << name_of(row.status);
    EXPECT_EQ(allows(row.status, PaymentAction::Cancel), row.cancel) << name_of(row.status);
    EXPECT_EQ(allows(row.status, PaymentAction::Refund), row.refund) << name_of(row.status);
  }
}

TEST(PaymentState, MovesAsTheTableSays) {
  struct Row {
    const char* name;
    Payment before;
    OperationKind kind;
    std::int64_t amount;
    Ending ending;
    Standing after;
  };
  const std::vector<Row> table{
      {"authorized", payment_in(Processing), Authorize, 1000, Ending::Approved, {Authorized, 0, 0}},
      {"authorization declined", payment_in(Processing), Authorize, 1000, Ending::Declined, {Failed, 0, 0}},
      {"charged", payment_in(Processing), Charge, 1000, Ending::Approved, {Captured, 1000, 0}},
      {"charge declined", payment_in(Processing), Charge, 1000, Ending::Declined, {Failed, 0, 0}},
      {"captured whole", payment_in(Processing), Capture, 1000, Ending::Approved, {Captured, 1000, 0}},
      {"captured in part", payment_in(Processing), Capture, 400, Ending::Approved, {Captured, 400, 0}},
      {"capture declined", payment_in(Processing), Capture, 400, Ending::Declined, {Authorized, 0, 0}},
      {"canceled", payment_in(Processing), Void, 1000, Ending::Approved, {Canceled, 0, 0}},
      {"cancellation declined", payment_in(Processing), Void, 1000, Ending::Declined, {Authorized, 0, 0}},
      {"refunded in part",
       payment_in(Captured, 400),
       OperationKind::Refund,
       399,
       Ending::Approved,
       {PartiallyRefunded, 400, 399}},
      {"refunded the rest",
       payment_in(PartiallyRefunded, 400, 399),
       OperationKind::Refund,
       1,
       Ending::Approved,
       {Refunded, 400, 400}},
      {"refund declined",
       payment_in(PartiallyRefunded, 400, 100),
       OperationKind::Refund,
       1,
       Ending::Declined,
       {PartiallyRefunded, 400, 100}},
  };
  for (const Row& row : table) {
    EXPECT_EQ(after(row.before, row.kind, row.amount, row.ending), row.after) << row.name;
  }
}

TEST(PaymentState, HasNoMoveThatTakesMoreThanThereIs) {
  EXPECT_FALSE(after(payment_in(Processing), Capture, 1001, Ending::Approved));
  EXPECT_FALSE(after(payment_in(Captured, 400), OperationKind::Refund, 401, Ending::Approved));
  EXPECT_FALSE(after(payment_in(Captured, 400, 1), OperationKind::Refund, std::numeric_limits<std::int64_t>::max(),
                     Ending::Approved));
  EXPECT_FALSE(after(payment_in(Captured, 400), OperationKind::Refund, -1, Ending::Approved));
}

TEST(PaymentNames, ReadBackWhatTheyWrite) {
  for (int i = 0; i <= static_cast<int>(Failed); ++i) {
    const auto status = static_cast<PaymentStatus>(i);
    EXPECT_EQ(parse_payment_status(name_of(status)), status);
  }
  for (int i = 0; i <= static_cast<int>(OperationKind::Refund); ++i) {
    const auto kind = static_cast<OperationKind>(i);
    EXPECT_EQ(parse_operation_kind(name_of(kind)), kind);
  }
  EXPECT_FALSE(parse_payment_status("Captured"));
  EXPECT_FALSE(parse_payment_status(""));
}

TEST(PaymentJson, IsWhatTheContractSays) {
  Payment payment = payment_in(Captured, 1000);
  payment.description = "Two \"tickets\"\n";
  payment.metadata = object_of({{"seat", "14C"}, {"a\"b", "\x01"}});
  EXPECT_EQ(to_json(payment),
            R"({"id":"01a20d11-52c4-7b1e-8a3f-6c2d9e0b4711","amount":1000,"currency":"EUR","status":"captured",)"
            R"("captured_amount":1000,"refunded_amount":0,"failure_code":null,"description":"Two \"tickets\"\n",)"
            R"("reference":null,"metadata":{"seat":"14C","a\"b":"\u0001"},"created_at":"2024-02-29T00:00:00.500000Z",)"
            R"("updated_at":"2025-12-31T23:59:59.000001Z"})");
}

TEST(IdempotencyKey, IsVisibleAsciiOfABoundedLength) {
  EXPECT_TRUE(valid_idempotency_key("a"));
  EXPECT_TRUE(valid_idempotency_key(std::string(255, 'k')));
  EXPECT_FALSE(valid_idempotency_key(""));
  EXPECT_FALSE(valid_idempotency_key(std::string(256, 'k')));
  for (const char* key : {"a b", "a\tb", "\x7f", "\xc3\xa4"}) EXPECT_FALSE(valid_idempotency_key(key)) << key;
}

TEST(IdempotencyKey, HashesTheBody) {
  EXPECT_EQ(body_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace sallyport::payments
