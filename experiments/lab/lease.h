#pragma once
// Who trains in the folder of a run, on this machine or on another one that sees the same folder.
//
// Two things say so. flock() on the file `lock` ends with its process, but on network file systems it may not reach
// other hosts, or be refused. So the owner also keeps a file `owner.json` and raises the number `beat` in it every few
// seconds. Who finds the file of another owner takes over at once if that process ran on this machine and is dead;
// otherwise it watches: a beat that stands still for `patience`, by the watcher's own clock, is that of a process that
// died or froze. Clocks of two hosts are never compared. An owner that froze and wakes up finds itself taken over at
// its next check, which comes before everything that it writes.
#include "transformer/core/error.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace ablate::lab {

enum class LeaseAnswer {
  acquired,
  busy,  ///< its owner is at work
  watch  ///< its owner is out of sight and may be dead: ask again, with the same object
};

struct LeaseSettings {
  std::chrono::milliseconds patience{60'000};  ///< how long the beat of an owner out of sight may stand still
  std::chrono::milliseconds beat{5'000};
  // What this process says of itself; other values are for tests.
  std::string host{};     ///< "": this one's name
  std::string machine{};  ///< what tells one boot and one space of process numbers from all others; "": this one's
  bool use_flock = true;
};

/// Thrown by an owner that was taken over, before it writes anything more.
class LeaseLost : public RunError {
  using RunError::RunError;
};

class Lease {
 public:
  /// Nothing is taken yet. `folder` is made by the first try.
  explicit Lease(std::filesystem::path folder, LeaseSettings settings = {});
  ~Lease();  ///< releases
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  /// Never waits. RunError if the folder cannot be written.
  LeaseAnswer try_acquire();
  /// "HOST, process PID" of whoever was found by the last try or check; "" if that is not known.
  const std::string& holder() const;
  bool is_held() const;

  /// Reads the disk: true if nobody has taken over.
  bool still_owner();
  /// What the beating thread found last; costs nothing.
  bool seems_lost() const;
  /// Throws LeaseLost if still_owner() is false.
  void check();
  void release();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ablate::lab
