// HARKER_PUBLIC: what a shared build of the library exports. Public headers open their namespace with it; all else
// stays hidden.
#pragma once

#define HARKER_PUBLIC __attribute__((visibility("default")))
