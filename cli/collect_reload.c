/* SPDX-License-Identifier: MIT */
/*
 * collect_reload.c - SIGHUP while weir collect receives
 *
 * First all of the file is read and looked at, then what has changed is put to use: a file with a fault changes nothing.
 */
#define _GNU_SOURCE
#include "collect_reload.h"

#include "collect_config.h"
#include "outputs.h"
#include "store_sink.h"

#include <stdio.h>
#include <string.h>

enum { CALL_MS = 3000, NAMES_SIZE = 1024 };

static void tell(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "weir collect: %s\n", text);
}

int collect_reload_init(struct collect_reload *reload, const struct collect_options *options)
{
    *reload = (struct collect_reload){.config = options->config, .options = *options};
    return collect_config_join(options->config, &reload->running);
}

void collect_reload_done(struct collect_reload *reload)
{
    collect_settings_done(&reload->running);
}

/* ------------------------------------------------------------------------------------------------------- what changed */

static bool acts_at_once(const void *context, size_t option)
{
    (void)context;
    return collect_option_table[option].reloads;
}

static bool acts_after_a_restart(const void *context, size_t option)
{
    return !acts_at_once(context, option);
}

static void add_name(char names[NAMES_SIZE], size_t option)
{
    char key[COLLECT_KEY_SIZE];
    const size_t length = strlen(names);
    collect_option_key(&collect_option_table[option], key);
    snprintf(names + length, NAMES_SIZE - length, "%s%s", length == 0 ? "" : ", ", key);
}

static void tell_changes(const struct collect_reload *reload, const struct collect_settings *wanted)
{
    char act[NAMES_SIZE] = "", restart[NAMES_SIZE] = "";
    for (size_t i = 0; i < collect_option_count; i++) {
        if (collect_option_has_key(&collect_option_table[i]) && !collect_settings_same(&reload->running, wanted, i))
            add_name(acts_at_once(NULL, i) ? act : restart, i);
    }
    if (act[0] == '\0' && restart[0] == '\0')
        fprintf(stderr, "weir collect: %s was read again, and nothing in it is new\n", reload->config->path);
    if (act[0] != '\0')
        fprintf(stderr, "weir collect: %s was read again; what is new: %s\n", reload->config->path, act);
    if (restart[0] != '\0')
        fprintf(stderr, "weir collect: %s has more that is new, and needs a restart: %s\n", reload->config->path, restart);
}

/* ------------------------------------------------------------------------------------------------------- putting to use */

struct change {
    const struct collect_options *options;
    int64_t now_us;
};

static void set_keep(void *context, struct collector *collector)
{
    const struct change *change = context;
    struct sink_error error;
    for (size_t i = 0; i < collector->sink_count; i++) {
        if (store_sink_keep(collector->sinks[i], &change->options->store, &error) != 0)
            tell(NULL, error.text);
    }
}

static void set_rotate(void *context, struct collector *collector)
{
    const struct change *change = context;
    collector_rotate_each(collector, change->options->rotate_us, change->now_us);
}

static void reopen(void *context, struct collector *collector)
{
    collector_reopen(collector, tell, context);
}

static void tell_missed(unsigned count, const char *what)
{
    if (count > 0)
        fprintf(stderr, "weir collect: %u of the outputs did not come to it to %s; send SIGHUP again when they do\n", count,
                what);
}

static bool same_allowed(const struct collect_options *before, const struct collect_options *now)
{
    bool same = before->allowed_count == now->allowed_count;
    for (size_t i = 0; same && i < now->allowed_count; i++)
        same = strcmp(before->allowed[i], now->allowed[i]) == 0;
    return same;
}

/* The list that is to be put to use, NULL with the text told where there is no memory for it. */
static struct address_list *make_allowed(const struct collect_options *options)
{
    static const char *const all[] = {"0.0.0.0/0", "::/0"};
    struct sink_error error;
    struct address_list *list = options->allowed_count == 0
                                    ? address_list_create(all, 2, &error)
                                    : address_list_create(options->allowed, options->allowed_count, &error);
    if (list == NULL)
        tell(NULL, error.text);
    return list;
}

/* The first worker's writers look after their stores, for all. `allowed`: NULL where it is as it was. */
static void put_to_use(struct collect_reload *reload, const struct collect_options *before,
                       struct address_list *allowed, struct engine *engine, int64_t now_us)
{
    const struct collect_options *now = &reload->options;
    struct change change = {.options = now, .now_us = now_us};
    if (allowed != NULL)
        engine_set_allowed(engine, allowed);
    if (now->store.commit_us != before->store.commit_us)
        engine_set_commit(engine, now->store.commit_us);
    if (now->store.merge != before->store.merge || now->store.keep_days != before->store.keep_days ||
        now->store.keep_bytes != before->store.keep_bytes)
        tell_missed(!engine_call(engine, 0, set_keep, &change, CALL_MS), "take what is to be kept");
    if (now->rotate_us != before->rotate_us)
        tell_missed(engine_call_all(engine, set_rotate, &change, CALL_MS), "take Rotate");
}

/* What the file wants now, where all of it can be. */
static bool look_at(struct collect_reload *reload, struct collect_settings *wanted)
{
    struct collect_options options;
    struct sink_error error;
    if (collect_config_join(reload->config, wanted) != 0) {
        tell(NULL, "not enough memory to read settings again");
        return false;
    }
    collect_settings_defaults(&options);
    collect_settings_apply(wanted, &options);
    const char *conflict = options.file != NULL ? "Read is for the start, and this one receives"
                                                : collect_options_conflict(&options);
    if (conflict == NULL && outputs_check(&options, &error) != 0)
        conflict = error.text;
    if (conflict != NULL)
        fprintf(stderr, "weir collect: %s: %s\n", reload->config->path, conflict);
    return conflict == NULL;
}

static bool take(struct collect_reload *reload, const struct collect_settings *wanted, struct engine *engine, int64_t now_us)
{
    const struct collect_options before = reload->options;
    struct collect_settings running = {0};
    struct address_list *allowed = NULL;
    if (collect_settings_join(&running, wanted, acts_at_once, NULL) != 0 ||
        collect_settings_join(&running, &reload->running, acts_after_a_restart, NULL) != 0) {
        collect_settings_done(&running);
        tell(NULL, "not enough memory to read settings again");
        return false;
    }
    collect_settings_defaults(&reload->options);
    collect_settings_apply(&running, &reload->options);
    if (!same_allowed(&before, &reload->options) && (allowed = make_allowed(&reload->options)) == NULL) {
        reload->options = before;
        collect_settings_done(&running);
        return false;
    }
    tell_changes(reload, wanted);
    collect_settings_done(&reload->running);
    reload->running = running;
    put_to_use(reload, &before, allowed, engine, now_us);
    address_list_free(allowed);
    return true;
}

static bool read_again(struct collect_reload *reload, struct engine *engine, int64_t now_us)
{
    struct collect_config *config = reload->config;
    struct collect_settings before = config->file, wanted = {0};
    config->file = (struct collect_settings){0};
    const bool taken = collect_config_read(config, tell, NULL) == 0 && look_at(reload, &wanted) &&
                       take(reload, &wanted, engine, now_us);
    if (taken) {
        collect_settings_done(&before);
    } else {
        collect_settings_done(&config->file);
        config->file = before;
    }
    collect_settings_done(&wanted);
    return taken;
}

void collect_reload(struct collect_reload *reload, struct engine *engine, int64_t now_us)
{
    if (reload->config->path == NULL)
        tell(NULL, "SIGHUP: there is no file of --config to read again; files of JSON that were moved away are begun anew");
    else if (!read_again(reload, engine, now_us))
        fprintf(stderr, "weir collect: %s is wrong, so all stays as it was\n", reload->config->path);
    tell_missed(engine_call_all(engine, reopen, NULL, CALL_MS), "open files anew");
}
