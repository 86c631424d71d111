#include <filesystem>
#include <fstream>
#include <stdlib.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"

namespace spillway::cli {
namespace {

struct Outcome {
  int exit_code = 0;
  std::string output;
  std::string errors;
};

Outcome Call(const std::vector<std::string>& arguments) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Outcome outcome{.exit_code = Main(arguments)};
  outcome.output = ::testing::internal::GetCapturedStdout();
  outcome.errors = ::testing::internal::GetCapturedStderr();
  return outcome;
}

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Expects a usage error whose text has `part`, and no result.
void ExpectUsageError(const std::vector<std::string>& arguments, std::string_view part) {
  const Outcome outcome = Call(arguments);
  EXPECT_EQ(outcome.exit_code, 2) << fmt::format("{}", fmt::join(arguments, " "));
  EXPECT_EQ(outcome.output, "");
  EXPECT_TRUE(outcome.errors.starts_with("error[SPW-1")) << outcome.errors;
  EXPECT_TRUE(Contains(outcome.errors, part)) << outcome.errors;
}

TEST(Main, SuggestsVerbs) {
  ExpectUsageError({"rum"}, "write \"run\"");
  ExpectUsageError({"validat", "x.yaml"}, "validate");
  ExpectUsageError({"zzzzzzzz"}, "unknown command \"zzzzzzzz\"");
  ExpectUsageError({}, "no command was given");
  ExpectUsageError({"optimize"}, "the command \"optimize\" is not supported yet");
  ExpectUsageError({"help", "rum"}, "write \"run\"");
}

TEST(Main, SuggestsFlags) {
  ExpectUsageError({"run", "x.yaml", "--memroy", "1GiB"}, "--memory");
  ExpectUsageError({"run", "x.yaml", "--memroy=1GiB"}, "has no flag --memroy");
  ExpectUsageError({"generate", "--rows", "1", "--out", "x", "--zzzzzzzzz"}, "--zzzzzzzzz");
  ExpectUsageError({"run", "--memroy", "1GiB"}, "has no flag --memroy");  // and no pipeline
}

TEST(Main, NamesAFlagThatStandsBeforeTheCommand) {
  ExpectUsageError({"--bogus"}, "`spillway` has no flag --bogus");
  ExpectUsageError({"--verison"}, "write --version");
  ExpectUsageError({"--memory", "1GiB", "run", "x.yaml"}, "the flag --memory is in front of");
  ExpectUsageError({"-x", "run"}, "has no flag -x");
}

TEST(Main, RefusesMissingAndExtraArguments) {
  ExpectUsageError({"run"}, "`spillway run` needs PIPELINE");
  ExpectUsageError({"generate"}, "needs --rows N and --out FOLDER");
  ExpectUsageError({"run", "a.yaml", "b.yaml"}, "b.yaml");
  ExpectUsageError({"run", "a.yaml", "b.yaml"}, "takes 1 argument: \"b.yaml\" is too many");
  ExpectUsageError({"version", "a"}, "takes no arguments");
  ExpectUsageError({"run", "a.yaml", "--memory"}, "the flag --memory has no value");
  ExpectUsageError({"run", "a.yaml", "--memory", "1GiB", "--memory", "2GiB"}, "is given twice");
  ExpectUsageError({"run", "a.yaml", "--json=3"}, "takes no value");
  ExpectUsageError({"generate", "--rows", "many", "--out", "x"}, "\"many\" is no value for --rows");
  ExpectUsageError({"validate", "x", "--sample", "0"}, "--sample 0 is out of range");
  ExpectUsageError({"validate", "x", "--sample", "5", "--full"}, "cannot be given together");
  ExpectUsageError({"completion", "fihs"}, "write \"fish\"");
  ExpectUsageError({"functions", "uper"}, "write \"upper\"");
  ExpectUsageError({"schema", "--output", "rum"}, "write \"run\"");
  ExpectUsageError({"generate", "--rows", "-1", "--out", "x"}, "--rows -1 is out of range");
  ExpectUsageError({"generate", "--rows", "1", "--out", "x", "--match-rate", "nan"}, "match-rate");
  ExpectUsageError({"run", "a.yaml", "--set", "nothing"}, "nothing");
}

TEST(Main, HelpAndVersionAreResults) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                    {"-h"},
                                                    {"run", "--help"},
                                                    {"version"},
                                                    {"--version"},
                                                    {"-V"},
                                                    {"help"},
                                                    {"help", "run"},
                                                    {"--help", "run"},
                                                    {"help", "--man"},
                                                    {"functions"},
                                                    {"functions", "UPPER"},
                                                    {"completion", "bash"},
                                                    {"completion", "zsh"},
                                                    {"completion", "fish"},
                                                    {"schema"},
                                                    {"schema", "--output", "run"},
                                                    {"explain"},
                                                    {"explain", "1103"}}) {
    const Outcome outcome = Call(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << arguments.front();
    EXPECT_NE(outcome.output, "") << arguments.front();
    EXPECT_EQ(outcome.errors, "") << arguments.front();
  }
  EXPECT_TRUE(Contains(Call({"run", "--help"}).output, "--memory"));
  for (const Command& command : Commands()) {
    EXPECT_TRUE(Contains(Call({"--help"}).output, command.verb)) << command.verb;
  }
  EXPECT_TRUE(nlohmann::json::accept(Call({"schema"}).output));
  EXPECT_TRUE(Contains(Call({"explain", "spw-1103"}).output, "SPW-1103"));
  ExpectUsageError({"explain", "SPW-9998"}, "SPW-9998");
}

// Whole commands, in a folder of their own.
class CommandsTest : public ::testing::Test {
 protected:
  CommandsTest() {
    std::string name = (std::filesystem::temp_directory_path() / "cli-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    // Neither the machine's settings nor its table.
    ::unsetenv("SPILLWAY_MEMORY");
    ::setenv("SPILLWAY_STATE_DIRECTORY", (folder_ / "state").c_str(), 1);
  }

 public:
  ~CommandsTest() override { std::filesystem::remove_all(folder_); }

 protected:
  std::string WritePipeline(std::string_view more = "") {
    const std::string path = folder_ / "p.yaml";
    std::ofstream(path) << "pipeline: p\nsource: {table: bronze_accident}\n"
                           "lookups: [{name: predictions, table: predictions, key: [image_name]}]\n"
                           "target: {table: silver}\n"
                        << more;
    return path;
  }

  void Generate() {
    const Outcome made = Call({"generate", "--rows", "500", "--out", folder_.string()});
    ASSERT_EQ(made.exit_code, 0) << made.errors;
  }

  std::filesystem::path folder_;
};

TEST_F(CommandsTest, APipelineFromGenerateToValidate) {
  Generate();
  const std::string file = WritePipeline();
  const Outcome planned = Call({"plan", file, "--json"});
  ASSERT_EQ(planned.exit_code, 0) << planned.errors;
  const auto plan = nlohmann::json::parse(planned.output);
  EXPECT_EQ(plan["source"]["rows"], 500);
  EXPECT_EQ(plan["memory"]["fits"], true);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "silver"));

  const Outcome ran = Call({"run", file, "--json", "--memory", "256MiB", "--mode", "chunked",
                            "--set", "processing.chunk_size=100"});
  ASSERT_EQ(ran.exit_code, 0) << ran.errors;
  const auto report = nlohmann::json::parse(ran.output);
  EXPECT_EQ(report["rows_written"], 500);
  EXPECT_EQ(report["chunks_committed"], 5);
  EXPECT_TRUE(Contains(Call({"run", file}).output, "Nothing to do"));

  const Outcome validated = Call({"validate", file, "--json"});
  EXPECT_EQ(validated.exit_code, 0) << validated.errors;
  EXPECT_EQ(nlohmann::json::parse(validated.output)["valid"], true);
  EXPECT_TRUE(Contains(Call({"validate", file}).output, "valid: the target matches"));

  const Outcome inspected = Call({"inspect", folder_ / "silver", "--json"});
  ASSERT_EQ(inspected.exit_code, 0) << inspected.errors;
  EXPECT_EQ(nlohmann::json::parse(inspected.output)["rows"], 500);
  EXPECT_TRUE(Contains(Call({"inspect", folder_ / "silver"}).output, "image_name"));
  EXPECT_TRUE(Contains(Call({"plan", file}).output, "nothing: an earlier run has done it"));
}

TEST_F(CommandsTest, ExitCodesSayWhatKindOfErrorItWas) {
  EXPECT_EQ(Call({"run", folder_ / "missing.yaml"}).exit_code, 2);
  const std::string file = WritePipeline();
  EXPECT_EQ(Call({"run", file}).exit_code, 3);  // no source
  EXPECT_EQ(Call({"validate", file}).exit_code, 3);
  EXPECT_EQ(Call({"inspect", folder_}).exit_code, 3);
  Generate();
  EXPECT_EQ(Call({"run", file, "--set", "where=nothing > 1"}).exit_code, 2);
  EXPECT_EQ(Call({"run", file, "--memory", "1MiB"}).exit_code, 5);
  const Outcome planned = Call({"plan", file, "--memory", "1MiB"});
  EXPECT_EQ(planned.exit_code, 5);
  EXPECT_TRUE(Contains(planned.output, "it does not fit"));
  EXPECT_EQ(Call({"generate", "--rows", "1", "--out", folder_.string()}).exit_code, 3);
  EXPECT_EQ(Call({"inspect", "s3://bucket/table"}).exit_code, 6);
}

TEST_F(CommandsTest, ValidateExitsWithOneWhereTheTargetDiffers) {
  Generate();
  const std::string file = WritePipeline("mode: chunked\nprocessing: {chunk_size: 100}\n");
  ASSERT_EQ(Call({"run", file, "--set", "target.mode=overwrite"}).exit_code, 0);
  // The rows of another pipeline's run are in the same table.
  ASSERT_EQ(Call({"run", file, "--set", "target.mode=append", "--set", "where=length > 0",
                  "--fresh", "--append-again"})
                .exit_code,
            0);
  const Outcome outcome = Call({"validate", file, "--set", "target.mode=overwrite"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.errors;
  EXPECT_TRUE(Contains(outcome.output, "NOT VALID"));
  EXPECT_TRUE(Contains(outcome.output, "DIFFERENT"));
}

}  // namespace
}  // namespace spillway::cli
