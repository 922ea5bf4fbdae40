/* SPDX-License-Identifier: MIT */
/*
 * doctor_findings.h - what weir doctor has found, and what to do about it
 */
#ifndef WEIR_CLI_DOCTOR_FINDINGS_H
#define WEIR_CLI_DOCTOR_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum doctor_status { DOCTOR_OK, DOCTOR_WARN, DOCTOR_BAD };

struct doctor_finding {
    const char *check; /* "rmem_max": for programs, does not change */
    enum doctor_status status;
    char *text;   /* what is */
    char *advice; /* what to do; NULL: nothing */
};

struct doctor_findings {
    struct doctor_finding *findings;
    size_t count, capacity;
};

/* What checks are told. */
struct doctor_settings {
    const char *proc; /* "/proc", or a folder with files of the same names */
    const uint16_t *ports;
    size_t port_count;
    const char *folder; /* of the store; NULL: not known */
    bool folder_told;   /* the user has named it */
    int64_t listen_us;  /* listen so long on ports that are free; 0: not */
    bool write;         /* measure the disk */
    int64_t now_us;
};

/* Adds one; `check` stays the caller's. What is not printable in the text becomes '?'. What there is no memory for is
   left out. */
__attribute__((format(printf, 4, 5))) void doctor_add(struct doctor_findings *findings, const char *check,
                                                      enum doctor_status status, const char *format, ...);

/* Adds to the last one what to do. */
__attribute__((format(printf, 2, 3))) void doctor_advise(struct doctor_findings *findings, const char *format, ...);

/* Takes back all but the first so many. */
void doctor_take_back(struct doctor_findings *findings, size_t count);

/* The worst there is. */
enum doctor_status doctor_worst(const struct doctor_findings *findings);

/* Lines for people, or an array of JSON. */
void doctor_print(const struct doctor_findings *findings, bool json, FILE *out);

void doctor_findings_done(struct doctor_findings *findings);

/* The checks. A finding each at least. */
void doctor_check_buffer(const struct doctor_settings *settings, struct doctor_findings *findings);
void doctor_check_drops(const struct doctor_settings *settings, struct doctor_findings *findings);
void doctor_check_ports(const struct doctor_settings *settings, struct doctor_findings *findings);
void doctor_check_firewall(const struct doctor_settings *settings, struct doctor_findings *findings);
void doctor_check_clock(const struct doctor_settings *settings, struct doctor_findings *findings);
void doctor_check_disk(const struct doctor_settings *settings, struct doctor_findings *findings);
void doctor_check_journal(const struct doctor_settings *settings, struct doctor_findings *findings);
void doctor_check_store(const struct doctor_settings *settings, struct doctor_findings *findings);
void doctor_check_exporters(const struct doctor_settings *settings, struct doctor_findings *findings);

#endif
