/* SPDX-License-Identifier: MIT */
/* duckdb_library.c - finds DuckDB's shared library and the functions in it */
#define _GNU_SOURCE
#include "duckdb_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LIBRARY "libduckdb.so"

enum { PATH_SIZE = 4096, VERSION_MAJOR = 1, VERSION_MINOR = 2 };

static const struct {
    const char *name;
    size_t offset;
} names[] = {
#define X(name) {"duckdb_" #name, offsetof(struct duckdb_functions, name)},
    DUCKDB_FUNCTIONS(X)
#undef X
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct duckdb_functions functions;
static bool loaded;

bool duckdb_version_is_usable(const char *version)
{
    int major = 0, minor = 0;
    if (sscanf(version, "v%d.%d", &major, &minor) != 2)
        return true;
    return major > VERSION_MAJOR || (major == VERSION_MAJOR && minor >= VERSION_MINOR);
}

/* Adds a line to what was tried. */
static void note(struct query_error *error, const char *path, const char *why)
{
    const size_t length = strlen(error->text);
    snprintf(error->text + length, sizeof error->text - length, "%s  %.500s: %.500s", length > 0 ? "\n" : "",
             path, why);
}

/* Opens one and fills the table; a library that cannot be used is left open, as closing one that has run its
 * constructors is worse. */
static bool load(const char *path, struct query_error *tried)
{
    struct duckdb_functions found;
    void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) {
        note(tried, path, dlerror());
        return false;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *function = dlsym(library, names[i].name);
        if (function == NULL) {
            char why[200];
            snprintf(why, sizeof why, "it lacks %s: too old, or not DuckDB", names[i].name);
            note(tried, path, why);
            return false;
        }
        memcpy((char *)&found + names[i].offset, &function, sizeof function);
    }
    if (!duckdb_version_is_usable(found.library_version())) {
        char why[200];
        snprintf(why, sizeof why, "its version is %.40s, and %d.%d or later is needed", found.library_version(),
                 VERSION_MAJOR, VERSION_MINOR);
        note(tried, path, why);
        return false;
    }
    functions = found;
    return true;
}

/* The folder of this program's file, without a slash at its end; "" when it cannot be told. */
static void own_folder(char folder[PATH_SIZE])
{
    const ssize_t length = readlink("/proc/self/exe", folder, PATH_SIZE - 1);
    folder[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = '\0';
}

/* A library in a folder that is there. */
static bool load_from(const char *folder, struct query_error *tried)
{
    char path[PATH_SIZE + 128];
    snprintf(path, sizeof path, "%s/" LIBRARY, folder);
    return access(path, F_OK) == 0 && load(path, tried);
}

static bool find(struct query_error *tried)
{
    const char *told = getenv("WEIR_DUCKDB");
    if (told != NULL && told[0] != '\0')
        return load(told, tried);
    char own[PATH_SIZE], folder[PATH_SIZE + 100];
    own_folder(own);
    if (load(LIBRARY, tried))
        return true;
    if (load_from(WEIR_LIBRARY_FOLDER, tried))
        return true;
    /* of a tree that was moved as a whole */
    static const char *const folders[] = {"lib", WEIR_LIBDIR};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(folder, sizeof folder, "%s/../%s/weir", own, folders[i]);
        if (load_from(folder, tried))
            return true;
    }
    /* The sources are known to the program while it lies in the folder of the build: elsewhere, a library that others
     * may write to would be taken. */
    const size_t build = strlen(WEIR_BUILD_FOLDER);
    if (strncmp(own, WEIR_BUILD_FOLDER, build) == 0 && (own[build] == '\0' || own[build] == '/'))
        return load_from(WEIR_THIRD_PARTY_FOLDER, tried);
    return false;
}

const struct duckdb_functions *duckdb_library(struct query_error *error)
{
    pthread_mutex_lock(&lock);
    if (!loaded) {
        struct query_error tried = {.text = ""};
        loaded = find(&tried);
        if (!loaded)
            snprintf(error->text, sizeof error->text,
                     "cannot use DuckDB's library, which answers queries:\n%.3000s\n"
                     "tools/setup.sh of the sources gets it; or install libduckdb, or name one: "
                     "WEIR_DUCKDB=/.../" LIBRARY,
                     tried.text);
    }
    const bool usable = loaded;
    pthread_mutex_unlock(&lock);
    return usable ? &functions : NULL;
}
