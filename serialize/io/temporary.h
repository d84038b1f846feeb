// Temporaries: the names that a save's file has before it has its own, and the removal of those that no process needs
// any more. A live save holds a lock on its file, from before the name exists: that, not the process id in the name,
// tells the living from the dead, in other containers and on other machines too, and after ids were used again.
#pragma once
#include <string>

namespace harker::io {

/// A name in `folder` that this process has not used yet: ".harker-save-PID-N.tmp".
std::string temporary_in(const std::string& folder);

/// Removes from `folder` what killed saves left: regular files of this user with such a name that nobody has locked.
/// Versions that did not lock named theirs ".harker-PID-N.tmp": those go when there is no process PID here and nothing
/// was written to them for an hour. No errors: what cannot be removed stays.
void sweep_temporaries(const std::string& folder) noexcept;

}  // namespace harker::io
