/* Reading tables of comma-separated values, a block of the file at a time. */
#include "io/csv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "polytree/base/memory.h"
#include "polytree/base/text.h"

enum { BLOCK = 1 << 18, MAX_RECORD = 1 << 24, MAX_COLUMN = 1 << 20 };

struct pt_csv {
    const char *path;
    gzFile file;
    double file_bytes;
    char *buffer; /* of the file, from `at` to `end`; a NUL is behind it */
    size_t capacity, at, end;
    bool is_ended; /* of the file nothing is behind `end` */
    char separator;
    bool ends_cell[256]; /* bytes at which a cell without quotes ends */
    pt_csv_cell_t *cell;
    size_t cell_capacity;
    int32_t n_cell, n_column;
    char **name;
    int32_t *by_name; /* columns in the order of their names */
    int64_t row, line, next_line;
};

/* What stands behind a cell. */
typedef enum end {
    END_CELL,
    END_RECORD,
    END_UNKNOWN /* more of the file is needed to tell */
} end_t;

const char *pt_csv_where(const pt_csv_t *csv, int32_t column, char text[PT_CSV_WHERE])
{
    pt_text_t where = pt_text_in(text, PT_CSV_WHERE);
    pt_text_add(&where, "%.256s: ", csv->path);
    if (csv->row > 0)
        pt_text_add(&where, "row %lld (line %lld)", (long long)csv->row,
                    (long long)csv->line);
    else
        pt_text_add(&where, "line %lld", (long long)csv->line);
    if (column >= 0)
        pt_text_add(&where, ", column '%.128s'", csv->name[column]);
    return text;
}

/* More of the file behind what is not yet read. */
static pt_status_t fill(pt_csv_t *csv)
{
    size_t kept = csv->end - csv->at;
    int code = Z_OK;
    if (kept > 0 && csv->at > 0)
        memmove(csv->buffer, csv->buffer + csv->at, kept);
    csv->at = 0;
    csv->end = kept;
    PT_TRY(pt_grow(&csv->buffer, &csv->capacity, kept + BLOCK + 1, 1));
    int n = gzread(csv->file, csv->buffer + kept, BLOCK);
    const char *why = gzerror(csv->file, &code);
    if (n < 0 || code == Z_BUF_ERROR)
        PT_FAIL(FORMAT, "%s: cannot be read behind line %lld: %s", csv->path,
                (long long)csv->next_line, code == Z_BUF_ERROR ? "it is cut off" : why);
    csv->end += (size_t)n;
    csv->is_ended = n == 0;
    csv->buffer[csv->end] = '\0';
    return PT_OK;
}

/* What is at `at`, behind a cell; *at comes to what follows. */
static end_t take_end(const pt_csv_t *csv, size_t *at)
{
    const char *text = csv->buffer;
    if (*at == csv->end)
        return csv->is_ended ? END_RECORD : END_UNKNOWN;
    if (text[*at] == csv->separator) {
        ++*at;
        return END_CELL;
    }
    /* Whether a line feed belongs to a carriage return must be seen. */
    if (text[*at] == '\r' && *at + 1 == csv->end && !csv->is_ended)
        return END_UNKNOWN;
    *at += text[*at] == '\r' && *at + 1 < csv->end && text[*at + 1] == '\n' ? 2 : 1;
    return END_RECORD;
}

/* The cell at `at`, which no quote begins. */
static pt_status_t take_plain(const pt_csv_t *csv, size_t *at, pt_csv_cell_t *cell,
                              end_t *end)
{
    char where[PT_CSV_WHERE];
    char *begin = csv->buffer + *at, *p = begin;
    while (!csv->ends_cell[(unsigned char)*p])
        p++;
    *at = (size_t)(p - csv->buffer);
    if (*p == '\0' && *at < csv->end)
        PT_FAIL(FORMAT, "%s: holds a byte of 0: no text", pt_csv_where(csv, -1, where));
    *cell = (pt_csv_cell_t){begin, (size_t)(p - begin), false};
    *end = take_end(csv, at);
    return PT_OK;
}

/* The quote that ends a cell, of which two in a row are one in it; NULL: not yet seen. */
static char *find_quote(const pt_csv_t *csv, char *from, bool *has_double)
{
    char *stop = csv->buffer + csv->end;
    for (;;) {
        char *quote = memchr(from, '"', (size_t)(stop - from));
        if (!quote || (quote + 1 == stop && !csv->is_ended))
            return NULL;
        if (quote + 1 == stop || quote[1] != '"')
            return quote;
        *has_double = true;
        from = quote + 2;
    }
}

/* Once the record is whole: it is then not looked at again. */
static void halve_quotes(pt_csv_cell_t *cell)
{
    size_t n = 0;
    for (size_t i = 0; i < cell->bytes; i++) {
        cell->text[n++] = cell->text[i];
        i += cell->text[i] == '"';
    }
    cell->bytes = n;
}

static pt_status_t take_quoted(const pt_csv_t *csv, size_t *at, pt_csv_cell_t *cell,
                               bool *has_double, end_t *end)
{
    char where[PT_CSV_WHERE], shown[PT_CSV_SHOWN];
    char *begin = csv->buffer + *at + 1, *quote = find_quote(csv, begin, has_double);
    *end = END_UNKNOWN;
    if (!quote && csv->is_ended)
        PT_FAIL(FORMAT, "%s: a quote that is never closed", pt_csv_where(csv, -1, where));
    if (!quote)
        return PT_OK;
    *cell = (pt_csv_cell_t){begin, (size_t)(quote - begin), true};
    *at = (size_t)(quote + 1 - csv->buffer);
    if (*at < csv->end && (!csv->ends_cell[(unsigned char)quote[1]] || quote[1] == '\0'))
        PT_FAIL(FORMAT, "%s: text behind the quote that closes '%s'",
                pt_csv_where(csv, -1, where), pt_csv_show(*cell, shown));
    if (memchr(begin, '\0', cell->bytes))
        PT_FAIL(FORMAT, "%s: holds a byte of 0: no text", pt_csv_where(csv, -1, where));
    *end = take_end(csv, at);
    return PT_OK;
}

/* Ends of lines in a record whose last byte is one of them, or the file's last. */
static int64_t count_lines(const char *text, size_t bytes)
{
    int64_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n +=
            text[i] == '\n' || (text[i] == '\r' && (i + 1 == bytes || text[i + 1] != '\n'));
    return n;
}

/* Cut the record at `at` into cells, if all of it is in the buffer. */
static pt_status_t take_record(pt_csv_t *csv, bool *is_whole)
{
    size_t at = csv->at;
    bool has_quotes = false, has_doubles = false;
    end_t end = END_CELL;
    for (csv->n_cell = 0; end == END_CELL; csv->n_cell++) {
        bool is_quoted = csv->buffer[at] == '"';
        if (csv->n_cell == MAX_COLUMN)
            PT_FAIL(FORMAT, "%s: more than %d columns", csv->path, MAX_COLUMN);
        PT_TRY(pt_grow(&csv->cell, &csv->cell_capacity, (size_t)csv->n_cell + 1,
                       sizeof *csv->cell));
        pt_csv_cell_t *cell = &csv->cell[csv->n_cell];
        if (is_quoted)
            PT_TRY(take_quoted(csv, &at, cell, &has_doubles, &end));
        else
            PT_TRY(take_plain(csv, &at, cell, &end));
        has_quotes = has_quotes || is_quoted;
    }
    *is_whole = end == END_RECORD;
    if (!*is_whole)
        return PT_OK;
    csv->next_line += has_quotes ? count_lines(csv->buffer + csv->at, at - csv->at) : 1;
    for (int32_t i = 0; has_doubles && i < csv->n_cell; i++)
        if (csv->cell[i].is_quoted)
            halve_quotes(&csv->cell[i]);
    csv->at = at;
    return PT_OK;
}

/* Pass over empty lines; false at the end of the file. */
static pt_status_t skip_empty(pt_csv_t *csv, bool *has_more)
{
    for (;;) {
        char *text = csv->buffer;
        while (csv->at < csv->end && (text[csv->at] == '\n' || text[csv->at] == '\r')) {
            if (text[csv->at] == '\r' && csv->at + 1 == csv->end && !csv->is_ended)
                break;
            if (take_end(csv, &csv->at) == END_RECORD)
                csv->next_line++;
        }
        *has_more = csv->at < csv->end && text[csv->at] != '\n' && text[csv->at] != '\r';
        if (*has_more || csv->is_ended)
            return PT_OK;
        PT_TRY(fill(csv));
    }
}

static pt_status_t read_record(pt_csv_t *csv, bool *has_more)
{
    char where[PT_CSV_WHERE];
    PT_TRY(skip_empty(csv, has_more));
    csv->line = csv->next_line;
    for (bool is_whole = !*has_more; !is_whole;) {
        PT_TRY(take_record(csv, &is_whole));
        if (csv->end - csv->at > MAX_RECORD && !is_whole)
            PT_FAIL(FORMAT, "%s: longer than %d MiB: a quote that is not closed?",
                    pt_csv_where(csv, -1, where), MAX_RECORD >> 20);
        if (!is_whole)
            PT_TRY(fill(csv));
    }
    return PT_OK;
}

pt_status_t pt_csv_next(pt_csv_t *csv, const pt_csv_cell_t **cells)
{
    char where[PT_CSV_WHERE];
    bool has_more = false;
    csv->row++;
    PT_TRY(read_record(csv, &has_more));
    if (has_more && csv->n_cell != csv->n_column)
        PT_FAIL(FORMAT, "%s: %d cells, expected %d as in the line of names",
                pt_csv_where(csv, -1, where), csv->n_cell, csv->n_column);
    *cells = has_more ? csv->cell : NULL;
    return PT_OK;
}

/* The one that the first line has most of, outside of quotes. */
static char find_separator(const pt_csv_t *csv)
{
    static const char known[] = ",;\t|";
    int64_t n[sizeof known] = {0};
    bool is_quoted = false;
    size_t best = 0;
    for (size_t i = csv->at; i < csv->end; i++) {
        const char *is = memchr(known, csv->buffer[i], sizeof known - 1);
        is_quoted = is_quoted != (csv->buffer[i] == '"');
        if (!is_quoted && (csv->buffer[i] == '\n' || csv->buffer[i] == '\r'))
            break;
        if (is && !is_quoted)
            n[is - known]++;
    }
    for (size_t k = 1; k < sizeof known - 1; k++)
        best = n[k] > n[best] ? k : best;
    return known[best];
}

static pt_status_t begin_text(pt_csv_t *csv, char separator)
{
    static const char ends[] = "\n\r";
    PT_TRY(fill(csv));
    const unsigned char *head = (const unsigned char *)csv->buffer;
    if (csv->end >= 2 &&
        ((head[0] == 0xff && head[1] == 0xfe) || (head[0] == 0xfe && head[1] == 0xff)))
        PT_FAIL(FORMAT, "%s: text in UTF-16, expected UTF-8", csv->path);
    if (csv->end >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0)
        csv->at = 3;
    csv->separator = separator ? separator : find_separator(csv);
    for (size_t i = 0; i < sizeof ends; i++) /* the NUL too */
        csv->ends_cell[(unsigned char)ends[i]] = true;
    csv->ends_cell[(unsigned char)csv->separator] = true;
    return PT_OK;
}

static int by_name(const void *a, const void *b, void *context)
{
    const pt_csv_t *csv = context;
    return strcmp(csv->name[*(const int32_t *)a], csv->name[*(const int32_t *)b]);
}

static pt_status_t keep_name(pt_csv_t *csv, int32_t i)
{
    char shown[PT_CSV_SHOWN];
    pt_csv_cell_t cell = pt_csv_trim(csv->cell[i]);
    const char *fault = pt_text_fault(cell.text, cell.bytes);
    if (fault != NULL)
        PT_FAIL(FORMAT, "%s: line %lld: the name of column %d, '%s', %s", csv->path,
                (long long)csv->line, i + 1, pt_csv_show(cell, shown), fault);
    PT_TRY(pt_alloc(&csv->name[i], cell.bytes + 1, 1));
    memcpy(csv->name[i], cell.text, cell.bytes);
    return PT_OK;
}

static pt_status_t read_names(pt_csv_t *csv)
{
    bool has_more, is_number = true;
    PT_TRY(read_record(csv, &has_more));
    if (!has_more)
        PT_FAIL(FORMAT, "%s: is empty, expected a line of names and rows below it",
                csv->path);
    PT_TRY(pt_alloc(&csv->name, (size_t)csv->n_cell, sizeof *csv->name));
    PT_TRY(pt_alloc(&csv->by_name, (size_t)csv->n_cell, sizeof *csv->by_name));
    for (; csv->n_column < csv->n_cell; csv->n_column++) {
        PT_TRY(keep_name(csv, csv->n_column));
        csv->by_name[csv->n_column] = csv->n_column;
        is_number = is_number && pt_csv_number(pt_csv_trim(csv->cell[csv->n_column]), NULL);
    }
    if (is_number)
        PT_FAIL(FORMAT, "%s: line %lld holds numbers alone, expected names of columns",
                csv->path, (long long)csv->line);
    qsort_r(csv->by_name, (size_t)csv->n_column, sizeof *csv->by_name, by_name, csv);
    for (int32_t i = 1; i < csv->n_column; i++) {
        int32_t a = csv->by_name[i - 1], b = csv->by_name[i];
        if (csv->name[a][0] && strcmp(csv->name[a], csv->name[b]) == 0)
            PT_FAIL(FORMAT, "%s: line %lld: columns %d and %d are both called '%.128s'",
                    csv->path, (long long)csv->line, (a < b ? a : b) + 1,
                    (a < b ? b : a) + 1, csv->name[a]);
    }
    return PT_OK;
}

static pt_status_t open_file(pt_csv_t *csv, char separator)
{
    struct stat info;
    if (stat(csv->path, &info))
        PT_FAIL(IO, "%s: cannot open: %s", csv->path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        PT_FAIL(IO, "%s: not a regular file", csv->path);
    csv->file_bytes = (double)info.st_size;
    csv->file = gzopen(csv->path, "rb");
    if (!csv->file)
        PT_FAIL(IO, "%s: cannot open: %s", csv->path, strerror(errno));
    gzbuffer(csv->file, BLOCK);
    PT_TRY(begin_text(csv, separator));
    return read_names(csv);
}

pt_status_t pt_csv_open(const char *path, char separator, pt_csv_t **out)
{
    pt_csv_t *csv;
    PT_TRY(pt_alloc(&csv, 1, sizeof *csv));
    csv->path = path;
    csv->next_line = csv->line = 1;
    pt_status_t status = open_file(csv, separator);
    if (status == PT_OK)
        *out = csv;
    else
        pt_csv_close(csv);
    return status;
}

void pt_csv_close(pt_csv_t *csv)
{
    if (!csv)
        return;
    if (csv->file)
        gzclose(csv->file);
    for (int32_t i = 0; i < csv->n_column; i++)
        pt_free(csv->name[i]);
    pt_free(csv->name);
    pt_free(csv->by_name);
    pt_free(csv->cell);
    pt_free(csv->buffer);
    pt_free(csv);
}

int32_t pt_csv_n_column(const pt_csv_t *csv)
{
    return csv->n_column;
}

const char *pt_csv_name(const pt_csv_t *csv, int32_t column)
{
    return csv->name[column];
}

int64_t pt_csv_row(const pt_csv_t *csv)
{
    return csv->row;
}

double pt_csv_share(const pt_csv_t *csv)
{
    return (double)gzoffset(csv->file) / csv->file_bytes;
}

int32_t pt_csv_find(const pt_csv_t *csv, const char *name)
{
    int32_t low = 0, high = csv->n_column;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        int order = strcmp(csv->name[csv->by_name[middle]], name);
        if (order == 0)
            return csv->by_name[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

pt_status_t pt_csv_need(const pt_csv_t *csv, const char *name, int32_t *column)
{
    int32_t nearest = 0, least = INT32_MAX;
    *column = pt_csv_find(csv, name);
    if (*column >= 0 && name[0])
        return PT_OK;
    for (int32_t i = 0; i < csv->n_column; i++) {
        int32_t distance =
            pt_edit_distance(name, strlen(name), csv->name[i], strlen(csv->name[i]));
        nearest = distance < least ? i : nearest;
        least = distance < least ? distance : least;
    }
    PT_FAIL(USAGE, "%s: no column '%.128s'; the nearest of its %d is '%.128s'", csv->path,
            name, csv->n_column, csv->name[nearest]);
}
