/* A machine as a table of names and seconds: learnt, asked, written to a file, read. */
#include "polytree/graph/machine.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/hash.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"

enum { FIRST_TABLE = 256, LINE = 64 + PT_MACHINE_NAME };

/** Rates stand in tables of seconds by these names. */
static const struct {
    const char *name;
    size_t at;
    bool is_inverse; /**< a rate is so many a second */
} rate_name[] = {
    {"a multiply-add", offsetof(pt_rates_t, madds), true},
    {"a byte of memory", offsetof(pt_rates_t, memory), true},
    {"a message in a node", offsetof(pt_rates_t, latency[PT_WIRE_NODE]), false},
    {"a byte in a node", offsetof(pt_rates_t, bandwidth[PT_WIRE_NODE]), true},
    {"a message between nodes", offsetof(pt_rates_t, latency[PT_WIRE_NETWORK]), false},
    {"a byte between nodes", offsetof(pt_rates_t, bandwidth[PT_WIRE_NETWORK]), true}};

enum { N_RATE = sizeof rate_name / sizeof rate_name[0] };

/** First line of tables that were written: with less they are cut off. */
#define HEAD "# costs of polytree, lines: %zu"
static const char about_mark[] = "# measured on ";

static double *rate_at(pt_machine_t *machine, size_t i)
{
    return (double *)(void *)((char *)&machine->rates + rate_name[i].at);
}

void pt_machine_init(pt_machine_t *machine)
{
    *machine = (pt_machine_t){.rates = {.madds = 5e10,
                                        .memory = 1e10,
                                        .latency = {1e-6, 2e-6},
                                        .bandwidth = {5e9, 5e9}}};
}

void pt_machine_release(pt_machine_t *machine)
{
    pt_free(machine->known);
    pt_free(machine->table);
    *machine = (pt_machine_t){.n_known = 0};
}

/** Where in the table a name is, or would be. */
static size_t place_of(const pt_machine_t *m, const char *name)
{
    size_t at = pt_hash64(name, strlen(name), 0) % m->table_size;

    while (m->table[at] != 0 && strcmp(m->known[m->table[at] - 1].name, name) != 0)
        at = (at + 1) % m->table_size;
    return at;
}

double pt_machine_find(const pt_machine_t *machine, const char *name)
{
    if (machine->table_size == 0)
        return -1;
    int32_t number = machine->table[place_of(machine, name)];
    return number == 0 ? -1 : machine->known[number - 1].seconds;
}

static pt_status_t grow_table(pt_machine_t *m)
{
    size_t n = m->table_size == 0 ? FIRST_TABLE : 2 * m->table_size;
    int32_t *table;

    PT_TRY(pt_alloc(&table, n, sizeof *table));
    pt_free(m->table);
    m->table = table;
    m->table_size = n;
    for (size_t i = 0; i < m->n_known; i++)
        m->table[place_of(m, m->known[i].name)] = (int32_t)i + 1;
    return PT_OK;
}

pt_status_t pt_machine_learn(pt_machine_t *m, const char *name, double seconds)
{
    pt_known_t known = {.seconds = seconds};

    snprintf(known.name, sizeof known.name, "%s", name);
    for (size_t i = 0; i < N_RATE; i++)
        if (strcmp(known.name, rate_name[i].name) == 0) {
            *rate_at(m, i) = rate_name[i].is_inverse ? 1 / seconds : seconds;
            return PT_OK;
        }
    if (2 * (m->n_known + 1) > m->table_size)
        PT_TRY(grow_table(m));
    size_t at = place_of(m, known.name);
    if (m->table[at] == 0) {
        PT_TRY(pt_grow(&m->known, &m->room, m->n_known + 1, sizeof *m->known));
        m->table[at] = (int32_t)++m->n_known;
    }
    m->known[m->table[at] - 1] = known;
    return PT_OK;
}

pt_status_t pt_machine_least(pt_machine_t *machine, const pt_machine_t *other)
{
    pt_machine_t copy = *other;

    for (size_t i = 0; i < N_RATE; i++) {
        double mine = *rate_at(machine, i), its = *rate_at(&copy, i);
        if (rate_name[i].is_inverse ? its > mine : its < mine)
            *rate_at(machine, i) = its;
    }
    for (size_t i = 0; i < other->n_known; i++) {
        const pt_known_t *known = &other->known[i];
        double mine = pt_machine_find(machine, known->name);
        if (mine < 0 || known->seconds < mine)
            PT_TRY(pt_machine_learn(machine, known->name, known->seconds));
    }
    return PT_OK;
}

double pt_machine_message(const pt_machine_t *machine, pt_wire_t wire, double bytes)
{
    double latency = machine->rates.latency[wire];

    return wire == PT_WIRE_NODE ? latency
                                : latency + bytes / machine->rates.bandwidth[wire];
}

double pt_machine_receive(const pt_machine_t *machine, pt_wire_t wire, double bytes)
{
    return wire == PT_WIRE_NODE ? bytes / machine->rates.bandwidth[wire] : 0;
}

pt_status_t pt_machine_write(const pt_machine_t *machine, const char *path)
{
    pt_machine_t copy = *machine;
    pt_text_t text = {0};

    pt_text_add(&text, HEAD "\n", N_RATE + machine->n_known);
    if (machine->about[0] != '\0')
        pt_text_add(&text, "%s%s\n", about_mark, machine->about);
    for (size_t i = 0; i < N_RATE; i++)
        pt_text_add(&text, "%.6g %s\n",
                    rate_name[i].is_inverse ? 1 / *rate_at(&copy, i) : *rate_at(&copy, i),
                    rate_name[i].name);
    for (size_t i = 0; i < machine->n_known; i++)
        pt_text_add(&text, "%.6g %s\n", machine->known[i].seconds, machine->known[i].name);
    return pt_file_write_text(path, &text);
}

/** A table that is being read. */
typedef struct machine_reader {
    pt_machine_t *machine;
    const char *path;
    int number; /**< of the line */
    size_t n_line, n_told;
    bool is_whole; /**< the last line has its end */
} machine_reader_t;

static pt_status_t take_line(machine_reader_t *r, char *line)
{
    char *name;
    double seconds = strtod(line, &name);

    r->number++;
    r->is_whole = strchr(line, '\n') != NULL;
    line[strcspn(line, "\r\n")] = '\0';
    if (r->number == 1 && sscanf(line, HEAD, &r->n_told) == 1)
        return PT_OK;
    if (strncmp(line, about_mark, sizeof about_mark - 1) == 0)
        snprintf(r->machine->about, sizeof r->machine->about, "%.*s", PT_MACHINE_NAME - 1,
                 line + sizeof about_mark - 1);
    if (line[0] == '#' || line[0] == '\0')
        return PT_OK;
    r->n_line++;
    if (name == line || *name != ' ' || name[1] == '\0' || !isfinite(seconds) ||
        !(seconds > 0))
        PT_FAIL(FORMAT, "%s:%d: expected seconds, more than 0, and a name, got '%s'",
                r->path, r->number, line);
    return pt_machine_learn(r->machine, name + 1, seconds);
}

pt_status_t pt_machine_read(pt_machine_t *machine, const char *path)
{
    FILE *file = fopen(path, "r");
    machine_reader_t r = {.machine = machine, .path = path};
    char line[LINE];
    pt_status_t status = PT_OK;

    if (file == NULL)
        PT_FAIL(IO, "cannot read %s: %s", path, strerror(errno));
    while (status == PT_OK && fgets(line, sizeof line, file) != NULL)
        status = take_line(&r, line);
    if (status == PT_OK && ferror(file))
        status = PT_ERROR(IO, "cannot read %s: %s", path, strerror(errno));
    fclose(file);
    if (status == PT_OK && r.n_told > 0 && (r.n_line != r.n_told || !r.is_whole))
        PT_FAIL(FORMAT,
                "%s is cut off or mended: its first line tells of %zu lines, %zu %s%s",
                path, r.n_told, r.n_line, r.n_line == 1 ? "is there" : "are there",
                r.is_whole ? "" : ", the last without an end");
    return status;
}
