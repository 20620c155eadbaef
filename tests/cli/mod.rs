//! The program on the command line: what may be typed, what comes in and goes out, exit codes, shells, servers.

mod batch;
mod completion;
mod process;
mod tls;
