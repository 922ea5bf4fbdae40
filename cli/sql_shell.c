/* SPDX-License-Identifier: MIT */
/*
 * sql_shell.c - the shell of weir sql, with libedit
 *
 * A statement ends with ';' at the end of a line. Ctrl-C drops what was typed, or ends the statement that runs.
 */
#define _GNU_SOURCE
#include "sql_shell.h"

#include "exit_code.h"

#include <editline/readline.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HISTORY_MAX = 1000 };

static const char shell_help[] =
    "A statement of SQL ends with ';'. Tables: flows, exporters, templates, interfaces, applications, ledger, options;\n"
    "DESCRIBE flows; shows the columns of one. Functions: addr, ipv4, ipv6, in_net, mac, service, proto_name, tcp_flags,\n"
    "human_bytes; see weir-sql(1).\n"
    "  .output FORMAT  box, csv, json, ndjson or markdown from now on\n"
    "  .help           this text\n"
    "  .quit           leave, as exit, quit and Ctrl-D do\n";

/* The shell is one: what the signal handler and the completion of libedit can find. */
static struct sql_run *shell_run;
static char *statement; /* the lines so far, NULL for none */

static void on_interrupt(int number)
{
    (void)number;
    query_interrupt(shell_run->store->query);
}

/* ---------------------------------------------------------------------------------------------------- completion */

static char **suggestions; /* for the word at hand */
static size_t suggestion_count;

static void drop_suggestions(void)
{
    for (size_t i = 0; i < suggestion_count; i++)
        free(suggestions[i]);
    free(suggestions);
    suggestions = NULL;
    suggestion_count = 0;
}

/* Tables, their columns, functions and words of SQL that begin so. */
static void ask_for_suggestions(const char *word)
{
    static const char sql[] =
        "SELECT DISTINCT name FROM (SELECT view_name AS name FROM duckdb_views() WHERE NOT internal AND schema_name = "
        "'main'"
        " UNION ALL SELECT table_name FROM duckdb_tables() UNION ALL SELECT column_name FROM duckdb_columns()"
        " WHERE NOT internal AND schema_name = 'main' UNION ALL SELECT keyword_name FROM duckdb_keywords()"
        " UNION ALL SELECT function_name FROM duckdb_functions() WHERE function_name ~ '^[a-z]')"
        " WHERE starts_with(lower(name), lower($1)) ORDER BY name";
    struct query_error error;
    struct query_result *result;
    struct query_chunk chunk;
    const struct query_value value = {.kind = QUERY_VALUE_TEXT, .octets = {word, strlen(word)}};
    drop_suggestions();
    if (query_run(shell_run->store->query, sql, &value, 1, &result, &error) != 0)
        return;
    while (query_next(result, &chunk, &error) == 1) {
        char **more = realloc(suggestions, (suggestion_count + chunk.row_count) * sizeof *suggestions);
        if (more == NULL)
            break;
        suggestions = more;
        for (size_t row = 0; row < chunk.row_count; row++) {
            const struct query_octets octets = query_octets_at(&chunk.vectors[0], row);
            char *suggestion = strndup((const char *)octets.data, octets.size_bytes);
            if (suggestion == NULL)
                break;
            suggestions[suggestion_count++] = suggestion;
        }
    }
    query_result_free(result);
}

/* libedit calls it with `state` 0 first, until there is none left. */
static char *next_suggestion(const char *word, int state)
{
    static size_t next;
    (void)word;
    if (state == 0)
        next = 0;
    return next < suggestion_count ? strdup(suggestions[next++]) : NULL;
}

static char **complete(const char *word, int start, int end)
{
    (void)start;
    (void)end;
    rl_attempted_completion_over = 1; /* no names of files */
    ask_for_suggestions(word);
    return rl_completion_matches(word, next_suggestion);
}

/* ------------------------------------------------------------------------------------------------------- history */

/* Beside where Weir keeps its state, or NULL. */
static char *history_path(void)
{
    char *path = NULL;
    const char *state_home = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int length = -1;
    if (state_home != NULL && state_home[0] == '/')
        length = asprintf(&path, "%s/weir/sql_history", state_home);
    else if (home != NULL && home[0] == '/')
        length = asprintf(&path, "%s/.local/state/weir/sql_history", home);
    if (length < 0)
        return NULL;
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    return path;
}

/* -------------------------------------------------------------------------------------------------------- lines */

/* Whether a line says to leave, in one of the ways that people try; a statement has no such line of its own. */
static bool is_end(const char *line)
{
    static const char *const ends[] = {".quit", ".exit", "quit", "exit", "quit;", "exit;"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (strcasecmp(line, ends[i]) == 0)
            return true;
    }
    return false;
}

/* Does a command of the shell, where a line is one. */
static void shell_command(struct sql_run *run, const char *line, bool *ret_done)
{
    enum query_format format;
    *ret_done = line[0] == '.';
    if (!*ret_done)
        return;
    const size_t length = strcspn(line, " ");
    const char *word = line + length + strspn(line + length, " ");
    if (strncmp(line, ".output ", 8) != 0)
        fputs(shell_help, stdout);
    else if (sql_format_find(word, &format) != 0 || format == QUERY_FORMAT_COUNT)
        fprintf(stderr, "weir sql: no format '%s' here; there are box, csv, json, ndjson and markdown\n", word);
    else
        run->format = format;
}

static void cut_blanks(char *line)
{
    size_t length = strlen(line);
    while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
        line[--length] = '\0';
}

/* Adds a line, and runs the statement when that ends it. */
static void take_line(struct sql_run *run, const char *line)
{
    char *longer;
    if (asprintf(&longer, "%s%s%s", statement != NULL ? statement : "", statement != NULL ? "\n" : "", line) < 0) {
        fputs("weir sql: not enough memory\n", stderr);
        return;
    }
    free(statement);
    statement = longer;
    const size_t length = strlen(statement);
    if (length == 0 || statement[length - 1] != ';')
        return;
    add_history(statement);
    (void)sql_run(run, statement);
    free(statement);
    statement = NULL;
}

static void loop(struct sql_run *run)
{
    for (char *line; (line = readline(statement != NULL ? "  ... " : "weir> ")) != NULL; free(line)) {
        bool done = false;
        cut_blanks(line);
        if (line[0] == '\0' && statement == NULL)
            continue;
        if (is_end(line)) {
            free(line);
            return;
        }
        if (statement == NULL)
            shell_command(run, line, &done);
        if (done)
            add_history(line);
        else
            take_line(run, line);
    }
    putchar('\n');
}

int sql_shell(struct sql_run *run)
{
    static char program[] = "weir", word_ends[] = " \t\n\"\\'`@$><=;|&{(),.*+-/%";
    char *path = history_path();
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    shell_run = run;
    rl_readline_name = program;
    rl_attempted_completion_function = complete;
    rl_completer_word_break_characters = word_ends;
    rl_completion_append_character = '\0';
    using_history();
    stifle_history(HISTORY_MAX);
    if (path != NULL)
        (void)read_history(path);
    puts("SQL over the store; .help tells more, .quit leaves.");
    loop(run);
    fflush(stdout);
    const mode_t mask = umask(077);
    if (path != NULL)
        (void)write_history(path);
    umask(mask);
    free(path);
    free(statement);
    statement = NULL;
    drop_suggestions();
    return EXIT_SUCCESS;
}
