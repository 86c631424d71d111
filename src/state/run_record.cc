#include "state/run_record.h"

#include <nlohmann/json.hpp>

#include "storage/durable_file.h"

namespace spillway::state {
namespace {

constexpr size_t kTagBytes = 36;  // of a UUID

std::string PathOf(const std::string& folder, const std::string& name) {
  return folder + "/" + name + ".run";
}

// None where it is damaged.
std::optional<RunRecord> RecordIn(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  const auto tags = json.find("file_tags");
  const auto version = json.find("first_version");
  if (tags == json.end() || !tags->is_array() || version == json.end() ||
      !version->is_number_integer()) {
    return std::nullopt;
  }
  RunRecord record{.first_version = *version};
  for (const nlohmann::json& tag : *tags) {
    if (!tag.is_string()) return std::nullopt;
    record.file_tags.push_back(tag);
    // A short tag would be part of other files' names.
    if (record.file_tags.back().size() < kTagBytes) return std::nullopt;
  }
  if (record.first_version < 0) return std::nullopt;
  return record;
}

}  // namespace

Result<std::optional<RunRecord>> ReadRunRecord(const std::string& folder, const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(const auto text, storage::ReadFile(PathOf(folder, name)));
  return text ? RecordIn(*text) : std::nullopt;
}

Status WriteRunRecord(const std::string& folder, const std::string& name, const RunRecord& record) {
  const nlohmann::ordered_json json{{"file_tags", record.file_tags},
                                    {"first_version", record.first_version}};
  return storage::WriteFileAtomically(PathOf(folder, name), json.dump() + "\n");
}

Status RemoveRunRecord(const std::string& folder, const std::string& name) {
  return storage::RemoveFile(PathOf(folder, name));
}

}  // namespace spillway::state
