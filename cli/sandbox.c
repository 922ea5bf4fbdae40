/* SPDX-License-Identifier: MIT */
/*
 * sandbox.c - the system calls that a collector needs, and no others
 */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <termios.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

enum { NUMBERS = 1024, NAME_BYTES = 28 };

/* By who needs them. A name that this kernel or libseccomp does not know is passed over. */
static const char *const allowed[] = {
    /* the receiver: datagrams into the journal */
    "recvmmsg", "recvmmsg_time64", "recvmsg", "recvfrom", "poll", "ppoll", "ppoll_time64", "getsockopt", "setsockopt",
    "getsockname",
    /* threads, wakers, locks */
    "futex", "futex_time64", "futex_waitv", "eventfd2", "exit", "exit_group", "set_robust_list", "rseq",
    "sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_getscheduler", "gettid",
    "getpid", "getppid", "membarrier", "restart_syscall", "getcpu",
    /* signals: to end, to load a configuration again */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "rt_sigtimedwait_time64", "sigreturn",
    "sigaltstack", "signalfd4",
    /* the clock, where the vDSO does not have it */
    "clock_gettime", "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64", "clock_getres", "gettimeofday",
    "nanosleep", "time",
    /* memory; nothing of it may be made executable, see below */
    "brk", "munmap", "mremap", "madvise", "mincore", "msync", "membarrier",
    /* files: the journal, snapshots, state, the store with its merging and expiring, JSON */
    "open", "openat", "close", "read", "readv", "pread64", "write", "writev", "pwrite64", "pwritev", "lseek", "_llseek",
    "fstat", "stat", "lstat", "newfstatat", "fstatat64", "fstat64", "stat64", "lstat64", "statx", "statfs", "statfs64",
    "fstatfs", "fstatfs64",
    "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents", "getdents64", "getcwd", "mkdir",
    "mkdirat", "rmdir",
    "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "ftruncate", "ftruncate64", "fallocate",
    "fsync", "fdatasync",
    "sync_file_range", "fadvise64", "flock", "fchmod", "umask", "dup", "pipe2", "utimensat", "copy_file_range",
    "sendfile",
    /* names of addresses, messages to a service manager, the repeater, and the servers of metrics and of weir
     * exporters */
    "connect", "bind", "listen", "accept", "accept4", "shutdown", "sendto", "sendmsg", "sendmmsg", "getpeername",
    "uname", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "select", "pselect6",
    "timerfd_create", "timerfd_settime",
    /* looking at oneself: /proc is read with calls above */
    "getuid", "geteuid", "getgid", "getegid", "getrandom", "sysinfo", "getrusage", "ugetrlimit", "getrlimit", "times",
};

#define ANY_THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

/* -------------------------------------------------------------------------------------------------- what is refused */

static char names[NUMBERS][NAME_BYTES]; /* looked up before: a signal handler cannot */
static _Atomic bool told[NUMBERS];

#if defined(__x86_64__)
#define RESULT_OF(context) ((context)->uc_mcontext.gregs[REG_RAX])
#elif defined(__aarch64__)
#define RESULT_OF(context) ((context)->uc_mcontext.regs[0])
#endif

static size_t append(char *text, size_t length, size_t room, const char *more)
{
    while (*more != '\0' && length < room)
        text[length++] = *more++;
    return length;
}

static size_t append_number(char *text, size_t length, size_t room, unsigned number)
{
    char digits[12];
    size_t i = sizeof digits - 1;
    digits[i] = '\0';
    do
        digits[--i] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return append(text, length, room, digits + i);
}

static void tell(unsigned number)
{
    char text[320];
    size_t length = append(text, 0, sizeof text, "weir collect: the system call ");
    length = append(text, length, sizeof text, number < NUMBERS &&
                    names[number][0] != '\0' ? names[number] : "without a name");
    length = append(text, length, sizeof text, " (");
    length = append_number(text, length, sizeof text, number);
    length = append(text, length, sizeof text,
                    ") was refused, as collecting does not need it: somebody attacks it, or the list lacks it; please "
                    "report this line, and --no-sandbox works without the list\n");
    if (write(STDERR_FILENO, text, length) < 0)
        return; /* nobody to tell */
}

static void on_refused(int signal_number, siginfo_t *info, void *context)
{
    const int before = errno;
    const unsigned number = (unsigned)info->si_syscall;
    (void)signal_number;
    if (number >= NUMBERS || !atomic_exchange(&told[number], true))
        tell(number);
#ifdef RESULT_OF
    ucontext_t *where = context;
    RESULT_OF(where) = -ENOSYS;
    errno = before;
#else
    (void)context;
    (void)before;
    _exit(EXIT_FAILURE); /* what the call would return cannot be set here */
#endif
}

static int listen_to_refusals(void)
{
    struct sigaction action = {.sa_sigaction = on_refused, .sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER};
    sigset_t set;
    for (int i = 0; i < NUMBERS; i++) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
        snprintf(names[i], sizeof names[i], "%s", name == NULL ? "" : name);
        free(name);
    }
    sigemptyset(&action.sa_mask);
    sigemptyset(&set);
    sigaddset(&set, SIGSYS);
    return sigaction(SIGSYS, &action, NULL) != 0 || sigprocmask(SIG_UNBLOCK, &set, NULL) != 0 ? -1 : 0;
}

/* -------------------------------------------------------------------------------------------------- what is allowed */

static int allow(scmp_filter_ctx filter, const char *name, unsigned count, const struct scmp_arg_cmp *conditions)
{
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || number < 0)
        return 0; /* not on this machine */
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, count, conditions);
}

/* Sockets of the internet and of this machine, and, for names of addresses, routes; none that sees or makes raw
 * packets. */
static int allow_sockets(scmp_filter_ctx filter)
{
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6}, types[] = {SOCK_STREAM, SOCK_DGRAM};
    const uint64_t without_flags = ~(uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK) & UINT32_MAX;
    int result = 0;
    for (size_t i = 0; i < 6 && result == 0; i++) {
        const struct scmp_arg_cmp conditions[] = {
            SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)families[i % 3]),
            {1, SCMP_CMP_MASKED_EQ, without_flags, (scmp_datum_t)types[i / 3]}};
        result = allow(filter, "socket", 2, conditions);
    }
    const struct scmp_arg_cmp routes[] = {SCMP_A0_32(SCMP_CMP_EQ, AF_NETLINK),
                                          SCMP_A2_32(SCMP_CMP_EQ, 0 /* NETLINK_ROUTE */)};
    return result != 0 ? result : allow(filter, "socket", 2, routes);
}

/* Threads, not processes. The arguments of clone3() lie in memory, where no filter sees them: it is refused without a
 * word, and the C library takes clone(). */
static int allow_threads(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp thread[] = {{0, SCMP_CMP_MASKED_EQ, ANY_THREAD_FLAGS, ANY_THREAD_FLAGS}};
    const int result = allow(filter, "clone", 1, thread);
    return result != 0 ? result : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/* Memory that is not to be executed. */
static int allow_memory(scmp_filter_ctx filter)
{
    static const char *const calls[] = {"mmap", "mmap2", "mprotect"};
    const struct scmp_arg_cmp plain[] = {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}};
    int result = 0;
    for (size_t i = 0; i < 3 && result == 0; i++)
        result = allow(filter, calls[i], 1, plain);
    return result;
}

static int allow_some(scmp_filter_ctx filter, const char *name, unsigned argument, const uint32_t *values, size_t count)
{
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        const struct scmp_arg_cmp one[] = {{argument, SCMP_CMP_MASKED_EQ, UINT32_MAX, values[i]}};
        result = allow(filter, name, 1, one);
    }
    return result;
}

static int allow_by_argument(scmp_filter_ctx filter)
{
    /* whether it is a terminal and how wide, names of network devices, how much waits */
    static const uint32_t requests[] = {0x5401 /* TCGETS */, 0x5413 /* TIOCGWINSZ */, 0x8933 /* SIOCGIFINDEX */,
                                        0x8910 /* SIOCGIFNAME */, 0x541b /* FIONREAD */, 0x5421 /* FIONBIO */};
    static const uint32_t commands[] = {F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_SETLK, F_SETLKW, F_GETLK,
                                        F_OFD_SETLK, F_OFD_GETLK, F_DUPFD_CLOEXEC, F_ADD_SEALS, F_GET_SEALS};
    static const uint32_t options[] = {PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ,
                                       0x53564d41 /* PR_SET_VMA: names of arenas */};
    int result = allow_some(filter, "ioctl", 1, requests, sizeof requests / sizeof *requests);
    if (result == 0)
        result = allow_some(filter, "fcntl", 1, commands, sizeof commands / sizeof *commands);
    if (result == 0)
        result = allow_some(filter, "prctl", 0, options, sizeof options / sizeof *options);
    const struct scmp_arg_cmp nicer[] = {SCMP_A0_32(SCMP_CMP_EQ, PRIO_PROCESS)}; /* what merges lets others go first */
    if (result == 0)
        result = allow(filter, "setpriority", 1, nicer);
    /* its own limits are looked at, those of others are not set; signals go to this process alone */
    const struct scmp_arg_cmp look[] = {SCMP_A2_64(SCMP_CMP_EQ, 0)};
    if (result == 0)
        result = allow(filter, "prlimit64", 1, look);
    const struct scmp_arg_cmp own[] = {SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)getpid())};
    return result != 0 ? result : allow(filter, "tgkill", 1, own);
}

static int fill(scmp_filter_ctx filter)
{
    int result = 0;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed && result == 0; i++)
        result = allow(filter, allowed[i], 0, NULL);
    if (result == 0)
        result = allow_sockets(filter);
    if (result == 0)
        result = allow_threads(filter);
    if (result == 0)
        result = allow_memory(filter);
    if (result == 0)
        result = allow_by_argument(filter);
    return result;
}

static int install(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    if (filter == NULL)
        return -ENOMEM;
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree */
    int result = fill(filter);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return result;
}

enum sandbox_result sandbox_enter(void)
{
#ifdef HAS_SANITIZER
    (void)listen_to_refusals;
    (void)install;
    return SANDBOX_LEFT_OUT;
#else
    if (listen_to_refusals() != 0)
        return SANDBOX_UNAVAILABLE;
    const int result = install();
    errno = -result;
    return result == 0 ? SANDBOX_ON : SANDBOX_UNAVAILABLE;
#endif
}
