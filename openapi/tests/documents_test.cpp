#include "sallyport/openapi/documents.hpp"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <functional>
#include <map>
#include <set>
#include <string>

#include "sallyport/core/error.hpp"

namespace sallyport::openapi {
namespace {

const std::set<std::string> kMethods{"get", "post", "put", "patch", "delete"};

/// Status of every code that there is, by name.
const std::map<std::string, int, std::less<>>& statuses() {
  static const auto all = [] {
    std::map<std::string, int, std::less<>> made;
    for (int i = 0; i <= static_cast<int>(ErrorCode::HttpVersionNotSupported); ++i) {
      const ErrorInfo& problem = info(static_cast<ErrorCode>(i));
      made.emplace(problem.code, problem.status);
    }
    return made;
  }();
  return all;
}

std::string title_of(const std::string& code) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::HttpVersionNotSupported); ++i) {
    const ErrorInfo& problem = info(static_cast<ErrorCode>(i));
    if (problem.code == code) return std::string(problem.title);
  }
  return {};
}

void walk(const YAML::Node& node, const std::function<void(const YAML::Node&)>& visit) {
  visit(node);
  if (node.IsMap()) {
    for (const auto& entry : node) walk(entry.second, visit);
  } else if (node.IsSequence()) {
    for (const auto& entry : node) walk(entry, visit);
  }
}

/// Where a reference leads; an undefined node when it leads nowhere.
YAML::Node resolve(const YAML::Node& root, const std::string& reference) {
  if (!reference.starts_with("#/")) return YAML::Node(YAML::NodeType::Undefined);
  YAML::Node at = root;
  for (std::size_t start = 2; start <= reference.size();) {
    const std::size_t end = std::min(reference.find('/', start), reference.size());
    const YAML::Node next = at[reference.substr(start, end - start)];
    if (!next) return YAML::Node(YAML::NodeType::Undefined);
    at.reset(next);
    start = end + 1;
  }
  return at;
}

YAML::Node followed(const YAML::Node& root, const YAML::Node& node) {
  return node["$ref"] ? resolve(root, node["$ref"].as<std::string>()) : node;
}

class Documents : public testing::TestWithParam<std::string> {
 protected:
  const YAML::Node root_ = YAML::Load(std::string(document(GetParam())));

  void for_each_operation(const std::function<void(const std::string&, const YAML::Node&)>& visit) const {
    for (const auto& path : root_["paths"]) {
      for (const auto& operation : path.second) {
        const auto method = operation.first.as<std::string>();
        ASSERT_TRUE(kMethods.contains(method)) << method;
        visit(method + " " + path.first.as<std::string>(), operation.second);
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(All, Documents, testing::Values("auth", "payments", "admin"),
                         [](const auto& one) { return one.param; });

TEST_P(Documents, SaysWhatItIs) {
  EXPECT_EQ(root_["openapi"].as<std::string>(), "3.1.0");
  for (const char* key : {"info", "servers", "security", "paths", "components"}) EXPECT_TRUE(root_[key]) << key;
}

TEST_P(Documents, DescribesEveryOperation) {
  std::set<std::string> ids;
  for_each_operation([&ids](const std::string& name, const YAML::Node& operation) {
    SCOPED_TRACE(name);
    for (const char* key : {"operationId", "summary", "description", "tags", "responses"}) {
      EXPECT_TRUE(operation[key]) << key;
    }
    EXPECT_TRUE(ids.insert(operation["operationId"].as<std::string>()).second) << "the id stands twice";
  });
  EXPECT_FALSE(ids.empty());
}

TEST_P(Documents, RefersOnlyToWhatItHas) {
  walk(root_, [this](const YAML::Node& node) {
    if (!node.IsMap() || !node["$ref"]) return;
    const auto reference = node["$ref"].as<std::string>();
    EXPECT_TRUE(resolve(root_, reference)) << reference;
  });
}

TEST_P(Documents, NamesOnlyCodesThatExistUnderTheirStatus) {
  for_each_operation([this](const std::string& name, const YAML::Node& operation) {
    for (const auto& entry : operation["responses"]) {
      const auto status = entry.first.as<std::string>();
      SCOPED_TRACE(name + " " + status);
      const YAML::Node response = followed(root_, entry.second);
      if (status.starts_with("2")) continue;
      ASSERT_TRUE(response["x-codes"]);
      for (const auto& listed : response["x-codes"]) {
        const auto code = listed.as<std::string>();
        ASSERT_TRUE(statuses().contains(code)) << code;
        if (status != "default") EXPECT_EQ(std::to_string(statuses().at(code)), status) << code;
      }
    }
  });
}

TEST_P(Documents, ListsExactlyTheCodesOfItsResponses) {
  std::set<std::string> used;
  walk(root_, [&used](const YAML::Node& node) {
    if (!node.IsMap() || !node["x-codes"]) return;
    for (const auto& code : node["x-codes"]) used.insert(code.as<std::string>());
  });
  std::set<std::string> listed;
  for (const auto& code : root_["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]) {
    listed.insert(code.as<std::string>());
  }
  EXPECT_EQ(listed, used);
}

TEST_P(Documents, ShowsProblemsAsTheyAreSent) {
  std::size_t seen = 0;
  walk(root_, [&seen](const YAML::Node& node) {
    if (!node.IsMap() || !node["type"] || !node["code"] || !node["title"] || !node["status"].IsScalar()) return;
    ++seen;
    const auto code = node["code"].as<std::string>();
    SCOPED_TRACE(code);
    ASSERT_TRUE(statuses().contains(code));
    EXPECT_EQ(node["type"].as<std::string>(), "/problems/" + code);
    EXPECT_EQ(node["status"].as<int>(), statuses().at(code));
    EXPECT_EQ(node["title"].as<std::string>(), title_of(code));
  });
  EXPECT_GT(seen, 20U);
}

TEST_P(Documents, ShareTheirCommonParts) {
  const YAML::Node other = YAML::Load(std::string(document("auth")));
  const auto text = [](const YAML::Node& root, const char* kind, const char* name) {
    return YAML::Dump(root["components"][kind][name]);
  };
  for (const char* header : {"RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "Retry-After", "X-Request-Id"}) {
    EXPECT_EQ(text(root_, "headers", header), text(other, "headers", header)) << header;
  }
  for (const char* schema : {"ValidationError", "Id", "Time"}) {
    EXPECT_EQ(text(root_, "schemas", schema), text(other, "schemas", schema)) << schema;
  }
}

TEST(DocumentNames, LeadToDocuments) {
  for (const std::string_view name : document_names()) EXPECT_TRUE(find_document(name)) << name;
  EXPECT_FALSE(find_document("echo"));
  EXPECT_FALSE(find_document(""));
}

}  // namespace
}  // namespace sallyport::openapi
