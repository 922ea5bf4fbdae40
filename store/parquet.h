/* SPDX-License-Identifier: MIT */
/*
 * parquet.h - the numbers of the Parquet format that Weir's files use
 *
 * A file, as Weir writes it (https://parquet.apache.org/docs/file-format/):
 *
 *     +------+-------------+-------------+-----+---------------+--------+-------------+------+
 *     | PAR1 | row group 0 | row group 1 | ... | page indexes  | footer | its length  | PAR1 |
 *     +------+-------------+-------------+-----+---------------+--------+-------------+------+
 *
 *     row group:     column chunk, column chunk, ...     one for each column of the schema
 *     column chunk:  [dictionary page] data page, data page, ...
 *     page:          header (Thrift), then the body, compressed; the header has a CRC of it
 *     data page:     length of the definition levels (4 octets), those, then the values
 *
 * In a row group a column is wholly there or wholly absent, so its definition levels are one run.
 */
#ifndef WEIR_STORE_PARQUET_H
#define WEIR_STORE_PARQUET_H

#define PARQUET_MAGIC "PAR1"
enum { PARQUET_MAGIC_BYTES = 4, PARQUET_TAIL_BYTES = 8, PARQUET_VERSION = 2 };

enum parquet_physical {
    PARQUET_BOOLEAN = 0,
    PARQUET_INT32 = 1,
    PARQUET_INT64 = 2,
    PARQUET_INT96 = 3,
    PARQUET_FLOAT = 4,
    PARQUET_DOUBLE = 5,
    PARQUET_BYTE_ARRAY = 6,
    PARQUET_FIXED = 7 /* FIXED_LEN_BYTE_ARRAY */
};

enum parquet_encoding {
    PARQUET_PLAIN = 0,
    PARQUET_RLE = 3,
    PARQUET_DELTA_BINARY_PACKED = 5,
    PARQUET_DELTA_LENGTH_BYTE_ARRAY = 6,
    PARQUET_RLE_DICTIONARY = 8,
    PARQUET_BYTE_STREAM_SPLIT = 9
};

enum parquet_codec { PARQUET_UNCOMPRESSED = 0, PARQUET_ZSTD = 6, PARQUET_LZ4_RAW = 7 };

enum parquet_page { PARQUET_DATA_PAGE = 0, PARQUET_DICTIONARY_PAGE = 2 };

enum parquet_repetition { PARQUET_REQUIRED = 0, PARQUET_OPTIONAL = 1 };

/* ConvertedType: what readers knew before logical types. */
enum parquet_converted {
    PARQUET_CONVERTED_NONE = -1,
    PARQUET_CONVERTED_UTF8 = 0,
    PARQUET_CONVERTED_TIMESTAMP_MILLIS = 9,
    PARQUET_CONVERTED_TIMESTAMP_MICROS = 10,
    PARQUET_CONVERTED_UINT_8 = 11,
    PARQUET_CONVERTED_UINT_16 = 12,
    PARQUET_CONVERTED_UINT_32 = 13,
    PARQUET_CONVERTED_UINT_64 = 14,
    PARQUET_CONVERTED_INT_8 = 15,
    PARQUET_CONVERTED_INT_16 = 16,
    PARQUET_CONVERTED_INT_32 = 17,
    PARQUET_CONVERTED_INT_64 = 18,
    PARQUET_CONVERTED_JSON = 19
};

/* Field IDs of the union LogicalType. */
enum parquet_logical {
    PARQUET_LOGICAL_NONE = 0,
    PARQUET_LOGICAL_STRING = 1,
    PARQUET_LOGICAL_TIMESTAMP = 8,
    PARQUET_LOGICAL_INTEGER = 10,
    PARQUET_LOGICAL_JSON = 12
};

enum parquet_time_unit { PARQUET_MILLIS = 1, PARQUET_MICROS = 2, PARQUET_NANOS = 3 };

/* Order of the pages' least and greatest values in a column index. */
enum parquet_boundary_order { PARQUET_UNORDERED = 0, PARQUET_ASCENDING = 1 };

#endif
