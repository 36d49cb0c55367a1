#include "sallyport/payments/http_processor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "sallyport/crypto/random.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/payments_sandbox/sandbox.hpp"
#include "sallyport/testing/run_task.hpp"
#include "sallyport/testing/tcp_gate.hpp"
#include "sallyport/testing/temporary_folder.hpp"

namespace sallyport::payments {
namespace {

using namespace std::chrono_literals;
using payments_sandbox::Sandbox;

constexpr const char* kKey = "sandbox-key-4711-sandbox-key-4711";

class HttpProcessor : public ::testing::Test {
 protected:
  HttpProcessor() { reset({}); }
  ~HttpProcessor() override { processor_.reset(); }

  /// A client of the port, with the options that matter to the test.
  void reset(HttpProcessorOptions options, std::uint16_t port = 0, const std::string& key = kKey) {
    options.url = *ProcessorUrl::parse("http://127.0.0.1:" + std::to_string(port != 0 ? port : sandbox_.port()));
    options.api_key = Secret<std::string>(key);
    processor_.emplace(loop_.get_executor(), clock_, random_, logger_, std::move(options));
  }
  Deadline soon(std::chrono::milliseconds time = 10s) const { return Deadline::after(clock_.now(), time); }
  OperationId fresh() { return OperationId::make(clock_.wall_now(), random_); }
  static Money euros(std::int64_t minor) { return *Money::of(minor, *Currency::parse("EUR")); }

  template <class Make>
  auto run(Make make) {
    using R = typename decltype(make())::value_type;
    std::optional<R> out;
    testing::run_task_on(loop_, [&](runtime::Executor) { return keep(make(), out); });
    return *std::move(out);
  }
  template <class R>
  static runtime::Task<> keep(runtime::Task<R> task, std::optional<R>& out) {
    out.emplace(co_await std::move(task));
  }

  Result<Verdict> authorize(OperationId id, std::int64_t minor, CaptureMode mode = CaptureMode::AtOnce,
                            std::chrono::milliseconds time = 10s) {
    return run([&] { return processor_->authorize(id, euros(minor), mode, soon(time)); });
  }
  Result<Finding> find(OperationId id) {
    return run([&] { return processor_->find(id, soon()); });
  }
  std::string log_text() {
    logger_.flush();
    std::ifstream file(folder_.file("log"), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  SystemClock clock_;
  crypto::SecureRandom random_;
  testing::TemporaryFolder folder_;
  struct LogFile {
    explicit LogFile(int opened) : fd(opened) {}
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;
    ~LogFile() { ::close(fd); }
    int fd;
  } log_fd_{::open(folder_.file("log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)};
  log::Logger logger_{log::Logger::Options{.fd = log_fd_.fd}, log::Redactor()};
  Sandbox sandbox_{{.api_key = Secret<std::string>(kKey), .slow = 20ms}, logger_};
  asio::io_context loop_{1};
  asio::executor_work_guard<runtime::Executor> awake_{loop_.get_executor()};
  std::optional<HttpPaymentProcessor> processor_;
};

TEST_F(HttpProcessor, TakesAPaymentFromAuthorizationToRefund) {
  const auto id = fresh();
  const auto authorized = authorize(id, 5000, CaptureMode::Later);
  ASSERT_TRUE(authorized) << authorized.error().detail;
  const std::string reference = std::get<Approved>(*authorized).reference;
  const auto captured = run([&] { return processor_->capture(fresh(), reference, euros(4000), soon()); });
  ASSERT_TRUE(captured && std::holds_alternative<Approved>(*captured));
  const auto refunded = run([&] { return processor_->refund(fresh(), reference, euros(1000), soon()); });
  ASSERT_TRUE(refunded && std::holds_alternative<Approved>(*refunded));
  const auto voided = run([&] { return processor_->void_authorization(fresh(), reference, soon()); });
  ASSERT_TRUE(voided);
  EXPECT_EQ(std::get<Declined>(*voided).code, "already_captured");
  const auto account = sandbox_.account(reference);
  ASSERT_TRUE(account);
  EXPECT_EQ(account->captured, 4000);
  EXPECT_EQ(account->refunded, 1000);
}

TEST_F(HttpProcessor, DoesAnOperationOnceHoweverOftenItIsSent) {
  const auto id = fresh();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(authorize(id, 5000));
  EXPECT_EQ(sandbox_.operations(), 1U);
  EXPECT_EQ(sandbox_.requests(), 3U);
}

TEST_F(HttpProcessor, TellsDeclinesByTheirCodes) {
  for (const auto& [amount, code] :
       {std::pair(10001, "card_declined"), std::pair(15502, "insufficient_funds"), std::pair(19903, "expired_card")}) {
    const auto verdict = authorize(fresh(), amount);
    ASSERT_TRUE(verdict);
    EXPECT_EQ(std::get<Declined>(*verdict).code, code);
  }
}

TEST_F(HttpProcessor, DoesNotRepeatA500AndCanAskForItsOutcome) {
  const auto not_done = fresh(), done = fresh();
  for (const auto& [id, amount] : {std::pair(not_done, 10004), std::pair(done, 10005)}) {
    const auto verdict = authorize(id, amount);
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().retry, Retry::Never);
  }
  EXPECT_EQ(sandbox_.requests(), 2U);
  EXPECT_TRUE(std::holds_alternative<NotKnown>(find(not_done).value()));
  EXPECT_TRUE(std::holds_alternative<Approved>(find(done).value()));
}

TEST_F(HttpProcessor, GivesUpOnASilentProcessorAndLeavesTheOutcomeOpen) {
  reset({.try_timeout = 60ms});
  const auto id = fresh();
  const auto verdict = authorize(id, 10006);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, ErrorCode::GatewayTimeout);
  EXPECT_EQ(verdict.error().retry, Retry::Never);
  EXPECT_EQ(sandbox_.requests(), 2U);
  EXPECT_EQ(sandbox_.operations(), 1U);
  EXPECT_TRUE(std::holds_alternative<Approved>(find(id).value()));
}

TEST_F(HttpProcessor, EndsByItsDeadlineWhateverItsTriesMayTake) {
  const auto begun = clock_.now();
  ASSERT_FALSE(authorize(fresh(), 10007, CaptureMode::AtOnce, 100ms));
  EXPECT_LT(clock_.now() - begun, 2s);
}

TEST_F(HttpProcessor, WaitsForASlowOne) {
  const auto verdict = authorize(fresh(), 10008);
  ASSERT_TRUE(verdict);
  EXPECT_TRUE(std::holds_alternative<Approved>(*verdict));
}

TEST_F(HttpProcessor, RepeatsA503) {
  const auto verdict = authorize(fresh(), 10009);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().retry, Retry::Never);
  EXPECT_EQ(sandbox_.requests(), 2U);
}

TEST_F(HttpProcessor, RepeatsOnAFreshConnectionWhenOneBreaks) {
  testing::TcpGate gate(sandbox_.port());
  reset({}, gate.port());
  ASSERT_TRUE(authorize(fresh(), 5000));
  gate.drop_all();
  const auto verdict = authorize(fresh(), 5000);
  ASSERT_TRUE(verdict) << verdict.error().detail;
}

TEST_F(HttpProcessor, SaysThatNothingHappenedWhenItWasNotReached) {
  testing::TcpGate gate(sandbox_.port());
  reset({}, gate.port());
  gate.refuse();
  const auto verdict = authorize(fresh(), 5000);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().retry, Retry::Safe);
  EXPECT_EQ(sandbox_.requests(), 0U);
}

TEST_F(HttpProcessor, StopsCallingOneThatIsDownAndComesBack) {
  testing::TcpGate gate(sandbox_.port());
  reset({.breaker = {.failures = 3, .open_min = 50ms, .open_max = 100ms}}, gate.port());
  gate.refuse();
  EXPECT_FALSE(processor_->closed());
  for (int i = 0; i < 2; ++i) ASSERT_FALSE(authorize(fresh(), 5000));
  ASSERT_TRUE(processor_->closed());
  const auto refused = authorize(fresh(), 5000);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::CircuitOpen);
  EXPECT_EQ(refused.error().retry, Retry::Safe);
  gate.forward();
  const auto end = clock_.now() + 10s;
  bool back = false;
  while (!back && clock_.now() < end) back = authorize(fresh(), 5000).has_value();
  EXPECT_TRUE(back);
  EXPECT_NE(log_text().find("processor_opened"), std::string::npos);
  EXPECT_NE(log_text().find("processor_closed"), std::string::npos);
}

TEST_F(HttpProcessor, WithAWrongKeyDoesNothingAndLogsNoKey) {
  reset({}, 0, "another-key-0815-another-key-0815");
  const auto verdict = authorize(fresh(), 5000);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().retry, Retry::Safe);
  EXPECT_EQ(verdict.error().detail.find("0815"), std::string::npos);
  EXPECT_EQ(sandbox_.operations(), 0U);
  EXPECT_EQ(log_text().find("0815"), std::string::npos);
}

/// A server that answers as it is told: connection by connection, request by request. "": it closes instead.
class Script final {
 public:
  explicit Script(std::vector<std::vector<std::string>> connections)
      : acceptor_(io_, {asio::ip::make_address("127.0.0.1"), 0}),
        port_(acceptor_.local_endpoint().port()),
        thread_([this, all = std::move(connections)] {
          for (const auto& answers : all) serve(answers);
        }) {}
  ~Script() { thread_.join(); }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  std::uint16_t port() const noexcept { return port_; }

 private:
  void serve(const std::vector<std::string>& answers) {
    asio::ip::tcp::socket socket(io_);
    acceptor_.accept(socket);
    std::string request;
    for (const std::string& answer : answers) {
      ErrorCodeSys ec;
      const auto head = asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n", ec);
      const auto field = request.find("Content-Length: ");
      const std::size_t body = field < head ? std::stoul(request.substr(field + 16)) : 0;
      const std::size_t whole = head + body;
      if (request.size() < whole) {
        asio::read(socket, asio::dynamic_buffer(request), asio::transfer_exactly(whole - request.size()), ec);
      }
      request.erase(0, whole);
      if (answer.empty()) return;
      asio::write(socket, asio::buffer(answer), ec);
    }
  }

  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_;
  std::thread thread_;
};

std::string answer_of(int status, const std::string& body = {}) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

std::string approval_of(OperationId id) {
  return answer_of(200, R"({"operation_id":")" + id.to_string() + R"(","status":"succeeded","reference":"r1"})");
}

TEST_F(HttpProcessor, LeavesTheOutcomeOpenWhenARefusalFollowsABrokenConnection) {
  for (const int status : {404, 429}) {
    // The second request is read on the kept connection, which then breaks: it may have been done.
    const auto first = fresh();
    Script script({{approval_of(first), ""}, {answer_of(status)}});
    reset({}, script.port());
    ASSERT_TRUE(authorize(first, 5000));
    const auto verdict = authorize(fresh(), 5000);
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().retry, Retry::Never) << status;
  }
}

TEST_F(HttpProcessor, LeavesTheOutcomeOpenWhenARefusalFollowsABrokenTry) {
  for (const int status : {404, 429}) {
    Script script({{answer_of(503), answer_of(status)}});
    reset({}, script.port());
    const auto verdict = authorize(fresh(), 5000);
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().retry, Retry::Never) << status;
  }
}

TEST_F(HttpProcessor, DoesNotTakeJustAny404ForTheNewsThatNothingHappened) {
  const auto id = fresh();
  const std::string unknown = R"({"operation_id":")" + id.to_string() + R"(","status":"unknown"})";
  Script script({{answer_of(404), answer_of(404, "<h1>no such host</h1>"), answer_of(404, unknown)}});
  reset({}, script.port());
  EXPECT_FALSE(find(id)) << "a proxy on the way says it as easily as the processor";
  EXPECT_FALSE(find(id));
  const auto known = find(id);
  ASSERT_TRUE(known);
  EXPECT_TRUE(std::holds_alternative<NotKnown>(*known));
}

TEST_F(HttpProcessor, SendsNoReferenceThatCouldChangeThePath) {
  for (const char* reference : {"", "a/b", "../x", "a b", "a\r\nX: y", "a?b"}) {
    const auto verdict = run([&] { return processor_->capture(fresh(), reference, euros(1), soon()); });
    ASSERT_FALSE(verdict) << reference;
    EXPECT_EQ(verdict.error().retry, Retry::Safe);
  }
  EXPECT_EQ(sandbox_.requests(), 0U);
}

TEST(ProcessorUrl, TakesAddressesOverPlainHttp) {
  const auto url = ProcessorUrl::parse("http://127.0.0.1:8090/api/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "127.0.0.1");
  EXPECT_EQ(url->port, 8090);
  EXPECT_EQ(url->base, "/api");
  EXPECT_EQ(ProcessorUrl::parse("http://[::1]:80")->host, "::1");
  EXPECT_EQ(ProcessorUrl::parse("http://localhost")->port, 80);
}

TEST(ProcessorUrl, RefusesTheRestWithoutRepeatingIt) {
  for (const char* text : {"", "https://127.0.0.1", "ftp://127.0.0.1", "http://", "http://user:pass@127.0.0.1",
                           "http://example.com", "http://127.0.0.1/a b", "http://127.0.0.1/a?b", "127.0.0.1"}) {
    const auto url = ProcessorUrl::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().detail.find("pass"), std::string::npos);
  }
}

}  // namespace
}  // namespace sallyport::payments
