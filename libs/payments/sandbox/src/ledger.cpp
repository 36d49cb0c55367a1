#include "ledger.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>

#include <fmt/format.h>

namespace sallyport::payments_sandbox {
namespace {

/// The last two digits of a magic amount; 0: it is none.
int magic_of(const Task& task) noexcept {
  if (task.kind == Task::Kind::Void || task.amount < 10000 || task.amount > 19999) return 0;
  return static_cast<int>(task.amount % 100);
}

std::string_view decline_of(const Task& task) noexcept {
  switch (magic_of(task)) {
    case 1:
      return "card_declined";
    case 2:
      return "insufficient_funds";
    case 3:
      return "expired_card";
    default:
      return {};
  }
}

}  // namespace

Mood mood_of(const Task& task) noexcept {
  switch (magic_of(task)) {
    case 4:
      return Mood::Error;
    case 5:
      return Mood::ErrorDone;
    case 6:
      return Mood::SilentDone;
    case 7:
      return Mood::Silent;
    case 8:
      return Mood::Slow;
    case 9:
      return Mood::Unavailable;
    default:
      return Mood::Plain;
  }
}

Ledger::Ledger(const std::string& journal) {
  if (journal.empty()) return;
  replay(journal);
  const int fd = ::open(journal.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  journal_.reset(fd < 0 ? nullptr : ::fdopen(fd, "a"));
  if (journal_ == nullptr) throw std::runtime_error("cannot write " + journal);
}

/// A line is "KIND AMOUNT AUTHORIZATION OPERATION", where "-" is no authorization. One that was cut short is left out.
void Ledger::replay(const std::string& journal) {
  std::ifstream file(journal);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    int kind = 0;
    Task task;
    words >> kind >> task.amount >> task.authorization >> std::ws;
    std::getline(words, task.operation);
    if (words.fail() || kind < 0 || kind > static_cast<int>(Task::Kind::Refund)) continue;
    task.kind = static_cast<Task::Kind>(kind);
    carry_out(task);
  }
}

std::optional<Entry> Ledger::carry_out(const Task& task) {
  const std::lock_guard lock(mutex_);
  if (const auto done = operations_.find(task.operation); done != operations_.end()) return done->second;
  const bool opens = task.kind == Task::Kind::Authorize || task.kind == Task::Kind::Charge;
  const std::string reference = opens ? task.operation : task.authorization;
  if (!opens && !accounts_.contains(reference)) return std::nullopt;
  Entry entry{.approved = false, .reference = reference, .failure_code = std::string(decline_of(task))};
  if (entry.failure_code.empty()) entry = decide(task, accounts_[reference]);
  entry.reference = reference;
  operations_.emplace(task.operation, entry);
  if (journal_ != nullptr) {
    fmt::print(journal_.get(), "{} {} {} {}\n", static_cast<int>(task.kind), task.amount,
               task.authorization.empty() ? "-" : task.authorization, task.operation);
    std::fflush(journal_.get());
  }
  return entry;
}

Entry Ledger::decide(const Task& task, SandboxAccount& account) {
  const Entry approved{.approved = true, .reference = {}, .failure_code = {}};
  const Entry refused{.approved = false, .reference = {}, .failure_code = "amount_too_large"};
  switch (task.kind) {
    case Task::Kind::Authorize:
      account.authorized = task.amount;
      return approved;
    case Task::Kind::Charge:
      account.authorized = account.captured = task.amount;
      return approved;
    case Task::Kind::Capture:
      if (account.voided || account.captured > 0 || task.amount > account.authorized) return refused;
      account.captured = task.amount;
      return approved;
    case Task::Kind::Void:
      if (account.captured > 0) return Entry{.approved = false, .reference = {}, .failure_code = "already_captured"};
      account.voided = true;
      return approved;
    case Task::Kind::Refund:
      break;
  }
  if (task.amount > account.captured - account.refunded) return refused;
  account.refunded += task.amount;
  return approved;
}

std::optional<Entry> Ledger::find(const std::string& operation) const {
  const std::lock_guard lock(mutex_);
  const auto found = operations_.find(operation);
  return found != operations_.end() ? std::optional(found->second) : std::nullopt;
}

std::optional<SandboxAccount> Ledger::account(std::string_view reference) const {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(reference);
  return found != accounts_.end() ? std::optional(found->second) : std::nullopt;
}

std::size_t Ledger::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_.size();
}

}  // namespace sallyport::payments_sandbox
