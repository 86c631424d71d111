# The Rust bridge crate: cargo builds a static library and cxx's C++ glue; tools/build_bridge.py
# says why this build folder has copies of both.
set(SPILLWAY_CARGO_TARGET "${SPILLWAY_CACHE}/cargo-target" CACHE PATH "cargo's target folder")
find_program(SPILLWAY_CARGO cargo REQUIRED HINTS "$ENV{HOME}/.cargo/bin")
find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)

set(bridge_folder "${CMAKE_BINARY_DIR}/bridge")
set(bridge_archive "${bridge_folder}/libspillway_bridge.a")
set(bridge_glue "${bridge_folder}/include/spillway_bridge/src/lib.rs.h"
                "${bridge_folder}/include/rust/cxx.h")
set(bridge_crate "${CMAKE_SOURCE_DIR}/rust")
file(GLOB_RECURSE bridge_sources CONFIGURE_DEPENDS ${bridge_crate}/src/*.rs)

add_custom_command(
  OUTPUT "${bridge_archive}" ${bridge_glue}
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/build_bridge.py
          --cargo ${SPILLWAY_CARGO} --crate ${bridge_crate}
          --cargo-target ${SPILLWAY_CARGO_TARGET} --out ${bridge_folder}
  DEPENDS ${bridge_sources} ${bridge_crate}/Cargo.toml ${bridge_crate}/Cargo.lock
          ${bridge_crate}/build.rs ${CMAKE_SOURCE_DIR}/tools/build_bridge.py
  COMMENT "cargo build of the Delta kernel bridge (about 15 CPU-minutes the first time)"
  USES_TERMINAL VERBATIM)
add_custom_target(spillway_bridge_build DEPENDS "${bridge_archive}" ${bridge_glue})

# A target of its own, so that what it calls (src/base/uncaught.h) stands behind it for the linker.
add_library(spillway_bridge_archive STATIC IMPORTED)
set_target_properties(spillway_bridge_archive PROPERTIES IMPORTED_LOCATION "${bridge_archive}")
target_link_libraries(spillway_bridge_archive INTERFACE spillway_memory ${CMAKE_DL_LIBS} m)

add_library(spillway_bridge INTERFACE)
add_dependencies(spillway_bridge spillway_bridge_build)
target_include_directories(spillway_bridge SYSTEM INTERFACE "${bridge_folder}/include")
target_link_libraries(spillway_bridge INTERFACE spillway_bridge_archive)
