#pragma once
// The two kinds of failure that the program knows, and how a program tells them apart by its exit status.
//
// Every message says what is wrong, where (file, line or configuration path) and what to do about it.
#include <stdexcept>
#include <string>

namespace ablate {

/// Base of every error that the project raises on purpose.
class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The command, a file or the data is wrong; found before training starts. Exit status 2.
class UserError : public Error {
  using Error::Error;
};

/// Something failed while running: a full disk, a lost file, a device that vanished. Exit status 1.
class RunError : public Error {
  using Error::Error;
};

}  // namespace ablate
