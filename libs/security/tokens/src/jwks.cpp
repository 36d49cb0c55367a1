#include "sallyport/tokens/jwks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "sallyport/crypto/encoding.hpp"
#include "strict_json.hpp"

namespace sallyport::tokens {

namespace {

using crypto::SignatureAlgorithm;
using Value = StrictJson::Value;

constexpr StrictJson::Limits kJsonLimits{.bytes_max = kJwksBytesMax, .values_max = 4096};
constexpr std::size_t kRsaModulusMin = 256;  // bytes
// The private halves of RSA, EC and OKP keys, and a symmetric key (RFC 7518 section 6, RFC 8037 section 2).
constexpr std::array<std::string_view, 8> kPrivate{"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

std::unexpected<Error> bad_set(std::string_view why) {
  return fail(ErrorCode::BadGateway, fmt::format("JWK set: {}", why), ErrorOrigin::Upstream);
}

std::string_view to_string(JsonError error) {
  switch (error) {
    case JsonError::TooLarge:
      return "longer than 64 KiB";
    case JsonError::Syntax:
      return "not valid JSON";
    case JsonError::DuplicateName:
      return "a name twice in one object";
    case JsonError::TooManyValues:
      return "too many values";
  }
  return "not valid JSON";
}

/// One JWK of a document.
class Jwk final {
 public:
  Jwk(const StrictJson& document, const Value& value) : document_(document), value_(value) {}

  const Value* member(std::string_view name) const { return document_.find(value_, name); }
  bool is(std::string_view name, std::string_view expected) const {
    const Value* const value = member(name);
    return value != nullptr && value->kind == JsonKind::String && value->text == expected;
  }
  bool absent_or(std::string_view name, std::string_view expected) const {
    return member(name) == nullptr || is(name, expected);
  }
  std::optional<std::string> bytes(std::string_view name) const {
    const Value* const value = member(name);
    if (value == nullptr || value->kind != JsonKind::String) return std::nullopt;
    return crypto::base64url_decode(value->text);
  }
  bool has_private_member() const {
    return std::ranges::any_of(kPrivate, [this](std::string_view name) { return member(name) != nullptr; });
  }
  bool may_verify() const {
    if (!absent_or("use", "sig")) return false;
    const Value* const operations = member("key_ops");
    if (operations == nullptr) return true;
    for (const Value* one = document_.first(*operations); one != nullptr; one = document_.next(*operations, *one)) {
      if (one->kind == JsonKind::String && one->text == "verify") return true;
    }
    return false;
  }
  /// What the key is for by its kind, curve and `alg`; nullopt: nothing that we do.
  std::optional<SignatureAlgorithm> algorithm() const {
    if (is("kty", "OKP") && is("crv", "Ed25519") && absent_or("alg", "EdDSA")) return SignatureAlgorithm::EdDSA;
    if (is("kty", "EC") && is("crv", "P-256") && absent_or("alg", "ES256")) return SignatureAlgorithm::ES256;
    if (is("kty", "RSA") && absent_or("alg", "RS256")) return SignatureAlgorithm::RS256;
    return std::nullopt;
  }

 private:
  const StrictJson& document_;
  const Value& value_;
};

using MaybeKey = Result<std::optional<VerificationKey>>;

MaybeKey named(std::string kid, Result<crypto::PublicKey> key, std::initializer_list<std::string_view> pieces) {
  if (!key) return bad_set(key.error().detail);
  const SignatureAlgorithm algorithm = key->algorithm();
  return VerificationKey{std::move(kid), *std::move(key), fingerprint_of(algorithm, pieces)};
}

MaybeKey read_material(const Jwk& jwk, SignatureAlgorithm algorithm, std::string kid) {
  if (algorithm == SignatureAlgorithm::RS256) {
    const auto n = jwk.bytes("n");
    const auto e = jwk.bytes("e");
    if (!n || !e) return bad_set("an RSA key without a proper n and e");
    if (n->size() < kRsaModulusMin) return std::nullopt;
    return named(std::move(kid), crypto::PublicKey::rsa(crypto::bytes_of(*n), crypto::bytes_of(*e)), {*n, *e});
  }
  const auto x = jwk.bytes("x");
  if (!x) return bad_set("a key without a proper x");
  if (algorithm == SignatureAlgorithm::EdDSA) {
    return named(std::move(kid), crypto::PublicKey::ed25519(crypto::bytes_of(*x)), {*x, {}});
  }
  const auto y = jwk.bytes("y");
  if (!y) return bad_set("an EC key without a proper y");
  return named(std::move(kid), crypto::PublicKey::p256(crypto::bytes_of(*x), crypto::bytes_of(*y)), {*x, *y});
}

MaybeKey read_key(const Jwk& jwk) {
  const Value* const kty = jwk.member("kty");
  if (kty == nullptr || kty->kind != JsonKind::String) return bad_set("a key without kty");
  if (jwk.has_private_member()) return bad_set("a key with private members");
  const auto algorithm = jwk.algorithm();
  const Value* const kid = jwk.member("kid");
  if (kid != nullptr && kid->kind != JsonKind::String) return bad_set("a kid that is not a string");
  if (!algorithm || kid == nullptr || !jwk.may_verify()) return std::nullopt;
  return read_material(jwk, *algorithm, std::string(kid->text));
}

}  // namespace

std::string render_jwks(const crypto::TokenKeyRing& ring) {
  std::string out = R"({"keys":[)";
  for (const crypto::TokenKey& entry : ring.keys()) {
    const crypto::PublicKey& key = entry.key.public_key();
    const std::string x = crypto::base64url_encode(crypto::bytes_of(key.x()));
    if (out.back() == '}') out += ',';
    out += '{';
    if (key.algorithm() == SignatureAlgorithm::EdDSA) {
      out += fmt::format(R"("kty":"OKP","crv":"Ed25519","x":"{}")", x);
    } else {
      out += fmt::format(R"("kty":"EC","crv":"P-256","x":"{}","y":"{}")", x,
                         crypto::base64url_encode(crypto::bytes_of(key.y())));
    }
    out += fmt::format(R"(,"use":"sig","alg":"{}","kid":"{}"}})", crypto::name_of(key.algorithm()), entry.kid);
  }
  return out + "]}";
}

Result<std::shared_ptr<const KeySet>> parse_jwks(std::string_view text) {
  const auto document = StrictJson::parse(text, kJsonLimits);
  if (!document) return bad_set(to_string(document.error()));
  const Value* const list = document->find(document->root(), "keys");
  if (list == nullptr || list->kind != JsonKind::Array) return bad_set("no array of keys");
  std::vector<VerificationKey> keys;
  std::size_t seen = 0;
  for (const Value* item = document->first(*list); item != nullptr; item = document->next(*list, *item)) {
    if (++seen > kKeysMax) return bad_set("more than 64 keys");
    if (item->kind != JsonKind::Object) return bad_set("a key that is not an object");
    auto key = read_key(Jwk(*document, *item));
    if (!key) return std::unexpected(std::move(key.error()));
    if (*key) keys.push_back(**std::move(key));
  }
  auto set = KeySet::make(std::move(keys));
  if (!set) return bad_set(set.error().detail);
  return set;
}

}  // namespace sallyport::tokens
