// Runs a fuzz target over files that are there, without libFuzzer: so that an input that was found
// once does not come back. It ends as the target ends; an input that breaks an expectation is the
// last one named.
//   NAME_replay FOLDER..
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "expectation.h"

namespace fs = std::filesystem;

int main(int count, char** arguments) {
  size_t inputs = 0;
  for (int i = 1; i < count; ++i) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(arguments[i])) paths.push_back(entry.path());
    std::ranges::sort(paths);
    for (const fs::path& path : paths) {
      fmt::print("{}\n", path.string());
      std::fflush(stdout);
      std::ifstream file(path, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
      ++inputs;
    }
  }
  spillway::fuzz::Expect(inputs > 0, "no inputs to replay");
}
