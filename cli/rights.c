/* SPDX-License-Identifier: MIT */
/*
 * rights.c - what a collector gives up as soon as it does not need it any more
 */
#define _GNU_SOURCE
#include "rights.h"

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

enum { NEW_FILES_MASK = 0027, ENTRIES_MAX = 4096 };

static int fail(struct sink_error *error, const char *what, int number)
{
    snprintf(error->text, sizeof error->text, "%s: %s", what, strerror(number));
    return -1;
}

/* --------------------------------------------------------------------------------------------------------- the user */

/* What opening sockets needs, of what this process has; and whether it may take from what programs can get. */
static int keep_for_sockets(bool *ret_may_bound)
{
    static const unsigned wanted[] = {CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW};
    bool have[sizeof wanted / sizeof *wanted];
    if (capng_get_caps_process() != 0)
        return -1;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        have[i] = capng_have_capability(CAPNG_PERMITTED, wanted[i]) != 0;
    *ret_may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
    capng_clear(CAPNG_SELECT_ALL);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (have[i] && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, wanted[i]) != 0)
            return -1;
    }
    return 0;
}

/* One that is there stays as it is: whether it serves is seen later. */
static void give_folder(const char *variable, const char *folder, const struct passwd *user, bool make)
{
    const char *told = getenv(variable);
    if (told != NULL && told[0] == '/')
        return;
    if (make && mkdir(folder, 0700) == 0 && chown(folder, user->pw_uid, user->pw_gid) != 0)
        rmdir(folder);
    struct stat is;
    if (stat(folder, &is) == 0 && S_ISDIR(is.st_mode))
        setenv(variable, folder, 1);
}

static int become(const struct passwd *user, bool make_folders, struct sink_error *error)
{
    give_folder("STATE_DIRECTORY", "/var/lib/weir", user, make_folders);
    give_folder("RUNTIME_DIRECTORY", "/run/weir", user, make_folders);
    bool may_bound;
    if (keep_for_sockets(&may_bound) != 0)
        return fail(error, "cannot look at the capabilities of this process", errno);
    const int bounds = may_bound ? CAPNG_CLEAR_BOUNDING : 0;
    const int result = capng_change_id((int)user->pw_uid, (int)user->pw_gid,
                                       (capng_flags_t)(CAPNG_INIT_SUPP_GRP | CAPNG_CLEAR_AMBIENT | bounds));
    uid_t real, effective, saved;
    if (result != 0 || getresuid(&real, &effective, &saved) != 0 || real != user->pw_uid || effective != user->pw_uid ||
        saved != user->pw_uid) {
        snprintf(error->text, sizeof error->text, "cannot become the user %s (%d): %s; a container may lack "
                 "CAP_SETUID and CAP_SETGID", user->pw_name, result, strerror(errno));
        return -1;
    }
    setenv("HOME", user->pw_dir, 1);
    setenv("USER", user->pw_name, 1);
    unsetenv("XDG_RUNTIME_DIR"); /* root's own */
    return 0;
}

static const struct passwd *find_user(const char *name, bool *ret_usage, struct sink_error *error)
{
    errno = 0;
    const struct passwd *user = getpwnam(name);
    if (user != NULL)
        return user;
    *ret_usage = errno == 0;
    snprintf(error->text, sizeof error->text, "there is no user '%.60s'%s%s; 'useradd --system %.60s' makes one", name,
             errno == 0 ? "" : ": ", errno == 0 ? "" : strerror(errno), name);
    return NULL;
}

int rights_take_user(const char *name, bool *ret_usage, struct sink_error *error)
{
    if (name == NULL)
        return 0;
    const struct passwd *user = find_user(name, ret_usage, error);
    if (user == NULL)
        return -1;
    if (user->pw_uid == geteuid())
        return 0;
    if (geteuid() != 0) {
        *ret_usage = true;
        snprintf(error->text, sizeof error->text, "only root can become another user, and --user asks for '%.60s'",
                 name);
        return -1;
    }
    return become(user, true, error);
}

int rights_try_user(const char *name, struct sink_error *error)
{
    bool usage;
    const struct passwd *user = name == NULL ? NULL : find_user(name, &usage, error);
    if (user == NULL)
        return name == NULL ? 0 : -1;
    return geteuid() == 0 && user->pw_uid != 0 ? become(user, false, error) : 0;
}

/* ----------------------------------------------------------------------------------------------------- capabilities */

int rights_drop(void (*warn)(void *context, const char *text), void *context, struct sink_error *error)
{
    const bool root = geteuid() == 0;
    umask(NEW_FILES_MASK);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail(error, "cannot give up getting new rights", errno);
    if (capng_get_caps_process() != 0)
        return fail(error, "cannot look at the capabilities of this process", errno);
    const bool may_lock = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
    if (may_lock && capng_lock() != 0) /* being root means nothing to what is executed */
        return fail(error, "cannot give up the capabilities of root", errno);
    /* else nothing is asked of a filter of others */
    const bool has_some = capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE;
    capng_clear(CAPNG_SELECT_ALL);
    if (may_lock && capng_apply(CAPNG_SELECT_BOUNDS) != 0)
        return fail(error, "cannot give up the capabilities that programs may get", errno);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* kernels before 4.3 have none */
    if (has_some && capng_apply(CAPNG_SELECT_CAPS) != 0)
        return fail(error, "cannot give up the capabilities of this process", errno);
    if (capng_get_caps_process() != 0 || capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE) {
        snprintf(error->text, sizeof error->text, "cannot give up the capabilities of this process: some are left");
        return -1;
    }
    if (root && warn != NULL)
        warn(context, "runs as root, without root's capabilities; --user NAME has it run as somebody else");
    return 0;
}

/* ---------------------------------------------------------------------------------------------------------- folders */

static bool can(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

bool rights_keeps_files(const char *folder)
{
    struct statfs is;
    return statfs(folder, &is) != 0 ||
           (is.f_type != PROC_SUPER_MAGIC && is.f_type != SYSFS_MAGIC && is.f_type != CGROUP2_SUPER_MAGIC);
}

/* What helps against `path` being closed to the user: the folder itself, what is in it, or what it would be made in. */
static void advise(const char *path, const char *folder, const char *name, char *ret_text, size_t room_bytes)
{
    struct stat is;
    if (!rights_keeps_files(path))
        snprintf(ret_text, room_bytes, "no files can be kept there; name another folder");
    else if (stat(folder, &is) == 0 && (is.st_mode & S_ISVTX) != 0)
        snprintf(ret_text, room_bytes, "%.100s is for all users; name a folder for this alone", folder);
    else if (stat(folder, &is) != 0)
        snprintf(ret_text, room_bytes, "'install -d -o %s %.100s' makes it for him", name, folder);
    else if (stat(path, &is) == 0 && is.st_uid == geteuid())
        snprintf(ret_text, room_bytes, "it is his, and 'chmod -R u+rwX %.100s' opens it", folder);
    else
        snprintf(ret_text, room_bytes, "'chown -R %s: %.100s' gives it to him", name, folder);
}

static int refuse(const char *path, const char *folder, const char *what, struct sink_error *error)
{
    const int number = errno;
    const struct passwd *user = getpwuid(geteuid());
    char id[32], advice[220];
    snprintf(id, sizeof id, "%u", (unsigned)geteuid());
    const char *name = user != NULL ? user->pw_name : id;
    advise(path, folder, name, advice, sizeof advice);
    snprintf(error->text, sizeof error->text, "%s: %.150s cannot be used by the user %.40s: %s; %s", what, path, name,
             strerror(number), advice);
    return -1;
}

static int check_inside(const char *folder, const char *what, enum rights_inside inside, struct sink_error *error)
{
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return refuse(folder, folder, what, error);
    int result = 0;
    const struct dirent *entry;
    for (int i = 0; i < ENTRIES_MAX && result == 0 && (entry = readdir(entries)) != NULL; i++) {
        char *path = NULL;
        struct stat is;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
            break;
        if (lstat(path, &is) == 0 && ((inside == RIGHTS_FOLDERS && S_ISDIR(is.st_mode) && !can(path, W_OK | X_OK)) ||
                                      (inside == RIGHTS_FILES && S_ISREG(is.st_mode) && !can(path, R_OK | W_OK))))
            result = refuse(path, folder, what, error);
        free(path);
    }
    closedir(entries);
    return result;
}

int rights_check_folder(const char *folder, const char *what, enum rights_inside inside, struct sink_error *error)
{
    struct stat is;
    char *path = strdup(folder[0] == '\0' ? "." : folder);
    if (path == NULL)
        return fail(error, what, ENOMEM);
    const bool there = stat(path, &is) == 0;
    for (bool found = there; !found && errno == ENOENT;) { /* the one that it would be made in */
        char *slash = strrchr(path, '/');
        if (slash == NULL)
            strcpy(path, ".");
        else
            slash[slash == path] = '\0';
        found = stat(path, &is) == 0 || strcmp(path, "/") == 0 || strcmp(path, ".") == 0;
    }
    int result = 0;
    const bool is_folder = stat(path, &is) == 0 && S_ISDIR(is.st_mode);
    if (is_folder && !can(path, W_OK | X_OK) && errno != EROFS) /* of other obstacles those tell who meet them */
        result = refuse(path, folder, what, error);
    else if (is_folder && there && inside != RIGHTS_NOTHING)
        result = check_inside(folder, what, inside, error);
    free(path);
    return result;
}
