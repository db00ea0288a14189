/* The first reading of a table: which columns are wanted, and what they hold. */
#include "io/csv_table.h"

#include <fnmatch.h>
#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "io/parts.h"

enum { PROGRESS_ROWS = 1 << 12 };

/* What each column of the table is for, while they are found. */
typedef struct roles {
    pt_csv_table_t *table;
    pt_csv_role_t *role; /* by column of the table */
    bool *is_left_out;
} roles_t;

static pt_status_t give_role(roles_t *r, int32_t column, pt_csv_role_t role)
{
    static const char *const word[] = {"left out", "an input",  "a task",  "the group",
                                       "the time", "the split", "the file"};
    const pt_csv_t *csv = r->table->csv;
    if (r->role[column] != PT_CSV_UNUSED)
        PT_FAIL(USAGE, "%s: column '%.128s' cannot be both %s and %s", r->table->src,
                pt_csv_name(csv, column), word[r->role[column]], word[role]);
    r->role[column] = role;
    return PT_OK;
}

static pt_csv_column_t begin_column(int32_t column, pt_csv_role_t role)
{
    return (pt_csv_column_t){
        .column = column, .role = role, .least = INFINITY, .most = -INFINITY};
}

/* COLUMN, or NAME=COLUMN where there is no such column. */
static pt_status_t find_task(roles_t *r, const char *word, pt_csv_task_t *task)
{
    const pt_csv_t *csv = r->table->csv;
    const char *equals = strchr(word, '='), *name = word;
    size_t bytes = strlen(word);
    int32_t column = pt_csv_find(csv, word);
    if (column < 0 && equals) {
        bytes = (size_t)(equals - word);
        PT_TRY(pt_csv_need(csv, equals + 1, &column));
    } else {
        PT_TRY(pt_csv_need(csv, word, &column));
    }
    PT_TRY(give_role(r, column, PT_CSV_TASK));
    const char *fault = pt_name_fault(name, bytes);
    if (fault)
        PT_FAIL(USAGE,
                "%s: '%.128s' cannot name a task: %s; rename it: --tasks "
                "NAME='%.128s'",
                r->table->src, word, fault, pt_csv_name(csv, column));
    task->column = begin_column(column, PT_CSV_TASK);
    memcpy(task->name, name, bytes);
    return PT_OK;
}

static pt_status_t find_tasks(roles_t *r)
{
    pt_csv_table_t *table = r->table;
    const pt_words_t *words = &table->options->tasks;
    if (words->n == 0 && !table->file_name)
        PT_FAIL(USAGE, "no task is named: --tasks COLUMN ...");
    PT_TRY(
        pt_alloc(&table->task, (size_t)pt_csv_n_column(table->csv), sizeof *table->task));
    if (words->n > pt_csv_n_column(table->csv))
        PT_FAIL(USAGE, "%s: %d tasks of %d columns", table->src, words->n,
                pt_csv_n_column(table->csv));
    for (; table->n_task < words->n; table->n_task++) {
        pt_csv_task_t *task = &table->task[table->n_task];
        PT_TRY(find_task(r, words->word[table->n_task], task));
        for (int32_t t = 0; t < table->n_task; t++)
            if (strcmp(table->task[t].name, task->name) == 0)
                PT_FAIL(USAGE, "two tasks are called '%s'", task->name);
    }
    return PT_OK;
}

static pt_status_t find_one(roles_t *r, const char *name, pt_csv_role_t role,
                            int32_t *column)
{
    *column = -1;
    if (!name)
        return PT_OK;
    PT_TRY(pt_csv_need(r->table->csv, name, column));
    return give_role(r, *column, role);
}

/* Columns of that name, or of names like it, are visited. */
static pt_status_t match(const roles_t *r, const char *word, bool *is_hit)
{
    const pt_csv_t *csv = r->table->csv;
    int32_t n = 0, column = pt_csv_find(csv, word), n_column = pt_csv_n_column(csv);
    memset(is_hit, 0, (size_t)n_column);
    if (column < 0 && strchr(word, '*')) {
        for (int32_t i = 0; i < n_column; i++) {
            const char *name = pt_csv_name(csv, i);
            is_hit[i] =
                name[0] && r->role[i] == PT_CSV_UNUSED && fnmatch(word, name, 0) == 0;
            n += is_hit[i];
        }
        if (n == 0)
            PT_FAIL(USAGE, "%s: no column is like '%.128s'", r->table->src, word);
        return PT_OK;
    }
    PT_TRY(pt_csv_need(csv, word, &column));
    is_hit[column] = true;
    return PT_OK;
}

static pt_status_t match_inputs(roles_t *r, bool *is_hit)
{
    const pt_import_csv_t *options = r->table->options;
    int32_t n_column = pt_csv_n_column(r->table->csv);
    for (int32_t k = 0; k < options->leave_out.n; k++) {
        PT_TRY(match(r, options->leave_out.word[k], is_hit));
        for (int32_t i = 0; i < n_column; i++)
            r->is_left_out[i] = r->is_left_out[i] || is_hit[i];
    }
    for (int32_t k = 0; k < options->inputs.n; k++) {
        PT_TRY(match(r, options->inputs.word[k], is_hit));
        for (int32_t i = 0; i < n_column; i++)
            if (is_hit[i] && !r->is_left_out[i])
                PT_TRY(give_role(r, i, PT_CSV_INPUT));
    }
    for (int32_t i = 0; options->inputs.n == 0 && i < n_column; i++)
        if (r->role[i] == PT_CSV_UNUSED && !r->is_left_out[i] &&
            pt_csv_name(r->table->csv, i)[0])
            r->role[i] = PT_CSV_INPUT;
    return PT_OK;
}

/* Where inputs are files and no task is named, all other columns are. */
static pt_status_t find_other_tasks(roles_t *r)
{
    pt_csv_table_t *table = r->table;
    for (int32_t i = 0; i < pt_csv_n_column(table->csv); i++)
        if (r->role[i] == PT_CSV_UNUSED && pt_csv_name(table->csv, i)[0])
            PT_TRY(find_task(r, pt_csv_name(table->csv, i), &table->task[table->n_task++]));
    return PT_OK;
}

static pt_status_t find_inputs(roles_t *r)
{
    pt_csv_table_t *table = r->table;
    int32_t n_column = pt_csv_n_column(table->csv);
    bool *is_hit;
    PT_TRY(pt_alloc(&is_hit, (size_t)n_column, sizeof *is_hit));
    pt_status_t status = match_inputs(r, is_hit);
    pt_free(is_hit);
    PT_TRY(status);
    PT_TRY(pt_alloc(&table->input, (size_t)n_column, sizeof *table->input));
    for (int32_t i = 0; i < n_column; i++)
        if (r->role[i] == PT_CSV_INPUT)
            table->input[table->n_input++] = begin_column(i, PT_CSV_INPUT);
    if (table->n_input == 0)
        PT_FAIL(USAGE, "%s: no column is left to be an input", table->src);
    return PT_OK;
}

static pt_csv_column_t *find_column(pt_csv_table_t *table, int32_t column)
{
    for (int32_t t = 0; t < table->n_task; t++)
        if (table->task[t].column.column == column)
            return &table->task[t].column;
    for (int32_t i = 0; i < table->n_input; i++)
        if (table->input[i].column == column)
            return &table->input[i];
    return NULL;
}

/* COLUMN=KIND. */
static pt_status_t take_kind(pt_csv_table_t *table, const char *word)
{
    static const struct {
        const char *word;
        pt_csv_role_t role;
        pt_csv_kind_t kind;
    } known[] = {{"classification", PT_CSV_TASK, PT_CSV_CATEGORY},
                 {"regression", PT_CSV_TASK, PT_CSV_NUMBER},
                 {"category", PT_CSV_INPUT, PT_CSV_CATEGORY},
                 {"number", PT_CSV_INPUT, PT_CSV_NUMBER}};
    const char *equals = strrchr(word, '=');
    char name[4 * PT_NAME];
    int32_t column;
    if (!equals || (size_t)(equals - word) >= sizeof name)
        PT_FAIL(USAGE, "--kinds %.128s: expected COLUMN=KIND", word);
    memcpy(name, word, (size_t)(equals - word));
    name[equals - word] = '\0';
    PT_TRY(pt_csv_need(table->csv, name, &column));
    pt_csv_column_t *c = find_column(table, column);
    if (!c)
        PT_FAIL(USAGE, "--kinds %.128s: that column is neither a task nor an input", word);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].role == c->role && strcmp(known[i].word, equals + 1) == 0) {
            c->kind = known[i].kind;
            return PT_OK;
        }
    PT_FAIL(USAGE, "--kinds %.128s: expected %s", word,
            c->role == PT_CSV_TASK ? "classification or regression, for a task"
                                   : "number or category, for an input");
}

static pt_status_t find_columns(pt_csv_table_t *table)
{
    const pt_import_csv_t *options = table->options;
    roles_t r = {.table = table};
    size_t n = (size_t)pt_csv_n_column(table->csv);
    pt_status_t status = PT_OK;
    PT_TRY_OR(done, pt_alloc(&r.role, n, sizeof *r.role));
    PT_TRY_OR(done, pt_alloc(&r.is_left_out, n, sizeof *r.is_left_out));
    PT_TRY_OR(done, find_tasks(&r));
    PT_TRY_OR(done, find_one(&r, options->group, PT_CSV_GROUP, &table->group_column));
    PT_TRY_OR(done, find_one(&r, options->time, PT_CSV_TIME, &table->time_column));
    PT_TRY_OR(done, find_one(&r, options->split, PT_CSV_SPLIT, &table->split_column));
    PT_TRY_OR(done, find_one(&r, table->file_name, PT_CSV_FILE, &table->file_column));
    if (!table->file_name)
        PT_TRY_OR(done, find_inputs(&r));
    else if (options->tasks.n == 0)
        PT_TRY_OR(done, find_other_tasks(&r));
    for (int32_t k = 0; k < options->kinds.n; k++)
        PT_TRY_OR(done, take_kind(table, options->kinds.word[k]));
done:
    pt_free(r.role);
    pt_free(r.is_left_out);
    return status;
}

pt_status_t pt_csv_table_open(pt_csv_table_t *table, const char *src,
                              const pt_import_csv_t *options, const char *file_name)
{
    *table = (pt_csv_table_t){.options = options, .src = src, .file_name = file_name};
    PT_TRY(pt_csv_open(src, options->separator, &table->csv));
    return find_columns(table);
}

static pt_status_t look_at_inputs(pt_csv_table_t *table, const pt_csv_cell_t *cells)
{
    char where[PT_CSV_WHERE];
    int32_t code;
    for (int32_t i = 0; i < table->n_input; i++) {
        pt_csv_column_t *c = &table->input[i];
        pt_csv_cell_t cell = pt_csv_trim(cells[c->column]);
        if (!pt_csv_is_no_value(&table->options->missing, cell)) {
            PT_TRY(pt_csv_column_look(c, table->csv, cell, &code));
            continue;
        }
        c->n_missing++;
        if (!table->options->fills_mean && c->text_row == 0 && c->kind != PT_CSV_CATEGORY)
            PT_FAIL(FORMAT,
                    "%s: no value in an input: --fill mean puts that of the column "
                    "there, --leave-out '%.64s' goes without it",
                    pt_csv_where(table->csv, c->column, where),
                    pt_csv_name(table->csv, c->column));
    }
    return PT_OK;
}

static pt_status_t look_at_tasks(pt_csv_table_t *table, const pt_csv_cell_t *cells)
{
    size_t n = (size_t)table->n;
    for (int32_t t = 0; t < table->n_task; t++) {
        pt_csv_task_t *task = &table->task[t];
        pt_csv_cell_t cell = pt_csv_trim(cells[task->column.column]);
        PT_TRY(pt_grow(&task->code, &task->code_capacity, n + 1, sizeof *task->code));
        PT_TRY(pt_grow(&task->value, &task->value_capacity, n + 1, sizeof *task->value));
        if (pt_csv_is_no_value(&table->options->missing, cell)) {
            task->column.n_missing++;
            task->code[n] = -1;
            continue;
        }
        PT_TRY(pt_csv_column_look(&task->column, table->csv, cell, &task->code[n]));
        task->value[n] = 0;
        pt_csv_number(cell, &task->value[n]);
    }
    return PT_OK;
}

/* Where the row belongs. */
static pt_status_t look_at_place(pt_csv_table_t *table, const pt_csv_cell_t *cells)
{
    char where[PT_CSV_WHERE], shown[PT_CSV_SHOWN];
    const int32_t column[] = {table->group_column, table->time_column, table->split_column};
    size_t n = (size_t)table->n;
    int32_t number;
    pt_split_t split;
    pt_csv_cell_t cell[3];
    for (int k = 0; k < 3; k++) {
        cell[k] =
            column[k] < 0 ? (pt_csv_cell_t){.text = NULL} : pt_csv_trim(cells[column[k]]);
        if (column[k] >= 0 && pt_csv_is_no_value(&table->options->missing, cell[k]))
            PT_FAIL(FORMAT, "%s: no value", pt_csv_where(table->csv, column[k], where));
    }
    if (column[0] >= 0) {
        PT_TRY(pt_grow(&table->group, &table->group_capacity, n + 1, sizeof(int64_t)));
        PT_TRY(pt_dictionary_add(&table->groups, cell[0].text, cell[0].bytes, &number));
        table->group[n] = number;
    }
    if (column[1] >= 0) {
        PT_TRY(pt_grow(&table->time, &table->time_capacity, n + 1, sizeof(double)));
        if (!pt_csv_time(cell[1], &table->time[n]))
            PT_FAIL(FORMAT, "%s: '%s' is no time, expected a number or 2024-05-01 13:30:00",
                    pt_csv_where(table->csv, column[1], where),
                    pt_csv_show(cell[1], shown));
    }
    if (column[2] >= 0) {
        PT_TRY(pt_grow(&table->split, &table->split_capacity, n + 1, 1));
        if (!pt_parts_named(cell[2].text, cell[2].bytes, &split))
            PT_FAIL(FORMAT, "%s: '%s' is no split, expected train, val or test",
                    pt_csv_where(table->csv, column[2], where),
                    pt_csv_show(cell[2], shown));
        table->split[n] = (uint8_t)split;
    }
    return PT_OK;
}

/* Whether a path may lead out of the folder that it is below. */
static bool leaves_folder(const char *path)
{
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += strspn(part, "/");
        if (strcspn(part, "/") == 2 && strncmp(part, "..", 2) == 0)
            return true;
    }
    return false;
}

static pt_status_t look_at_file(pt_csv_table_t *table, const pt_csv_cell_t *cells)
{
    char where[PT_CSV_WHERE], shown[PT_CSV_SHOWN];
    int32_t number;
    if (!table->file_name)
        return PT_OK;
    pt_csv_cell_t cell = cells[table->file_column];
    if (cell.bytes == 0)
        PT_FAIL(FORMAT, "%s: no file", pt_csv_where(table->csv, table->file_column, where));
    PT_TRY(pt_dictionary_add(&table->files, cell.text, cell.bytes, &number));
    if (number != table->n)
        PT_FAIL(FORMAT, "%s: '%s' is in row %d, too",
                pt_csv_where(table->csv, table->file_column, where),
                pt_csv_show(cell, shown), number + 1);
    if (leaves_folder(pt_dictionary_text(&table->files, number)))
        PT_FAIL(FORMAT, "%s: '%s' is no path below the folder of pictures",
                pt_csv_where(table->csv, table->file_column, where),
                pt_csv_show(cell, shown));
    return PT_OK;
}

void pt_csv_table_progress(const pt_csv_table_t *table, const char *what)
{
    const pt_import_talk_t *talk = &table->options->talk;
    if (talk->progress && pt_csv_row(table->csv) % PROGRESS_ROWS == 0)
        talk->progress(talk->context, what, pt_csv_share(table->csv));
}

pt_status_t pt_csv_table_scan(pt_csv_table_t *table)
{
    const pt_csv_cell_t *cells;
    for (;; table->n++) {
        PT_TRY(pt_csv_next(table->csv, &cells));
        if (!cells)
            break;
        PT_TRY(look_at_inputs(table, cells));
        PT_TRY(look_at_tasks(table, cells));
        PT_TRY(look_at_place(table, cells));
        PT_TRY(look_at_file(table, cells));
        pt_csv_table_progress(table, "looking at it");
    }
    if (table->n == 0)
        PT_FAIL(FORMAT, "%s: no row below the line of names", table->src);
    for (int32_t i = 0; i < table->n_input; i++)
        PT_TRY(pt_csv_column_settle(&table->input[i], table->csv, table->src, table->n));
    for (int32_t t = 0; t < table->n_task; t++)
        PT_TRY(
            pt_csv_column_settle(&table->task[t].column, table->csv, table->src, table->n));
    return PT_OK;
}

pt_status_t pt_csv_table_part(pt_csv_table_t *table, const pt_import_share_t *share,
                              pt_parts_t *parts)
{
    return table->split ? pt_parts_take(table->src, &table->split, table->n, parts)
                        : pt_parts_by_share(table->src, share, table->n, table->group,
                                            table->time, parts);
}

pt_status_t pt_csv_table_rewind(pt_csv_table_t *table)
{
    pt_csv_t *again;
    int32_t n_column = pt_csv_n_column(table->csv);
    PT_TRY(pt_csv_open(table->src, table->options->separator, &again));
    pt_csv_close(table->csv);
    table->csv = again;
    return pt_csv_n_column(again) == n_column ? PT_OK : pt_csv_table_changed(table);
}

pt_status_t pt_csv_table_changed(const pt_csv_table_t *table)
{
    PT_FAIL(FORMAT, "%s: changed while it was read", table->src);
}

void pt_csv_table_release(pt_csv_table_t *table)
{
    for (int32_t i = 0; i < table->n_input; i++)
        pt_csv_column_release(&table->input[i]);
    for (int32_t t = 0; t < table->n_task; t++)
        pt_csv_task_release(&table->task[t]);
    pt_free(table->input);
    pt_free(table->task);
    pt_csv_close(table->csv);
    pt_dictionary_release(&table->files);
    pt_dictionary_release(&table->groups);
    pt_free(table->group);
    pt_free(table->time);
    pt_free(table->split);
    *table = (pt_csv_table_t){.n = 0};
}
