/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h - the system calls that a collector needs, and no others: seccomp(2)
 *
 * What is not in the list, or not with these arguments, does not happen: it fails as in a kernel that lacks it
 * (ENOSYS), so that the C library takes another way where it has one. That is told on standard error with the name of
 * the call, once for each.
 * The collector is not ended by it: a list that lacks what a new C library does would else be an outage, and where the
 * attempt is an attack there is nothing gained by it.
 */
#ifndef WEIR_CLI_SANDBOX_H
#define WEIR_CLI_SANDBOX_H

enum sandbox_result {
    SANDBOX_ON,
    SANDBOX_UNAVAILABLE, /* this kernel, or who started us, does not permit filters; errno tells more */
    SANDBOX_LEFT_OUT     /* a build with sanitizers, which make calls of their own */
};

/*
 * For this thread, all that are there, and all that it starts: for good. It wants no_new_privs. Threads must not block
 * SIGSYS, by which the kernel tells what it refused: it ends a process that does.
 */
enum sandbox_result sandbox_enter(void);

#endif
