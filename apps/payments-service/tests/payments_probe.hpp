#pragma once

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sallyport/crypto/random.hpp"
#include "sallyport/crypto/signing_key.hpp"
#include "sallyport/payments_sandbox/sandbox.hpp"
#include "sallyport/payments_service/payments_service.hpp"
#include "sallyport/testing/service_client.hpp"
#include "sallyport/testing/sql_database.hpp"

namespace sallyport::payments_service {

using Engine = testing::SqlEngine;

using testing::Reply;

/// A running service with a sandbox behind it, on a database of its own, and a client for it. On PostgreSQL it has the
/// rights of the service's run role.
class Probe final {
 public:
  explicit Probe(Engine engine);
  ~Probe();

  PaymentsServiceOptions options();
  void start() { start(options()); }
  void start(PaymentsServiceOptions settings);
  void stop();

  std::string bearer(const std::string& who, const std::string& role = "user") const;
  /// One request on a connection of its own. line: "GET /payments"; fields: complete lines.
  Reply ask(const std::string& line, const std::string& fields, const std::string& body = {}) const;
  /// As the first user, with JSON and, unless it is empty, a key.
  Reply post(const std::string& path, const std::string& body, const std::string& key = {}) const;
  Reply get(const std::string& path) const;
  std::string fresh_key() { return "key-" + std::to_string(++keys_); }
  /// A payment of the first user.
  std::string made(int amount, bool capture = true);
  std::int64_t rows(const std::string& table);

  SystemClock clock;
  crypto::SecureRandom random;
  log::Logger logger{log::Logger::Options{.level = log::Level::Off}, log::Redactor{}};
  crypto::TokenKeyRing ring;
  payments_sandbox::Sandbox sandbox;
  testing::SqlDatabase database;
  std::optional<PaymentsService> service;
  const std::string user = "01a20d11-52c4-7b1e-8a3f-6c2d9e0b4711";
  const std::string stranger = "01a20d11-52c4-7b1e-8a3f-6c2d9e0b4712";

 private:
  int keys_ = 0;
};

/// Each case on each engine: INSTANTIATE_TEST_SUITE_P(Engines, X, kEngines, testing::engine_name).
class ServingTest : public ::testing::TestWithParam<Engine> {
 protected:
  ServingTest() { probe.start(); }
  Probe probe{GetParam()};
};
inline const auto kEngines = ::testing::Values(Engine::Sqlite, Engine::PostgreSql);

}  // namespace sallyport::payments_service
