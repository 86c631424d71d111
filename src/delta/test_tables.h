// Folders and tables for the tests of delta/: a folder that is removed with its owner, logs written
// by hand, and the golden tables of the corpora.
//
// Thread rule: one thread.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "delta/snapshot.h"

namespace spillway::delta::test {

class TestFolder {
 public:
  TestFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "delta_test_XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = std::filesystem::canonical(pattern).string();
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

 private:
  std::string path_;
};

inline void WriteText(const std::string& path, std::string_view text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string CommitPath(const std::string& table, int version) {
  return fmt::format("{}/_delta_log/{:020}.json", table, version);
}

// Writes a commit by hand: one action a line.
inline void WriteCommit(const std::string& table, int version,
                        std::initializer_list<std::string_view> actions) {
  std::string text;
  for (const std::string_view action : actions) text += std::string(action) + "\n";
  WriteText(CommitPath(table, version), text);
}

inline constexpr std::string_view kPlainProtocol =
    R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2}})";

// A metaData action with one nullable column "id" of `type`, and `configuration` as JSON members.
inline std::string MetaData(std::string_view type = "long", std::string_view configuration = "") {
  return fmt::format(
      R"({{"metaData":{{"id":"8fd1f2a5","format":{{"provider":"parquet","options":{{}}}},)"
      R"("schemaString":"{{\"type\":\"struct\",\"fields\":[{{\"name\":\"id\",\"type\":\"{}\",)"
      R"(\"nullable\":true,\"metadata\":{{}}}}]}}","partitionColumns":[],)"
      R"("configuration":{{{}}},"createdTime":1700000000000}}}})",
      type, configuration);
}

inline std::string AddAction(std::string_view path, std::string_view more = "") {
  return fmt::format(R"({{"add":{{"path":"{}","partitionValues":{{}},"size":10,)"
                     R"("modificationTime":1700000000000,"dataChange":true{}}}}})",
                     path, more);
}

inline std::optional<ErrorCode> CodeOf(const Status& status) {
  const std::optional<ErrorInfo> info = FindError(status);
  return info ? std::optional<ErrorCode>(info->code) : std::nullopt;
}

// All live files, or the first error.
inline Result<std::vector<DataFile>> AllFiles(const Snapshot& snapshot) {
  ARROW_ASSIGN_OR_RAISE(const auto stream, snapshot.Files());
  std::vector<DataFile> files;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(std::optional<DataFile> file, stream->Next());
    if (!file) return files;
    files.push_back(*std::move(file));
  }
}

// The folder of the corpora, or none where they are absent.
inline std::optional<std::string> CorporaFolder() {
  const char* named = std::getenv("SPILLWAY_CORPORA");
  const std::string folder = named != nullptr ? named : "../shared/corpora";
  return std::filesystem::is_directory(folder) ? std::optional<std::string>(folder) : std::nullopt;
}

// Unpacks golden table `name` into `folder` and gives the path of the table; none where the
// corpora, or the programs that unpack them, are absent.
inline std::optional<std::string> UnpackGoldenTable(const TestFolder& folder,
                                                    const std::string& name) {
  const std::optional<std::string> corpora = CorporaFolder();
  if (!corpora) return std::nullopt;
  const std::string command = fmt::format("tar --zstd -xf '{}/delta-golden/{}.tar.zst' -C '{}'",
                                          *corpora, name, folder.path());
  if (std::system(command.c_str()) != 0) return std::nullopt;
  return folder / (name + "/delta");
}

}  // namespace spillway::delta::test
