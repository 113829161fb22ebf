//! Theorems over small laws and over the shipped ones, with the real solver.

mod command;
mod duties;
mod laws;
mod mutants;
mod shipped;
mod small;
