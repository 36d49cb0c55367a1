#pragma once

#include <span>

#include "redis_command.hpp"
#include "sallyport/rate_limit/store.hpp"

namespace sallyport::rate_limit {

/// Which script decides a set of charges.
enum class AcquireScript : std::uint8_t { FixedOne, Fixed, Acquire };

AcquireScript choose_script(std::span<const Charge> charges) noexcept;
/// Writes keys and arguments of the chosen script.
void write_arguments(CommandWriter& out, AcquireScript script, std::span<const Charge> charges);
/// How many words that is, and how many integers the script answers.
std::size_t argument_words(AcquireScript script, std::size_t charges) noexcept;
std::size_t reply_integers(AcquireScript script, std::size_t charges) noexcept;
/// reply: exactly reply_integers() long.
Decision read_decision(AcquireScript script, std::span<const Charge> charges, std::span<const std::int64_t> reply);

/// The same for look.lua, which takes every kind of charge; what: "look" or "forget".
void write_look(CommandWriter& out, std::span<const Charge> charges, std::string_view what);
std::size_t look_words(std::size_t charges) noexcept;
std::size_t look_integers(std::size_t charges) noexcept;
Decision read_look(std::span<const Charge> charges, std::span<const std::int64_t> reply);

}  // namespace sallyport::rate_limit
