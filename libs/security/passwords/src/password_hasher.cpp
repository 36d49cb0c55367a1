#include "sallyport/passwords/password_hasher.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include <argon2.h>

#include "sallyport/core/assert.hpp"
#include "sallyport/crypto/bytes.hpp"
#include "sallyport/crypto/random.hpp"
#include "work_pool.hpp"

namespace sallyport::passwords {
namespace {

/// One Argon2id calculation: a password, and the parameters, salt and length of tag of a hash.
class Calculation final {
 public:
  Calculation(Secret<std::string> password, PasswordHash hash)
      : password_(std::move(password)), hash_(std::move(hash)) {}

  void run() noexcept {
    std::string password(password_.expose());  // libargon2 takes it as writable
    argon2_context context = {};
    context.out = bytes_in(tag_);
    context.outlen = static_cast<std::uint32_t>(tag_.size());
    context.pwd = bytes_in(password);
    context.pwdlen = static_cast<std::uint32_t>(password.size());
    context.salt = bytes_in(hash_.salt);
    context.saltlen = static_cast<std::uint32_t>(hash_.salt.size());
    context.t_cost = hash_.parameters.passes;
    context.m_cost = hash_.parameters.memory_kib;
    context.lanes = hash_.parameters.lanes;
    context.threads = 1;  // the pool decides how many cores hashing gets
    context.version = ARGON2_VERSION_13;
    context.flags = ARGON2_DEFAULT_FLAGS;
    good_ = argon2id_ctx(&context) == ARGON2_OK;
    wipe(password.data(), password.size());
  }

  bool good() const noexcept { return good_; }
  bool tag_matches() const noexcept {
    return crypto::constant_time_equal(crypto::bytes_of(tag_), crypto::bytes_of(hash_.tag));
  }
  /// The hash with the tag that came out.
  std::string to_phc() {
    hash_.tag = tag_;
    return hash_.to_phc();
  }

 private:
  static std::uint8_t* bytes_in(std::string& text) noexcept { return reinterpret_cast<std::uint8_t*>(text.data()); }

  Secret<std::string> password_;
  PasswordHash hash_;
  std::string tag_ = std::string(hash_.tag.size(), '\0');
  bool good_ = false;
};

std::string random_text(std::size_t bytes) {
  return std::string(crypto::random_secret(bytes).expose());
}

std::string_view reason_of(WorkPool::Outcome outcome) noexcept {
  switch (outcome) {
    case WorkPool::Outcome::Ran:
      return "no memory for it";
    case WorkPool::Outcome::Full:
      return "its queue is full";
    case WorkPool::Outcome::Late:
      return "its turn did not come in time";
    case WorkPool::Outcome::Stopped:
      return "it stops";
    case WorkPool::Outcome::Cancelled:
      return "the wait was cancelled";
  }
  return {};
}

std::size_t threads_of(const PasswordHasher::Options& options) {
  if (options.threads > 0) return options.threads;
  return std::max(2U, std::thread::hardware_concurrency()) - 1;
}

}  // namespace

class PasswordHasher::Impl final {
 public:
  using Counter = std::atomic<std::uint64_t>;

  Impl(const Options& options, const Clock& clock)
      : options_(options), clock_(clock), pool_(threads_of(options), options.queue_max, clock) {}

  // Free of the hasher itself: a coroutine that has begun holds on to this object alone.
  static runtime::Task<Result<bool>> verify(std::shared_ptr<Impl> self, Secret<std::string> password, std::string phc,
                                            Deadline deadline) {
    auto hash = PasswordHash::parse(phc);
    if (!hash) co_return std::unexpected(std::move(hash.error()));
    auto calculation = std::make_shared<Calculation>(std::move(password), std::move(*hash));
    const auto done = co_await self->calculate(calculation, self->verified_, deadline);
    if (!done) co_return std::unexpected(done.error());
    co_return calculation->tag_matches();
  }

  static runtime::Task<Result<std::string>> hash(std::shared_ptr<Impl> self, Secret<std::string> password,
                                                 Deadline deadline) {
    auto calculation = std::make_shared<Calculation>(std::move(password), self->fresh_hash());
    const auto done = co_await self->calculate(calculation, self->hashed_, deadline);
    if (!done) co_return std::unexpected(done.error());
    co_return calculation->to_phc();
  }

  static runtime::Task<Result<bool>> burn(std::shared_ptr<Impl> self, Secret<std::string> password, Deadline deadline) {
    auto calculation = std::make_shared<Calculation>(std::move(password), self->fresh_hash());
    const auto done = co_await self->calculate(calculation, self->burned_, deadline);
    if (!done) co_return std::unexpected(done.error());
    // Compared like a real one; the tag is random, so the answer is known.
    co_return calculation->tag_matches() && false;
  }

  void stop() { pool_.stop(); }
  const Argon2Parameters& parameters() const noexcept { return options_.parameters; }
  std::size_t queued() const { return pool_.queued(); }
  Counts counts() const noexcept {
    return {.verified = verified_, .hashed = hashed_, .burned = burned_, .overloaded = overloaded_};
  }

 private:
  PasswordHash fresh_hash() const {
    return {.parameters = options_.parameters, .salt = random_text(kSaltBytes), .tag = random_text(kTagBytes)};
  }

  runtime::Task<Result<void>> calculate(std::shared_ptr<Calculation> calculation, Counter& counter, Deadline deadline) {
    const Deadline start_by = Deadline::after(clock_.now(), options_.wait_max).sooner(deadline);
    const auto outcome = co_await pool_.run(
        [calculation, &counter] {
          calculation->run();
          counter.fetch_add(1, std::memory_order_relaxed);
        },
        start_by);
    if (outcome == WorkPool::Outcome::Ran && calculation->good()) co_return Result<void>();
    overloaded_.fetch_add(1, std::memory_order_relaxed);
    co_return fail(ErrorCode::Overloaded, "password hashing: " + std::string(reason_of(outcome)), ErrorOrigin::Internal,
                   Retry::Safe);
  }

  const Options options_;
  const Clock& clock_;
  Counter verified_ = 0, hashed_ = 0, burned_ = 0, overloaded_ = 0;
  WorkPool pool_;
};

PasswordHasher::PasswordHasher(Options options, const Clock& clock) {
  const auto& [memory, passes, lanes] = options.parameters;
  SALLYPORT_ASSERT(lanes > 0 && passes > 0 && memory >= 8 * lanes);
  SALLYPORT_ASSERT(memory <= kArgon2ParametersMax.memory_kib && passes <= kArgon2ParametersMax.passes &&
                   lanes <= kArgon2ParametersMax.lanes);
  impl_ = std::make_shared<Impl>(options, clock);
}

PasswordHasher::~PasswordHasher() {
  impl_->stop();
}

runtime::Task<Result<bool>> PasswordHasher::verify(Secret<std::string> password, std::string phc, Deadline deadline) {
  return Impl::verify(impl_, std::move(password), std::move(phc), deadline);
}

runtime::Task<Result<std::string>> PasswordHasher::hash(Secret<std::string> password, Deadline deadline) {
  return Impl::hash(impl_, std::move(password), deadline);
}

runtime::Task<Result<bool>> PasswordHasher::burn(Secret<std::string> password, Deadline deadline) {
  return Impl::burn(impl_, std::move(password), deadline);
}

bool PasswordHasher::needs_rehash(std::string_view phc) const {
  const auto hash = PasswordHash::parse(phc);
  return !hash || hash->parameters != impl_->parameters() || hash->salt.size() != kSaltBytes ||
         hash->tag.size() != kTagBytes;
}

PasswordHasher::Counts PasswordHasher::counts() const noexcept {
  return impl_->counts();
}

std::size_t PasswordHasher::queued() const {
  return impl_->queued();
}

}  // namespace sallyport::passwords
