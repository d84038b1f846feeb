// HARKER_PUBLIC: what a shared build of the library exports. Public headers open their namespace with it; all else
// stays hidden.
// HARKER_THREAD_LOCAL: a variable of each thread that the path of every op reads. Position-independent code finds one
// by calling a function (150 of the 11,000 instructions of Dracula's step), unless it says that the variable lies at a
// fixed offset. The C library keeps some 500 bytes of such room for a library that a program opens while it runs: so
// these variables are pointers and flags, never tables.
#pragma once

#define HARKER_PUBLIC __attribute__((visibility("default")))
#define HARKER_THREAD_LOCAL __attribute__((tls_model("initial-exec"))) thread_local constinit
