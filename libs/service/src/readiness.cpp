#include "readiness.hpp"

namespace sallyport::service {
namespace {
constexpr std::chrono::seconds kValid{1};
constexpr std::chrono::seconds kAnswerWithin{1};
}  // namespace

runtime::Task<Readiness::State> Readiness::look() {
  if (pool_ != nullptr && clock_.now() >= valid_until_ && !asking_) {
    asking_ = true;
    const auto answer = co_await pool_->run(Deadline::after(clock_.now(), kAnswerWithin),
                                            [](storage::SqlSession& session) { return session.query_one("SELECT 1"); });
    asking_ = false;
    database_ = answer.has_value();
    valid_until_ = clock_.now() + kValid;
  }
  State state;
  state.database = database_;
  state.redis = redis_ == nullptr ? "none" : (redis_->connected() ? "ok" : "unreachable");
  co_return state;
}

}  // namespace sallyport::service
