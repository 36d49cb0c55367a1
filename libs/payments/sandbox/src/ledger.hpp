#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/payments_sandbox/sandbox.hpp"

namespace sallyport::payments_sandbox {

/// How a request with a magic amount is answered.
enum class Mood : std::uint8_t { Plain, Error, ErrorDone, Silent, SilentDone, Slow, Unavailable };

struct Task {
  enum class Kind : std::uint8_t { Authorize, Charge, Capture, Void, Refund };
  Kind kind = Kind::Authorize;
  std::string operation;
  std::string authorization;  ///< not for Authorize and Charge
  std::int64_t amount = 0;    ///< not for Void
};

struct Entry {
  bool approved = false;
  std::string reference;     ///< of the authorization
  std::string failure_code;  ///< of what was declined
};

Mood mood_of(const Task& task) noexcept;

/// What has been done so far. Thread-safe.
class Ledger final {
 public:
  /// What SandboxOptions::journal says has been done, and that is where it is written down. std::runtime_error: the
  /// file cannot be used.
  explicit Ledger(const std::string& journal);

  /// Does it, unless it was done before; nullopt: there is no such authorization.
  std::optional<Entry> carry_out(const Task& task);
  std::optional<Entry> find(const std::string& operation) const;
  std::optional<SandboxAccount> account(std::string_view reference) const;
  std::size_t operations() const;

 private:
  Entry decide(const Task& task, SandboxAccount& account);
  void replay(const std::string& journal);

  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> journal_;  ///< null: none is kept
  mutable std::mutex mutex_;
  std::map<std::string, Entry> operations_;
  std::map<std::string, SandboxAccount, std::less<>> accounts_;
};

}  // namespace sallyport::payments_sandbox
