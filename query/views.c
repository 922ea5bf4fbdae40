/* SPDX-License-Identifier: MIT */
/*
 * views.c - the files of a store as tables
 *
 * Each kind of file is one view over read_parquet(), or over nothing, with the columns that are always there. The files
 * of one kind have different further columns; what a file lacks is null in its rows.
 */
#define _GNU_SOURCE
#include "views.h"

#include "text_buffer.h"
#include "usable_files.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A column that is there without any file too, with its type as SQL names it. */
struct view_column {
    const char *name;
    const char *type;
};

static const struct view_column flow_columns[] = {
    {"received", "TIMESTAMPTZ"}, {"exporter_ipv4", "UINTEGER"}, {"exporter_ipv6", "BLOB"},
    {"exporter_port", "USMALLINT"}, {"domain", "UINTEGER"}, {"version", "UTINYINT"}, {"template_id", "USMALLINT"},
    {"export_time", "TIMESTAMPTZ"}, {"sys_uptime_ms", "UINTEGER"}, {"time_start", "TIMESTAMPTZ"},
    {"time_end", "TIMESTAMPTZ"}, {"ip_version", "UTINYINT"}, {"src_ipv4", "UINTEGER"}, {"src_ipv6", "BLOB"},
    {"dst_ipv4", "UINTEGER"}, {"dst_ipv6", "BLOB"}, {"src_prefix", "UTINYINT"}, {"dst_prefix", "UTINYINT"},
    {"protocol", "UTINYINT"}, {"src_port", "USMALLINT"}, {"dst_port", "USMALLINT"}, {"tcp_flags", "USMALLINT"},
    {"tos", "UTINYINT"}, {"post_tos", "UTINYINT"}, {"flow_label", "UINTEGER"}, {"icmp_type", "UTINYINT"},
    {"icmp_code", "UTINYINT"}, {"bytes", "UBIGINT"}, {"packets", "UBIGINT"}, {"reverse_bytes", "UBIGINT"},
    {"reverse_packets", "UBIGINT"}, {"flows", "UBIGINT"}, {"sampling_rate", "UINTEGER"}, {"in_interface", "UINTEGER"},
    {"out_interface", "UINTEGER"}, {"direction", "UTINYINT"}, {"biflow_direction", "UTINYINT"},
    {"next_hop_ipv4", "UINTEGER"}, {"next_hop_ipv6", "BLOB"}, {"bgp_next_hop_ipv4", "UINTEGER"},
    {"bgp_next_hop_ipv6", "BLOB"}, {"src_as", "UINTEGER"}, {"dst_as", "UINTEGER"}, {"previous_as", "UINTEGER"},
    {"next_as", "UINTEGER"}, {"forwarding_status", "UTINYINT"}, {"flow_end_reason", "UTINYINT"},
    {"in_vrf", "UINTEGER"}, {"out_vrf", "UINTEGER"}, {"src_mac", "BLOB"}, {"dst_mac", "BLOB"},
    {"post_src_mac", "BLOB"}, {"post_dst_mac", "BLOB"}, {"vlan", "USMALLINT"}, {"post_vlan", "USMALLINT"},
    {"customer_vlan", "USMALLINT"}, {"post_customer_vlan", "USMALLINT"}, {"ethernet_type", "USMALLINT"},
    {"mpls_label_1", "BLOB"}, {"mpls_label_2", "BLOB"}, {"mpls_label_3", "BLOB"}, {"mpls_label_4", "BLOB"},
    {"mpls_label_5", "BLOB"}, {"mpls_label_6", "BLOB"}, {"mpls_label_7", "BLOB"}, {"mpls_label_8", "BLOB"},
    {"mpls_label_9", "BLOB"}, {"mpls_label_10", "BLOB"}, {"nat_src_ipv4", "UINTEGER"}, {"nat_src_ipv6", "BLOB"},
    {"nat_dst_ipv4", "UINTEGER"}, {"nat_dst_ipv6", "BLOB"}, {"nat_src_port", "USMALLINT"},
    {"nat_dst_port", "USMALLINT"}, {"nat_event", "UTINYINT"}, {"firewall_event", "UTINYINT"},
    {"application_id", "BLOB"}, {"user_name", "VARCHAR"},
};

/* What options files are asked for besides what they hold. */
static const struct view_column option_columns[] = {
    {"received", "TIMESTAMPTZ"}, {"exporter_ipv4", "UINTEGER"}, {"exporter_ipv6", "BLOB"},
    {"exporter_port", "USMALLINT"}, {"domain", "UINTEGER"}, {"version", "UTINYINT"}, {"template_id", "USMALLINT"},
    {"scopeInterface", "UINTEGER"}, {"ingressInterface", "UINTEGER"}, {"egressInterface", "UINTEGER"},
    {"interfaceName", "VARCHAR"}, {"interfaceDescription", "VARCHAR"}, {"applicationId", "BLOB"},
    {"applicationName", "VARCHAR"}, {"applicationDescription", "VARCHAR"}, {"applicationCategoryName", "VARCHAR"},
    {"applicationSubCategoryName", "VARCHAR"},
};

/* Counts since the commit before; what comes late takes back what was counted as lost. */
static const struct view_column ledger_columns[] = {
    {"received", "TIMESTAMPTZ"}, {"exporter_ipv4", "UINTEGER"}, {"exporter_ipv6", "BLOB"},
    {"exporter_port", "USMALLINT"}, {"domain", "UINTEGER"}, {"version", "UTINYINT"}, {"datagrams", "BIGINT"},
    {"bytes", "BIGINT"}, {"flows", "BIGINT"}, {"options", "BIGINT"}, {"lost", "BIGINT"},
    {"lost_records", "BIGINT"}, {"reordered", "BIGINT"}, {"duplicates", "BIGINT"}, {"restarts", "BIGINT"},
    {"sets_skipped", "BIGINT"}, {"sets_given_up", "BIGINT"}, {"datagrams_refused", "BIGINT"},
    {"rows_stored", "BIGINT"}, {"rows_dropped", "BIGINT"}, {"reported_flows", "BIGINT"},
    {"dropped_kernel", "BIGINT"}, {"dropped_journal", "BIGINT"}, {"outputs_missed", "BIGINT"},
    {"not_allowed", "BIGINT"}, {"cut_off", "BIGINT"},
};

/* A name between quotes of this kind, which are doubled within. */
static int put_quoted(struct text_buffer *sql, const char *text, char quote)
{
    int result = text_put_char(sql, quote);
    for (; *text != '\0' && result == 0; text++) {
        if (*text == quote)
            result = text_put_char(sql, quote);
        if (result == 0)
            result = text_put_char(sql, *text);
    }
    return result == 0 ? text_put_char(sql, quote) : -1;
}

/* "SELECT CAST(NULL AS UINTEGER) AS "domain", ... WHERE false": no row, but the columns. */
static int put_no_rows(struct text_buffer *sql, const struct view_column *columns, size_t count)
{
    int result = text_put(sql, "SELECT ");
    for (size_t i = 0; i < count && result == 0; i++)
        result = text_print(sql, "%sCAST(NULL AS %s) AS \"%s\"", i > 0 ? ", " : "", columns[i].type, columns[i].name);
    return result == 0 ? text_put(sql, " WHERE false") : -1;
}

/* Columns by their IDs: what a file lacks is null. */
static void put_known(struct text_buffer *sql, const struct query_paths *known)
{
    text_put(sql, "schema = MAP {");
    for (size_t i = 0; i < known->column_count; i++) {
        text_print(sql, "%s%ld: {name: ", i > 0 ? ", " : "", (long)known->columns[i].field_id);
        put_quoted(sql, known->columns[i].name, '\'');
        text_print(sql, ", type: '%s', default_value: NULL}", known->columns[i].type);
    }
    text_put(sql, "}");
}

/* "['...', '...']" */
static void put_paths(struct text_buffer *sql, const struct usable_files *files)
{
    text_put(sql, "[");
    for (size_t i = 0; i < files->count; i++) {
        text_put(sql, i > 0 ? ", " : "");
        put_quoted(sql, files->paths[i], '\'');
    }
    text_put(sql, "]");
}

/* `known`, unless it is NULL, tells the columns of all. */
static void put_files(struct text_buffer *sql, const struct usable_files *files, const struct query_paths *known)
{
    text_put(sql, "read_parquet(");
    put_paths(sql, files);
    /* the folders' names tell when datagrams came, which is no column */
    text_put(sql, ", hive_partitioning = false, ");
    if (known != NULL)
        put_known(sql, known);
    else
        text_put(sql, "union_by_name = true");
    text_put(sql, ")");
}

/* Behind the files, where nothing is to be read. */
static const char *no_rows_of(const struct query_paths *known)
{
    return known != NULL && known->are_vain ? " WHERE false" : "";
}

/* One of the kinds of files, and what is to be there of it. */
struct stored {
    const char *name;
    const struct view_column *columns;
    size_t column_count;
    bool add_missing; /* the columns may be in none of the files */
    bool is_flows;    /* which may be asked where they stand */
};

static int create_stored(struct query *query, const struct stored *stored, const struct usable_files *files,
                         const struct query_paths *known, struct query_error *error)
{
    struct text_buffer sql = {0};
    int result = -1;
    text_print(&sql, "CREATE OR REPLACE VIEW stored.%s AS ", stored->name);
    if (files->count > 0) {
        text_put(&sql, "SELECT * FROM ");
        put_files(&sql, files, known);
        text_put(&sql, no_rows_of(known));
    }
    if (files->count > 0 && stored->add_missing)
        text_put(&sql, " UNION ALL BY NAME ");
    if (files->count == 0 || stored->add_missing)
        put_no_rows(&sql, stored->columns, stored->column_count);
    if (sql.failed)
        connection_error(error, NULL);
    else
        result = connection_do(query, sql.data, error);
    text_done(&sql);
    return result;
}

/* Flows with where they stand, and the metadata of their files. */
static int create_places(struct query *query, struct query_error *error)
{
    struct text_buffer sql = {0};
    int result = -1;
    if (query->flow_files == NULL)
        return connection_do(query, "DROP MACRO TABLE IF EXISTS stored.flow_files; "
                                    "DROP MACRO TABLE IF EXISTS stored.flow_groups", error);
    text_put(&sql, "CREATE OR REPLACE MACRO stored.flow_files() AS TABLE SELECT *, file_index, file_row_number, "
                   "filename FROM ");
    text_put(&sql, query->flow_files);
    text_put(&sql, "; CREATE OR REPLACE MACRO stored.flow_groups() AS TABLE FROM parquet_metadata(");
    text_put(&sql, query->flow_paths);
    text_put(&sql, ")");
    if (sql.failed)
        connection_error(error, NULL);
    else
        result = connection_do(query, sql.data, error);
    text_done(&sql);
    return result;
}

/* Keeps how the files of flows are read, for what asks where flows stand. */
static int keep_files(struct query *query, const struct usable_files *files, const struct query_paths *known,
                      struct query_error *error)
{
    struct text_buffer read = {0}, paths = {0};
    if (files->count > 0) {
        put_files(&read, files, known);
        text_put(&read, no_rows_of(known));
        put_paths(&paths, files);
    }
    free(query->flow_files);
    free(query->flow_paths);
    query->flow_files = read.data;
    query->flow_paths = paths.data;
    query->has_origins = false;
    if (!read.failed && !paths.failed)
        return 0;
    connection_error(error, NULL);
    return -1;
}

static int create_all(struct query *query, const struct stored *stored, const struct usable_files *files,
                      const struct query_paths *known, struct query_error *error)
{
    int result = create_stored(query, stored, files, known, error);
    if (result == 0 && stored->is_flows)
        result = keep_files(query, files, known, error);
    return result == 0 && stored->is_flows && query->has_places ? create_places(query, error) : result;
}

/* A view over the files of one kind. When it cannot be made, those that cannot be read are looked for. A file that is
 * alone tells its columns itself: where they are told, DuckDB 1.4 reads it in one thread, as it does not know yet how
 * many row groups there are. */
static int create_from_files(struct query *query, const struct stored *stored, const struct query_paths *paths,
                             query_refuses *refuses, bool *ret_are_known, struct query_error *error)
{
    struct usable_files files;
    int result = -1;
    *ret_are_known = false;
    if (usable_files_init(&files, paths, refuses, query->skipped) != 0 ||
        (usable_files_unknown(&files) < files.count && usable_files_check(&files, query, true, query->skipped) != 0)) {
        connection_error(error, NULL);
    } else if (paths->is_known != NULL && paths->column_count > 0 && usable_files_unknown(&files) == 0 &&
               create_all(query, stored, &files, files.count > 1 || paths->are_part ? paths : NULL, error) == 0) {
        *ret_are_known = true;
        result = 0;
    } else if ((result = create_all(query, stored, &files, NULL, error)) != 0) {
        const size_t count = files.count;
        if (usable_files_check(&files, query, false, query->skipped) != 0)
            connection_error(error, NULL);
        else if (files.count < count)
            result = create_all(query, stored, &files, NULL, error);
    }
    usable_files_done(&files);
    return result;
}

static const char flows_sql[] =
    /* what people look for comes first */
    "CREATE OR REPLACE VIEW flows AS SELECT time_start, time_end, addr(src_ipv4, src_ipv6) AS src, src_port,"
    " addr(dst_ipv4, dst_ipv6) AS dst, dst_port, protocol, tcp_flags, bytes, packets,"
    " addr(exporter_ipv4, exporter_ipv6) AS exporter, addr(next_hop_ipv4, next_hop_ipv6) AS next_hop,"
    " addr(bgp_next_hop_ipv4, bgp_next_hop_ipv6) AS bgp_next_hop, addr(nat_src_ipv4, nat_src_ipv6) AS nat_src,"
    " addr(nat_dst_ipv4, nat_dst_ipv6) AS nat_dst,"
    " * EXCLUDE (time_start, time_end, src_port, dst_port, protocol, tcp_flags, bytes, packets) FROM stored.flows";

static const char templates_sql[] =
    "CREATE OR REPLACE VIEW templates AS SELECT addr(exporter_ipv4, exporter_ipv6) AS exporter,"
    " * EXCLUDE (exporter_ipv4, exporter_ipv6)"
    " FROM (SELECT exporter_ipv4, exporter_ipv6, exporter_port, domain, version, template_id,"
    " min(received) AS first_received, max(received) AS last_received, count(*)::UBIGINT AS flows FROM stored.flows"
    " GROUP BY exporter_ipv4, exporter_ipv6, exporter_port, domain, version, template_id)";

static const char ledger_sql[] =
    "CREATE OR REPLACE VIEW ledger AS SELECT received, addr(exporter_ipv4, exporter_ipv6) AS exporter,"
    " * EXCLUDE (received) FROM stored.ledger";

static const char options_sql[] =
    "CREATE OR REPLACE VIEW options AS SELECT received, addr(exporter_ipv4, exporter_ipv6) AS exporter,"
    " * EXCLUDE (received) FROM stored.options";

/* Every commit has rows in the ledger, so that flows need not be read. */
static const char exporters_sql[] =
    "CREATE OR REPLACE VIEW exporters AS SELECT addr(exporter_ipv4, exporter_ipv6) AS exporter, exporter_port,"
    " domain, version, min(received) AS first_received, max(received) AS last_received,"
    " sum(datagrams)::BIGINT AS datagrams, sum(bytes)::BIGINT AS bytes, sum(flows)::BIGINT AS flows,"
    " sum(options)::BIGINT AS options, sum(lost)::BIGINT AS lost, sum(lost_records)::BIGINT AS lost_records,"
    " sum(reordered)::BIGINT AS reordered, sum(duplicates)::BIGINT AS duplicates, sum(restarts)::BIGINT AS restarts,"
    " sum(sets_skipped)::BIGINT AS sets_skipped, sum(sets_given_up)::BIGINT AS sets_given_up,"
    " sum(datagrams_refused)::BIGINT AS datagrams_refused, sum(rows_stored)::BIGINT AS rows_stored,"
    " sum(rows_dropped)::BIGINT AS rows_dropped, sum(dropped_kernel)::BIGINT AS dropped_kernel,"
    " sum(dropped_journal)::BIGINT AS dropped_journal, sum(outputs_missed)::BIGINT AS outputs_missed"
    " FROM stored.ledger GROUP BY exporter_ipv4, exporter_ipv6, exporter_port, domain, version";

/* Where there is no ledger, as in a folder of flows that somebody made. */
static const char exporters_of_flows_sql[] =
    "CREATE OR REPLACE VIEW exporters AS SELECT addr(exporter_ipv4, exporter_ipv6) AS exporter, exporter_port,"
    " domain, version, min(received) AS first_received, max(received) AS last_received,"
    " NULL::BIGINT AS datagrams, NULL::BIGINT AS bytes, count(*)::BIGINT AS flows, NULL::BIGINT AS options,"
    " NULL::BIGINT AS lost, NULL::BIGINT AS lost_records, NULL::BIGINT AS reordered, NULL::BIGINT AS duplicates,"
    " NULL::BIGINT AS restarts, NULL::BIGINT AS sets_skipped, NULL::BIGINT AS sets_given_up,"
    " NULL::BIGINT AS datagrams_refused, count(*)::BIGINT AS rows_stored, NULL::BIGINT AS rows_dropped,"
    " NULL::BIGINT AS dropped_kernel, NULL::BIGINT AS dropped_journal, NULL::BIGINT AS outputs_missed"
    " FROM stored.flows GROUP BY exporter_ipv4, exporter_ipv6, exporter_port, domain, version";

/* An interface is the scope of such a record, or one of its fields, 0 being none. */
static const char interfaces_sql[] =
    "CREATE OR REPLACE VIEW interfaces AS SELECT addr(exporter_ipv4, exporter_ipv6) AS exporter, domain, interface,"
    " max_by(name, received) AS name, max_by(description, received) AS description, max(received) AS last_received"
    " FROM (SELECT *, coalesce(scopeInterface, nullif(ingressInterface, 0), egressInterface, ingressInterface)"
    "::UINTEGER AS interface, interfaceName AS name, interfaceDescription AS description FROM stored.options)"
    " WHERE interface IS NOT NULL AND (name IS NOT NULL OR description IS NOT NULL)"
    " GROUP BY exporter_ipv4, exporter_ipv6, domain, interface";

static const char applications_sql[] =
    "CREATE OR REPLACE VIEW applications AS SELECT addr(exporter_ipv4, exporter_ipv6) AS exporter, domain,"
    " applicationId AS application_id, max_by(applicationName, received) AS name,"
    " max_by(applicationDescription, received) AS description,"
    " max_by(applicationCategoryName, received) AS category, max_by(applicationSubCategoryName, received)"
    " AS sub_category, max(received) AS last_received FROM stored.options WHERE applicationId IS NOT NULL"
    " AND (applicationName IS NOT NULL OR applicationDescription IS NOT NULL OR applicationCategoryName IS NOT NULL)"
    " GROUP BY exporter_ipv4, exporter_ipv6, domain, applicationId";

/*
 * What the metadata of row groups tells of the columns in them. "weir.from" is the element that a column was made of,
 * or that it is unchanged.
 */
static const char origins_sql[] =
    "CREATE OR REPLACE TEMP TABLE flow_origins AS WITH chunks AS MATERIALIZED (SELECT file_name, row_group_id,"
    " column_id, row_group_num_rows::UBIGINT AS row_count, path_in_schema AS path,"
    " lower(TRY(decode(key_value_metadata['weir.from'::BLOB]))) AS origin,"
    " stats_null_count IS DISTINCT FROM row_group_num_rows AS is_there FROM stored.flow_groups())"
    " SELECT path, origin, file_name, first_row, row_count FROM chunks JOIN (SELECT file_name, row_group_id,"
    " (sum(row_count) OVER (PARTITION BY file_name ORDER BY row_group_id) - row_count)::UBIGINT AS first_row"
    " FROM chunks WHERE column_id = 0) USING (file_name, row_group_id) WHERE is_there";

int query_add_origins(struct query *query, struct query_error *error)
{
    if (query->flow_files == NULL)
        return 0;
    if (!query->has_origins && ((!query->has_places && create_places(query, error) != 0) ||
                                connection_do(query, origins_sql, error) != 0))
        return -1;
    query->has_origins = true;
    return 1;
}

int views_create(struct query *query, const struct query_files *files, struct query_error *error)
{
    const char *const views[] = {
        flows_sql, templates_sql, ledger_sql, options_sql, interfaces_sql, applications_sql,
        files->ledger.count > 0 || files->flows.count == 0 ? exporters_sql : exporters_of_flows_sql,
    };
    const struct stored flows = {"flows", flow_columns, COUNT(flow_columns), false, true};
    const struct stored options = {"options", option_columns, COUNT(option_columns), true, false};
    const struct stored ledger = {"ledger", ledger_columns, COUNT(ledger_columns), true, false};
    query_refuses *refuses = files->refuses;
    bool are_known;
    if (connection_do(query, "CREATE SCHEMA IF NOT EXISTS stored", error) != 0 ||
        create_from_files(query, &flows, &files->flows, refuses, &query->flows_are_known, error) != 0 ||
        create_from_files(query, &options, &files->options, refuses, &are_known, error) != 0 ||
        create_from_files(query, &ledger, &files->ledger, refuses, &are_known, error) != 0)
        return -1;
    for (size_t i = 0; i < COUNT(views); i++) {
        if (connection_do(query, views[i], error) != 0)
            return -1;
    }
    return 0;
}
