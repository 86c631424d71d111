# Language level, warnings and sanitizers of every target of ours.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")

set(SPILLWAY_SANITIZE "" CACHE STRING "address, thread, or empty")
if(SPILLWAY_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(SPILLWAY_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()

option(SPILLWAY_FUZZ "count what libFuzzer's inputs reach (wants clang)" OFF)
if(SPILLWAY_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(SPILLWAY_CCACHE ccache)
if(SPILLWAY_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SPILLWAY_CCACHE})
  # A build folder inside the tree: let another clone's objects serve, whatever its path.
  cmake_path(IS_PREFIX CMAKE_SOURCE_DIR ${CMAKE_BINARY_DIR} NORMALIZE build_is_in_tree)
  if(build_is_in_tree)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
                                    CCACHE_NOHASHDIR=1 ${SPILLWAY_CCACHE})
  endif()
endif()

add_library(spillway_options INTERFACE)
target_compile_options(spillway_options INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror -fstack-protector-strong
  # Designated initialisers leave members at their defaults on purpose.
  -Wno-missing-field-initializers
  # gcc 12 warns of an overlap inside std::string that cannot happen (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # Warnings are gcc's to give; clang's own, of other meanings, do not end a build for the fuzzers.
  $<$<BOOL:${SPILLWAY_FUZZ}>:-w>
  # The sanitizers' own code makes gcc see uninitialised values in the standard library.
  $<$<AND:$<BOOL:${SPILLWAY_SANITIZE}>,$<CXX_COMPILER_ID:GNU>>:-Wno-maybe-uninitialized>)
target_compile_definitions(spillway_options INTERFACE
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2> SPILLWAY_VERSION="${PROJECT_VERSION}")
target_include_directories(spillway_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
