//! The ends of the process that C++ has (src/base/uncaught.h), for what has no way back as a value.

extern "C" {
    pub fn spillway_end_without_memory() -> !;
    pub fn spillway_end_without_thread() -> !;
}
