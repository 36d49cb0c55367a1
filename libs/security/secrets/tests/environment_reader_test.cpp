#include "sallyport/secrets/environment_reader.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_environment.hpp"

namespace sallyport::secrets {
namespace {

using ::testing::ElementsAre;
using testing::FakeEnvironment;
using ::testing::IsEmpty;
using testing::texts_of;

TEST(EnvironmentReader, TakesTheVariableOrTheFile) {
  FakeEnvironment environment;
  environment.variables = {{"A", "direct"}, {"B_FILE", "/run/b"}};
  environment.files = {{"/run/b", {"mounted"}}};
  EnvironmentReader reader(environment);
  EXPECT_EQ(reader.required("A")->expose(), "direct");
  EXPECT_EQ(reader.required("B")->expose(), "mounted");
  EXPECT_TRUE(reader.is_set("A"));
  EXPECT_TRUE(reader.is_set("B"));
  EXPECT_FALSE(reader.is_set("C"));
  EXPECT_FALSE(reader.optional("C"));
  EXPECT_THAT(texts_of(reader.problems()), IsEmpty());
  EXPECT_THAT(texts_of(reader.warnings()), IsEmpty());
}

TEST(EnvironmentReader, CutsOnlyTheLineEndsAtTheEnd) {
  FakeEnvironment environment;
  environment.variables = {{"A_FILE", "/run/a"}};
  EnvironmentReader reader(environment);
  for (const auto* text : {"value ", "value \n", "value \r\n", "value \n\n"}) {
    environment.files = {{"/run/a", {text}}};
    EXPECT_EQ(reader.required("A")->expose(), "value ");
  }
  EXPECT_THAT(texts_of(reader.problems()), IsEmpty());
}

TEST(EnvironmentReader, ReportsEveryProblemAndNoValue) {
  FakeEnvironment environment;
  environment.variables = {{"BOTH", "hunter2"},
                           {"BOTH_FILE", "/run/hunter2"},
                           {"EMPTY", ""},
                           {"BIG", std::string(65537, 'h')},
                           {"LINES", "hunter2\nhunter3"},
                           {"DEL", "hunter2\x7f"},
                           {"GONE_FILE", "/run/hunter2"},
                           {"NOPATH_FILE", ""},
                           {"BLANK_FILE", "/run/blank"},
                           {"LINES2_FILE", "/run/lines"}};
  environment.files = {{"/run/blank", {"\r\n\n"}}, {"/run/lines", {"hunter2\nhunter3\n"}}};
  EnvironmentReader reader(environment);
  for (const auto* name : {"MISSING", "BOTH", "EMPTY", "BIG", "LINES", "DEL", "GONE", "NOPATH", "BLANK", "LINES2"})
    EXPECT_FALSE(reader.required(name)) << name;
  EXPECT_THAT(
      texts_of(reader.problems()),
      ElementsAre("MISSING is not set", "BOTH and BOTH_FILE are both set; set one of them", "EMPTY is empty",
                  "BIG is larger than 65536 bytes", "LINES holds control characters or more than one line",
                  "DEL holds control characters or more than one line",
                  "GONE_FILE names a file that cannot be used: No such file or directory", "NOPATH_FILE is empty",
                  "BLANK_FILE names an empty file", "LINES2_FILE holds control characters or more than one line"));
}

TEST(EnvironmentReader, TakesTheLargestValue) {
  FakeEnvironment environment;
  environment.variables = {{"A", std::string(65536, 'h')}};
  EnvironmentReader reader(environment);
  EXPECT_TRUE(reader.required("A"));
}

TEST(EnvironmentReader, WarnsOfAFileForEverybody) {
  FakeEnvironment environment;
  environment.variables = {{"A_FILE", "/run/a"}};
  environment.files = {{"/run/a", {"value", true}}};
  EnvironmentReader reader(environment);
  EXPECT_TRUE(reader.required("A"));
  EXPECT_THAT(texts_of(reader.problems()), IsEmpty());
  EXPECT_THAT(texts_of(reader.warnings()), ElementsAre("A_FILE names a file that every user of this machine may read"));
}

}  // namespace
}  // namespace sallyport::secrets
