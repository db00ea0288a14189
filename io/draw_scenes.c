/* The drawn data set of scenes: rooms with bodies, rendered, and their labels. */
#include <stdio.h>

#include "polytree/base/memory.h"
#include "polytree/io/dataset.h"
#include "polytree/io/import.h"
#include "io/scene.h"

/* GRID x GRID rays give a pixel's colour.  A scene shows a body on at least one in
 * LEAST_PART pixels. */
enum { MIN_SIZE = 8, MAX_SIZE = 1024, GRID = 2, LEAST_PART = 200, MAX_ATTEMPT = 64 };

enum { PARTS, DEPTH, NORMALS, EDGES, SALIENCY, N_TASK };

static const char *const part_name[PT_SCENE_N_CLASS] = {"floor", "wall",   "ceiling",
                                                        "box",   "sphere", "cylinder"};

typedef struct painter {
    const pt_draw_scenes_t *options;
    pt_scene_t scene;
    pt_hit_t *hit; /* of each pixel's middle */
} painter_t;

static void look(painter_t *p)
{
    int64_t n = p->options->size;
    for (int64_t i = 0; i < n * n; i++) {
        double u = (2.0 * (double)(i % n) + 1) / (double)n - 1;
        double v = (2.0 * (double)(i / n) + 1) / (double)n - 1;
        p->hit[i] = pt_scene_meet(&p->scene, p->scene.eye, pt_scene_ray(&p->scene, u, v));
    }
}

/* The body that is seen best; -1 where none is seen well. */
static int32_t find_salient(const painter_t *p)
{
    double weight[PT_SCENE_MAX_BODY] = {0};
    int64_t n = p->options->size, pixels[PT_SCENE_MAX_BODY] = {0};
    int32_t best = -1;
    for (int64_t i = 0; i < n * n; i++) {
        double u = (2.0 * (double)(i % n) + 1) / (double)n - 1;
        double v = (2.0 * (double)(i / n) + 1) / (double)n - 1;
        if (p->hit[i].body < 0)
            continue;
        weight[p->hit[i].body] += (1 - u * u) * (1 - v * v);
        pixels[p->hit[i].body]++;
    }
    for (int32_t b = 0; b < p->scene.n_body; b++)
        if (pixels[b] * LEAST_PART >= n * n && (best < 0 || weight[b] > weight[best]))
            best = b;
    return best;
}

/* Of two pixels side by side that show different surfaces one is the edge. */
static bool is_edge(const pt_hit_t *here, const pt_hit_t *there)
{
    if (here->body == there->body)
        return here->face < there->face;
    if (here->body < 0 || there->body < 0)
        return here->body >= 0;
    return here->t < there->t;
}

static bool is_on_edge(const painter_t *p, int64_t i)
{
    int64_t n = p->options->size, x = i % n, y = i / n;
    const pt_hit_t *hit = &p->hit[i];
    return (x > 0 && is_edge(hit, hit - 1)) || (x + 1 < n && is_edge(hit, hit + 1)) ||
           (y > 0 && is_edge(hit, hit - n)) || (y + 1 < n && is_edge(hit, hit + n));
}

static void write_labels(const painter_t *p, int32_t salient, pt_label_t *const *label)
{
    const pt_scene_t *s = &p->scene;
    for (int64_t i = 0; i < p->options->size * p->options->size; i++) {
        const pt_hit_t *hit = &p->hit[i];
        label[PARTS][i].i = (int32_t)pt_scene_class(s, hit);
        label[DEPTH][i].f = (float)hit->t;
        label[NORMALS][3 * i].f = (float)pt_vec_dot(hit->normal, s->right);
        label[NORMALS][3 * i + 1].f = (float)pt_vec_dot(hit->normal, s->down);
        label[NORMALS][3 * i + 2].f = (float)pt_vec_dot(hit->normal, s->forward);
        label[EDGES][i].i = is_on_edge(p, i);
        label[SALIENCY][i].i = hit->body == salient;
    }
}

/* Light of a pixel: each of its rays sees another part of the lamp. */
static pt_vec_t gather(const painter_t *p, int64_t x, int64_t y)
{
    double n = (double)p->options->size;
    pt_vec_t sum = {0, 0, 0};
    for (int i = 0; i < GRID * GRID; i++) {
        double du = (2.0 * (i % GRID) + 1) / GRID, dv = (2.0 * (i / GRID) + 1) / GRID;
        pt_vec_t ray = pt_scene_ray(&p->scene, (2.0 * (double)x + du) / n - 1,
                                    (2.0 * (double)y + dv) / n - 1);
        pt_hit_t hit = pt_scene_meet(&p->scene, p->scene.eye, ray);
        pt_vec_t where = pt_vec_add(p->scene.eye, hit.t, ray);
        sum = pt_vec_add(sum, 1.0 / (GRID * GRID),
                         pt_scene_shade(&p->scene, &hit, where, du - 1, 1 - dv));
    }
    return sum;
}

/* The square root stands for the gamma of cameras. */
static uint8_t to_byte(double light, double noise)
{
    double v = sqrt(light) + noise;
    return v <= 0 ? 0 : v >= 1 ? 255 : (uint8_t)floor(v * 255.0 + 0.5);
}

static void paint(const painter_t *p, pt_rng_t rng, uint8_t *image)
{
    int64_t n = p->options->size;
    rng.task = 1;
    for (int64_t i = 0; i < n * n; i++) {
        double u[4], noise[3];
        pt_vec_t light = gather(p, i % n, i / n);
        pt_rng_uniform4(&rng, (uint64_t)i, u);
        for (int c = 0; c < 3; c++)
            noise[c] = 0.05 * (u[c] + u[3] - 1);
        image[3 * i] = to_byte(light.x, noise[0]);
        image[3 * i + 1] = to_byte(light.y, noise[1]);
        image[3 * i + 2] = to_byte(light.z, noise[2]);
    }
}

static pt_status_t fill(void *context, pt_split_t split, int64_t i, void *image,
                        pt_label_t *const *label)
{
    painter_t *p = context;
    int32_t salient = -1;
    const pt_rng_t rng = {.seed = p->options->seed,
                          .purpose = PT_RNG_DRAW,
                          .phase = (uint8_t)split,
                          .step = (uint32_t)i};
    for (uint64_t attempt = 0; salient < 0; attempt++) {
        if (attempt == MAX_ATTEMPT)
            PT_FAIL(INTERNAL, "%d rooms without a body in sight", MAX_ATTEMPT);
        pt_scene_draw(&rng, attempt, &p->scene);
        look(p);
        salient = find_salient(p);
    }
    write_labels(p, salient, label);
    paint(p, rng, image);
    return PT_OK;
}

static pt_status_t check_options(const pt_draw_scenes_t *options)
{
    const int64_t n[PT_N_SPLIT] = {options->n_train, options->n_val, options->n_test};
    if (options->size < MIN_SIZE || options->size > MAX_SIZE)
        PT_FAIL(USAGE, "size is %lld, expected %d to %d", (long long)options->size,
                MIN_SIZE, MAX_SIZE);
    for (int s = 0; s < PT_N_SPLIT; s++)
        if (n[s] < (s == PT_SPLIT_TRAIN) || n[s] > INT32_MAX)
            PT_FAIL(USAGE, "%lld %s scenes, expected %d to %d", (long long)n[s],
                    pt_split_name((pt_split_t)s), s == PT_SPLIT_TRAIN, INT32_MAX);
    return PT_OK;
}

pt_status_t pt_draw_scenes(const char *out, const pt_draw_scenes_t *options)
{
    painter_t painter = {.options = options};
    char origin[64];
    pt_task_source_t task[N_TASK] = {
        [PARTS] = {.info = {.name = "parts",
                            .kind = PT_TASK_SEGMENTATION,
                            .classes = PT_SCENE_N_CLASS},
                   .class_names = part_name},
        [DEPTH] = {.info = {.name = "depth", .kind = PT_TASK_DEPTH}},
        [NORMALS] = {.info = {.name = "normals", .kind = PT_TASK_NORMALS}},
        [EDGES] = {.info = {.name = "edges", .kind = PT_TASK_EDGES}},
        [SALIENCY] = {.info = {.name = "saliency", .kind = PT_TASK_SALIENCY}}};
    pt_dataset_source_t source = {.height = options->size,
                                  .width = options->size,
                                  .channels = 3,
                                  .n = {options->n_train, options->n_val, options->n_test},
                                  .fill = fill,
                                  .context = &painter,
                                  .n_task = N_TASK,
                                  .task = task,
                                  .origin = origin};
    PT_TRY(check_options(options));
    snprintf(origin, sizeof origin, "polytree's rendered scenes, seed %llu",
             (unsigned long long)options->seed);
    for (int t = 0; t < N_TASK; t++)
        for (int s = 0; s < PT_N_SPLIT; s++)
            task[t].rows[s].n = source.n[s];
    PT_TRY(pt_alloc(&painter.hit, (size_t)(options->size * options->size),
                    sizeof *painter.hit));
    pt_status_t status = pt_dataset_write(out, &source);
    pt_free(painter.hit);
    return status;
}
