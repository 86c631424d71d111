// The commands that print what the program knows of itself.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/suggestion.h"
#include "cli/command.h"
#include "cli/output.h"
#include "spec/spec_schema.h"

namespace spillway::cli {
namespace {

Result<int> Explain(const std::string& name) {
  if (name.empty()) {
    for (const CatalogEntry& entry : ErrorCatalog()) {
      PrintResult(fmt::format("{}  {}\n", CodeName(entry.code), entry.title));
    }
    return 0;
  }
  const std::optional<CatalogEntry> entry = FindCatalogEntry(name);
  if (!entry) {
    return MakeError({.code = ErrorCode::kUnknownName,
                      .what = fmt::format("there is no error code \"{}\"", name),
                      .cure = "`spillway explain` lists all of them"});
  }
  PrintResult(fmt::format("{}: {}\n\n{}\n\nWhat to do: {}\n\nExit code: {}\n",
                          CodeName(entry->code), entry->title, entry->meaning, entry->cure,
                          ExitCodeOf(entry->code)));
  return 0;
}

}  // namespace

Action DeclareSchema(CLI::App&) {
  return []() -> Result<int> {
    PrintResult(spec::SchemaJson() + "\n");
    return 0;
  };
}

Action DeclareExplain(CLI::App& app) {
  const auto name = std::make_shared<std::string>();
  app.add_option("code", *name, "such as SPW-1103; without it all codes are listed");
  return [name] { return Explain(*name); };
}

Action DeclareVersion(CLI::App&) {
  return []() -> Result<int> {
    PrintResult(fmt::format("spillway {}\n", SPILLWAY_VERSION));
    return 0;
  };
}

}  // namespace spillway::cli
