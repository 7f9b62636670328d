//! The server as a whole, with the programs that people use against it. Tests run at the same time,
//! each on ports of its own; the package's library says how.

mod phones;
mod stock;
