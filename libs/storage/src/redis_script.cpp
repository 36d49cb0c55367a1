#include "sallyport/storage/redis_script.hpp"

#include <array>
#include <utility>
#include <vector>

#include <openssl/sha.h>

#include "sallyport/storage/resp.hpp"

namespace sallyport::storage {
namespace {

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out.push_back(kHex[byte >> 4U]);
    out.push_back(kHex[byte & 15U]);
  }
  return out;
}

}  // namespace

RedisScript::RedisScript(std::string_view text) : text_(text), digest_(sha1_hex(text)) {}

runtime::Task<RedisResult<void>> RedisScript::load(RedisClient& client) const {
  const std::array<std::string_view, 3> words{"SCRIPT", "LOAD", text_};
  auto reply = co_await client.command(words);
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  const auto* digest = std::get_if<std::string>(&reply->value);
  if (digest == nullptr || *digest != digest_) {
    co_return std::unexpected(RedisError{RedisErrorKind::Protocol, "SCRIPT LOAD answered another digest"});
  }
  co_return RedisResult<void>{};
}

runtime::Task<RedisResult<RedisClient::Integers>> RedisScript::run(RedisClient& client,
                                                                   std::span<const std::string_view> keys,
                                                                   std::span<const std::string_view> arguments,
                                                                   std::size_t integers) const {
  const std::string key_count = std::to_string(keys.size());
  std::vector<std::string_view> words{"EVALSHA", digest_, key_count};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::string encoded;
  append_resp_command(encoded, words);
  for (int tried = 1;; ++tried) {
    auto reply = co_await client.command_for_integers(encoded);
    if (reply) {
      if (reply->size == integers) co_return *reply;
      co_return std::unexpected(RedisError{RedisErrorKind::Protocol, "a script answered in an unknown form"});
    }
    if (tried == kTries || !reply.error().is("NOSCRIPT")) co_return std::unexpected(std::move(reply.error()));
    if (auto loaded = co_await load(client); !loaded) co_return std::unexpected(std::move(loaded.error()));
  }
}

}  // namespace sallyport::storage
