#include "sallyport/secrets/environment.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "sallyport/testing/temporary_folder.hpp"

namespace sallyport::secrets {
namespace {

TEST(ProcessEnvironment, TellsUnsetFromEmpty) {
  const ProcessEnvironment environment;
  ::setenv("SALLYPORT_TEST_VARIABLE", "", 1);
  ASSERT_TRUE(environment.variable("SALLYPORT_TEST_VARIABLE"));
  EXPECT_TRUE(environment.variable("SALLYPORT_TEST_VARIABLE")->empty());
  ::setenv("SALLYPORT_TEST_VARIABLE", "value", 1);
  EXPECT_EQ(environment.variable("SALLYPORT_TEST_VARIABLE")->expose(), "value");
  ::unsetenv("SALLYPORT_TEST_VARIABLE");
  EXPECT_FALSE(environment.variable("SALLYPORT_TEST_VARIABLE"));
}

TEST(ProcessEnvironment, ReadsAFileUpToItsLimit) {
  const sallyport::testing::TemporaryFolder folder;
  const ProcessEnvironment environment;
  const auto path = folder.write("secret", std::string(10, 's'));
  const auto whole = environment.file(path, 10);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->text.expose(), std::string(10, 's'));
  EXPECT_FALSE(whole->world_readable);
  const auto cut = environment.file(path, 9);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error(), "is larger than 9 bytes");
  EXPECT_TRUE(environment.file(folder.write("empty", ""), 10)->text.empty());
}

TEST(ProcessEnvironment, SeesWhetherEverybodyMayRead) {
  const sallyport::testing::TemporaryFolder folder;
  const auto path = folder.write("secret", "text");
  const struct {
    mode_t mode;
    bool expected;
  } rows[] = {{0600, false}, {0640, false}, {0644, true}, {0604, true}};
  for (const auto& row : rows) {
    ASSERT_EQ(::chmod(path.c_str(), row.mode), 0);
    EXPECT_EQ(ProcessEnvironment().file(path, 10)->world_readable, row.expected) << row.mode;
  }
}

TEST(ProcessEnvironment, FollowsTheLinksOfMountedSecrets) {
  const sallyport::testing::TemporaryFolder folder;
  const auto path = folder.write("target", "text");
  std::filesystem::create_symlink(path, folder.file("link"));
  EXPECT_EQ(ProcessEnvironment().file(folder.file("link"), 10)->text.expose(), "text");
}

TEST(ProcessEnvironment, RefusesWhatIsNoFileWithoutHanging) {
  const sallyport::testing::TemporaryFolder folder;
  const ProcessEnvironment environment;
  ASSERT_EQ(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
  EXPECT_EQ(environment.file(folder.file("pipe"), 10).error(), "is not a regular file");
  EXPECT_EQ(environment.file(folder.path().string(), 10).error(), "is not a regular file");
  EXPECT_EQ(environment.file("/dev/zero", 10).error(), "is not a regular file");
  EXPECT_EQ(environment.file(folder.file("missing"), 10).error(), "No such file or directory");
}

TEST(EnvironmentText, TakesLinesLiterally) {
  const auto environment = EnvironmentText::parse("# comment\n\nA=1\r\nB_2=x=y # not a comment\nC=\n#D=4\nE= \"q\"");
  ASSERT_TRUE(environment);
  EXPECT_EQ(environment->variable("A")->expose(), "1");
  EXPECT_EQ(environment->variable("B_2")->expose(), "x=y # not a comment");
  EXPECT_EQ(environment->variable("C")->expose(), "");
  EXPECT_FALSE(environment->variable("D"));
  EXPECT_EQ(environment->variable("E")->expose(), " \"q\"");
}

TEST(EnvironmentText, NamesTheLineAndNothingInIt) {
  const std::pair<const char*, const char*> rows[] = {
      {"A=1\nhunter2", "line 2 is not NAME=value"},
      {"=hunter2", "line 1 is not NAME=value"},
      {"export A=hunter2", "line 1 is not NAME=value"},
      {"a=hunter2", "line 1 is not NAME=value"},
      {"A=1\n\nA=hunter2", "line 3 sets a name for the second time"},
  };
  for (const auto& [text, expected] : rows) {
    const auto environment = EnvironmentText::parse(text);
    ASSERT_FALSE(environment) << text;
    EXPECT_EQ(environment.error(), expected);
  }
}

}  // namespace
}  // namespace sallyport::secrets
