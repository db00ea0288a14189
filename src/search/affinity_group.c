/* Groups of tasks by spectral clustering (Ng, Jordan and Weiss, 2002).
 *
 * With A the affinities, negative ones taken for 0, and D its row sums, tasks are points of
 * the eigenvectors of D^-1/2 A D^-1/2 to its G largest eigenvalues, each of length 1, and
 * k-means puts them into G groups.  It begins at points that are far from each other, so
 * that nothing is drawn.  Without G given, the largest gap between one eigenvalue and the
 * next says it. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "search/affinity_parts.h"

enum { MOST_ROUNDS = 100 };

typedef struct grouping {
    int32_t n, k; /* tasks with features, groups */
    int32_t *task;
    double *point;  /* [n][k] */
    double *centre; /* [k][k] */
    int32_t *of;    /* [n] */
} grouping_t;

static double distance(const double *a, const double *b, int32_t n)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

static int32_t nearest(const grouping_t *g, int32_t i, int32_t n_centre, double *how_far)
{
    int32_t best = 0;
    *how_far = DBL_MAX;
    for (int32_t c = 0; c < n_centre; c++) {
        double d = distance(g->point + i * g->k, g->centre + c * g->k, g->k);
        if (d < *how_far) {
            *how_far = d;
            best = c;
        }
    }
    return best;
}

static void begin_centres(grouping_t *g)
{
    memcpy(g->centre, g->point, (size_t)g->k * sizeof *g->centre);
    for (int32_t c = 1; c < g->k; c++) {
        int32_t far = 0;
        double most = -1, d;
        for (int32_t i = 0; i < g->n; i++) {
            nearest(g, i, c, &d);
            if (d > most) {
                most = d;
                far = i;
            }
        }
        memcpy(g->centre + c * g->k, g->point + far * g->k, (size_t)g->k * sizeof(double));
    }
}

static void move_centres(grouping_t *g)
{
    for (int32_t c = 0; c < g->k; c++) {
        int32_t n = 0;
        for (int32_t i = 0; i < g->n; i++)
            n += g->of[i] == c;
        for (int32_t j = 0; n > 0 && j < g->k; j++) {
            double sum = 0;
            for (int32_t i = 0; i < g->n; i++)
                sum += g->of[i] == c ? g->point[i * g->k + j] : 0;
            g->centre[c * g->k + j] = sum / n;
        }
    }
}

static void run_k_means(grouping_t *g)
{
    bool is_moved = true;
    begin_centres(g);
    for (int32_t round = 0; round < MOST_ROUNDS && is_moved; round++) {
        is_moved = round == 0;
        for (int32_t i = 0; i < g->n; i++) {
            double d;
            int32_t c = nearest(g, i, g->k, &d);
            is_moved |= c != g->of[i];
            g->of[i] = c;
        }
        move_centres(g);
    }
}

/* Groups are numbered by their first task. */
static void number_groups(const grouping_t *g, pt_affinity_level_t *level)
{
    level->n_group = 0;
    for (int32_t i = 0; i < g->n; i++) {
        int32_t j = 0;
        while (g->of[j] != g->of[i])
            j++;
        level->group[g->task[i]] = j < i ? level->group[g->task[j]] : level->n_group++;
    }
}

/* Up to `most` groups. */
static int32_t widest_gap(const double *value, int32_t n, int32_t most)
{
    int32_t best = 1;
    for (int32_t k = 2; k < n && k <= most; k++)
        if (value[k - 1] - value[k] > value[best - 1] - value[best])
            best = k;
    return best;
}

static void fill_matrix(const grouping_t *g, int32_t n_task, const double *value,
                        const double *degree, pt_matrix_t *a)
{
    for (int32_t j = 0; j < g->n; j++)
        for (int32_t i = 0; i <= j; i++) {
            int64_t row = pt_matrix_own_row(a, i), col = pt_matrix_own_col(a, j);
            double x = value[(size_t)g->task[i] * (size_t)n_task + (size_t)g->task[j]];
            if (row >= 0 && col >= 0)
                ((double *)a->data)[col * a->own_row + row] =
                    (x > 0 ? x : 0) / sqrt(degree[i] * degree[j]);
        }
}

/* Points of the tasks from eigenvectors, of which the last column is the first value's. */
static void place_points(grouping_t *g, const double *vector, int32_t n_found)
{
    for (int32_t i = 0; i < g->n; i++) {
        double length = 0;
        for (int32_t j = 0; j < g->k; j++) {
            double x = vector[(size_t)(n_found - 1 - j) * (size_t)g->n + (size_t)i];
            g->point[i * g->k + j] = x;
            length += x * x;
        }
        for (int32_t j = 0; j < g->k && length > 0; j++)
            g->point[i * g->k + j] /= sqrt(length);
    }
}

static pt_status_t cluster(grouping_t *g, const pt_grid_t *grid, int32_t n_task,
                           int64_t groups, pt_affinity_level_t *level)
{
    double *degree = NULL, *value = NULL, *whole = NULL;
    pt_matrix_t a = {.data = NULL}, v = {.data = NULL};
    size_t n = (size_t)g->n;
    pt_status_t status = PT_OK;
    PT_TRY_OR(done, pt_alloc(&degree, n, sizeof *degree));
    PT_TRY_OR(done, pt_alloc(&value, n, sizeof *value));
    PT_TRY_OR(done, pt_alloc(&whole, n * n, sizeof *whole));
    for (int32_t i = 0; i < g->n; i++)
        for (int32_t j = 0; j < g->n; j++)
            degree[i] += fmax(
                level->value[(size_t)g->task[i] * (size_t)n_task + (size_t)g->task[j]], 0);
    PT_TRY_OR(done,
              pt_matrix_init(&a, grid, true, g->n, g->n, AFFINITY_BLOCK, AFFINITY_BLOCK));
    fill_matrix(g, n_task, level->value, degree, &a);
    PT_TRY_OR(done, pt_matrix_eigen(&a, g->n, value, &v));
    PT_TRY_OR(done, pt_matrix_whole(&v, whole));
    for (int32_t i = 0; i < g->n; i++)
        level->spectrum[i] = value[g->n - 1 - i];
    /* Tasks with the same features are not parted. */
    g->k =
        groups > 0 ? (int32_t)groups : widest_gap(level->spectrum, g->n, level->n_distinct);
    g->k = g->k < level->n_distinct ? g->k : level->n_distinct;
    PT_TRY_OR(done, pt_alloc(&g->point, n * (size_t)g->k, sizeof *g->point));
    PT_TRY_OR(done, pt_alloc(&g->centre, (size_t)(g->k * g->k), sizeof *g->centre));
    place_points(g, whole, g->n);
    run_k_means(g);
    number_groups(g, level);
done:
    pt_matrix_release(&a);
    pt_matrix_release(&v);
    pt_free(degree);
    pt_free(value);
    pt_free(whole);
    return status;
}

pt_status_t affinity_group(const pt_grid_t *grid, int32_t n_task, int64_t groups,
                           pt_affinity_level_t *level)
{
    grouping_t g = {.n = 0};
    pt_status_t status = PT_OK;
    PT_TRY_OR(done, pt_alloc(&g.task, (size_t)n_task, sizeof *g.task));
    PT_TRY_OR(done, pt_alloc(&g.of, (size_t)n_task, sizeof *g.of));
    for (int32_t k = 0; k < n_task; k++) {
        level->group[k] = -1;
        if (!isnan(level->value[(size_t)k * (size_t)(n_task + 1)]))
            g.task[g.n++] = k;
    }
    if (g.n > 0)
        status = cluster(&g, grid, n_task, groups, level);
done:
    pt_free(g.task);
    pt_free(g.of);
    pt_free(g.point);
    pt_free(g.centre);
    return status;
}
