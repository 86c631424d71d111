//! The ends of the process that C++ has (src/base/uncaught.h), for what has no way back as a value.

extern "C" {
    #[link_name = "SpillwayBeginToEnd"]
    pub fn begin_to_end();
    #[link_name = "SpillwayEndWithoutMemory"]
    pub fn end_without_memory() -> !;
    #[link_name = "SpillwayEndWithoutThread"]
    pub fn end_without_thread() -> !;
}
