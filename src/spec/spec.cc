#include "spec/spec.h"

#include <filesystem>

namespace spillway::spec {

std::string_view ActionName(ExpectationAction action) {
  switch (action) {
    case ExpectationAction::kWarn:
      return "warn";
    case ExpectationAction::kDrop:
      return "drop";
    case ExpectationAction::kFail:
      return "fail";
  }
  return "";
}

std::string Spec::Resolve(const LocatedText& path) const {
  if (path.text.find("://") != std::string::npos) return path.text;
  std::string resolved = (std::filesystem::path(directory) / path.text).lexically_normal().string();
  while (resolved.size() > 1 && resolved.ends_with('/')) resolved.pop_back();
  return resolved;
}

}  // namespace spillway::spec
