#include "spec/spec_parser.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "spec/document.h"
#include "spec/overrides.h"
#include "spec/spec_reader.h"

namespace spillway::spec {
namespace {

Status Unreadable(const std::string& path, std::string why) {
  return MakeError({.code = ErrorCode::kPipelineFileUnreadable,
                    .what = "the pipeline file cannot be read",
                    .where = path,
                    .why = std::move(why)});
}

// The file's content; one byte more than the largest document where it is larger.
Result<std::string> ReadFile(const std::string& path) {
  struct stat facts = {};
  if (stat(path.c_str(), &facts) != 0) return Unreadable(path, std::strerror(errno));
  if (S_ISDIR(facts.st_mode)) return Unreadable(path, "it is a folder");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr) return Unreadable(path, std::strerror(errno));
  std::string text(kLargestDocumentBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return Unreadable(path, std::strerror(errno));
  return text;
}

std::string FolderOf(const std::string& file_name) {
  std::error_code ignored;
  std::filesystem::path path = std::filesystem::absolute(file_name, ignored);
  return path.lexically_normal().parent_path().string();
}

// A root that can be edited: the file's map, or a new one where the file is empty.
NodeId EditableRoot(Document& document, const std::string& file_name, NodeId root) {
  if (document.node(root).kind != NodeKind::kNull) return document.AddCopy(root);
  return document.AddEmpty(file_name, NodeKind::kMap);
}

}  // namespace

std::map<std::string, std::string> CurrentEnvironment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

Result<Override> ParseSetFlag(std::string_view argument) {
  const size_t equals = argument.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return MakeError({.code = ErrorCode::kUsage,
                      .what = fmt::format("--set {} is not of the form key=value", argument),
                      .where = "--set",
                      .cure = "write it like --set processing.chunk_size=100000"});
  }
  const std::string path(argument.substr(0, equals));
  return Override{path, std::string(argument.substr(equals + 1)), "--set " + path};
}

Result<Spec> ParsePipelineFile(const std::string& path, const ParseOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const std::string text, ReadFile(path));
  return ParsePipelineText(text, path, options);
}

Result<Spec> ParsePipelineText(std::string_view text, const std::string& file_name,
                               const ParseOptions& options) {
  Document document;
  ARROW_ASSIGN_OR_RAISE(NodeId root, document.AddYaml(file_name, text, /*is_file=*/true));
  ARROW_ASSIGN_OR_RAISE(std::vector<Override> overrides,
                        EnvironmentOverrides(options.environment, document, root));
  overrides.insert(overrides.end(), options.overrides.begin(), options.overrides.end());
  const NodeKind kind = document.node(root).kind;
  if (!overrides.empty() && (kind == NodeKind::kMap || kind == NodeKind::kNull)) {
    root = EditableRoot(document, file_name, root);
    for (const Override& change : overrides) {
      ARROW_RETURN_NOT_OK(ApplyOverride(document, root, change));
    }
  }
  ARROW_ASSIGN_OR_RAISE(Spec spec, ReadSpec(document, root, options.environment));
  spec.file = file_name;
  spec.directory = FolderOf(file_name);
  return spec;
}

}  // namespace spillway::spec
