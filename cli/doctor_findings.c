/* SPDX-License-Identifier: MIT */
/*
 * doctor_findings.c - findings, kept and printed
 */
#define _GNU_SOURCE
#include "doctor_findings.h"

#include "utf8.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {[DOCTOR_OK] = "ok", [DOCTOR_WARN] = "warn", [DOCTOR_BAD] = "bad"};

/* Names of processes and files are others' to choose. */
static void make_printable(char *text)
{
    const bool is_text = utf8_valid((const uint8_t *)text, strlen(text));
    for (; *text != '\0'; text++) {
        const unsigned char octet = (unsigned char)*text;
        if (octet < 0x20 || octet == 0x7f || (octet >= 0x80 && !is_text))
            *text = '?';
    }
}

static char *format_text(const char *format, va_list list)
{
    char *text = NULL;
    if (vasprintf(&text, format, list) < 0)
        return NULL;
    make_printable(text);
    return text;
}

void doctor_add(struct doctor_findings *findings, const char *check, enum doctor_status status, const char *format, ...)
{
    if (findings->count == findings->capacity) {
        const size_t capacity = findings->capacity * 2 + 16;
        struct doctor_finding *more = realloc(findings->findings, capacity * sizeof *more);
        if (more == NULL)
            return;
        findings->findings = more;
        findings->capacity = capacity;
    }
    va_list list;
    va_start(list, format);
    char *text = format_text(format, list);
    va_end(list);
    if (text != NULL)
        findings->findings[findings->count++] = (struct doctor_finding){.check = check, .status = status, .text = text};
}

void doctor_advise(struct doctor_findings *findings, const char *format, ...)
{
    if (findings->count == 0)
        return;
    struct doctor_finding *last = &findings->findings[findings->count - 1];
    va_list list;
    va_start(list, format);
    free(last->advice);
    last->advice = format_text(format, list);
    va_end(list);
}

void doctor_take_back(struct doctor_findings *findings, size_t count)
{
    while (findings->count > count) {
        const struct doctor_finding *last = &findings->findings[--findings->count];
        free(last->text);
        free(last->advice);
    }
}

enum doctor_status doctor_worst(const struct doctor_findings *findings)
{
    enum doctor_status worst = DOCTOR_OK;
    for (size_t i = 0; i < findings->count; i++)
        worst = findings->findings[i].status > worst ? findings->findings[i].status : worst;
    return worst;
}

static void print_string(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void print_json(const struct doctor_finding *finding, FILE *out)
{
    fprintf(out, "{\"check\":\"%s\",\"status\":\"%s\",\"text\":", finding->check, words[finding->status]);
    print_string(finding->text, out);
    fputs(",\"advice\":", out);
    if (finding->advice == NULL)
        fputs("null", out);
    else
        print_string(finding->advice, out);
    fputc('}', out);
}

void doctor_print(const struct doctor_findings *findings, bool json, FILE *out)
{
    if (json)
        fputc('[', out);
    for (size_t i = 0; i < findings->count; i++) {
        const struct doctor_finding *finding = &findings->findings[i];
        if (json) {
            fputs(i > 0 ? ",\n" : "", out);
            print_json(finding, out);
            continue;
        }
        fprintf(out, "[%s]%*s %s\n", words[finding->status], (int)(4 - strlen(words[finding->status])), "",
                finding->text);
        if (finding->advice != NULL)
            fprintf(out, "       %s\n", finding->advice);
    }
    if (json)
        fputs("]\n", out);
}

void doctor_findings_done(struct doctor_findings *findings)
{
    doctor_take_back(findings, 0);
    free(findings->findings);
    *findings = (struct doctor_findings){0};
}
