/* Writing RUN/pictures: inputs, labels and predictions of a part's first samples. */
#include "polytree/picture/pictures.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/io/png.h"
#include "polytree/record/run_file.h"
#include "picture/tile.h"

enum {
    SIDE = 96, /* least pixels of a tile's longer side */
    GAP = 4,
    COLUMNS = 8 /* most tasks beside each other */
};

/* The pictures of the microbatch at work. */
typedef struct pictures {
    const pt_trainer_t *trainer;
    char folder[PT_PATH_MAX];
    int64_t n;        /* samples of a bundle */
    bool has_names;   /* several bundles are drawn */
    int64_t n_canvas; /* of the microbatch */
    int64_t h, w, c;  /* of an input */
    int64_t zoom, height, width;
    uint8_t *canvas; /* [n_canvas][height][width][3] */
    uint8_t *tile;
    int32_t n_seen; /* tasks drawn */
} pictures_t;

static bool has_maps(const pt_trainer_t *t, const pt_bundle_t *bundle)
{
    for (int32_t i = 0; i < bundle->n_task; i++)
        if (pt_task_is_map(pt_trainer_objective(t, bundle->task[i])->info))
            return true;
    return false;
}

static int32_t n_drawn(const pt_trainer_t *t, const pt_bundle_t *bundle, int32_t n_task)
{
    int32_t n = 0;
    for (int32_t i = 0; i < n_task; i++)
        n += tile_can_draw(pt_trainer_objective(t, bundle->task[i]));
    return n;
}

static pt_status_t begin(pictures_t *p, const pt_observation_t *o)
{
    const pt_bundle_t *bundle = pt_feed_bundle(pt_trainer_feed(p->trainer), o->bundle);
    int64_t n = n_drawn(p->trainer, bundle, bundle->n_task);
    int64_t h = p->h * p->zoom + GAP, w = p->w * p->zoom + GAP;
    p->n_canvas = p->n - o->first < o->n ? p->n - o->first : o->n;
    p->height = GAP + 2 * h * ((n + COLUMNS - 1) / COLUMNS);
    p->width = GAP + w * (1 + (n < COLUMNS ? n : COLUMNS));
    size_t bytes = (size_t)(p->n_canvas * p->height * p->width * 3);
    PT_TRY(pt_alloc(&p->canvas, bytes, 1));
    memset(p->canvas, 255, bytes);
    return PT_OK;
}

/* Put the tile, whose pixels become zoom x zoom, into column `column` and row 0 or 1 of the
 * tasks; column -1 is the input's. */
static void place(pictures_t *p, int64_t sample, int64_t column, int64_t row, int64_t zoom)
{
    int64_t h = p->h * p->zoom, w = p->w * p->zoom;
    int64_t line = column < 0 ? 0 : column / COLUMNS;
    int64_t x = GAP + (column < 0 ? 0 : 1 + column % COLUMNS) * (w + GAP);
    int64_t y = GAP + (2 * line + row) * (h + GAP);
    uint8_t *corner = p->canvas + 3 * ((sample * p->height + y) * p->width + x);
    for (int64_t i = 0; i < h; i++)
        for (int64_t j = 0; j < w; j++)
            memcpy(corner + 3 * (i * p->width + j),
                   p->tile + 3 * (i / zoom * (w / zoom) + j / zoom), 3);
}

static void draw_task(pictures_t *p, const pt_observation_t *o, int64_t column)
{
    const pt_objective_t *t = pt_trainer_objective(p->trainer, o->task);
    bool is_map = pt_task_is_map(t->info);
    /* Bars are drawn as large as they are shown. */
    int64_t zoom = is_map ? p->zoom : 1, h = p->h * p->zoom / zoom,
            w = p->w * p->zoom / zoom;
    int64_t n_pixel = is_map ? h * w : 1;
    for (int64_t i = 0; i < p->n_canvas; i++) {
        const pt_label_t *label = o->label + i * n_pixel * t->labels;
        const pt_real_t *output = o->output + i * n_pixel * t->outputs;
        tile_range_t range = tile_range(t, n_pixel, label, output);
        tile_label(t, h, w, range, label, p->tile);
        place(p, i, column, 0, zoom);
        tile_output(t, h, w, range, output, p->tile);
        place(p, i, column, 1, zoom);
    }
}

static void draw_inputs(pictures_t *p, const pt_observation_t *o)
{
    for (int64_t i = 0; i < p->n_canvas; i++) {
        tile_input(p->h, p->w, p->c, pt_feed_input_standard(pt_trainer_feed(p->trainer)),
                   o->input + i * p->h * p->w * p->c, p->tile);
        place(p, i, -1, 0, p->zoom);
    }
}

static pt_status_t write_all(const pictures_t *p, const pt_observation_t *o)
{
    const pt_bundle_t *bundle = pt_feed_bundle(pt_trainer_feed(p->trainer), o->bundle);
    const char *name = pt_trainer_objective(p->trainer, bundle->task[0])->info->name;
    char path[PT_PATH_MAX + 80];
    /* The folder may not be seen on all nodes as soon as it is made. */
    PT_TRY(pt_folder_make(p->folder));
    for (int64_t i = 0; i < p->n_canvas; i++) {
        snprintf(path, sizeof path, "%s/%04lld%s%s.png", p->folder,
                 (long long)(o->first + i), p->has_names ? "-" : "",
                 p->has_names ? name : "");
        PT_TRY(pt_png_write(path, p->height, p->width,
                            p->canvas + i * p->height * p->width * 3));
    }
    return PT_OK;
}

/* Tasks of a microbatch come one after the other. */
static pt_status_t see(void *context, const pt_observation_t *o)
{
    pictures_t *p = context;
    const pt_bundle_t *bundle = pt_feed_bundle(pt_trainer_feed(p->trainer), o->bundle);
    if (o->first >= p->n || !has_maps(p->trainer, bundle))
        return PT_OK;
    if (p->n_seen == 0) {
        PT_TRY(begin(p, o));
        draw_inputs(p, o);
    }
    if (tile_can_draw(pt_trainer_objective(p->trainer, o->task)))
        draw_task(p, o, n_drawn(p->trainer, bundle, o->slot));
    if (++p->n_seen < bundle->n_task)
        return PT_OK;
    pt_status_t status = write_all(p, o);
    pt_free(p->canvas);
    p->canvas = NULL;
    p->n_seen = 0;
    return status;
}

static pt_status_t init(pictures_t *p, const char *run, int64_t n)
{
    const pt_feed_t *feed = pt_trainer_feed(p->trainer);
    pt_shape_t input = pt_trainer_space(p->trainer)->node[0].shape;
    int64_t side = input.h > input.w ? input.h : input.w;
    int32_t n_bundle = 0;
    for (int32_t b = 0; b < pt_feed_n_bundle(feed); b++)
        n_bundle += has_maps(p->trainer, pt_feed_bundle(feed, b));
    PT_TRY(pt_run_file_path(run, PT_FILE_PICTURES, p->folder));
    p->n = n;
    p->has_names = n_bundle > 1;
    p->h = input.h;
    p->w = input.w;
    p->c = input.c;
    p->zoom = (SIDE + side - 1) / side;
    return pt_alloc(&p->tile, (size_t)(3 * p->h * p->w * p->zoom * p->zoom), 1);
}

/* NNNN.png or NNNN-NAME.png */
static bool is_picture(const char *name)
{
    size_t n = strlen(name);
    for (int i = 0; i < 4; i++)
        if (!isdigit((unsigned char)name[i]))
            return false;
    return (name[4] == '.' || name[4] == '-') && strcmp(name + n - 4, ".png") == 0;
}

/* So that no picture of another part or run stands among them. */
static pt_status_t take_away_old(const char *folder)
{
    char path[PT_PATH_MAX + 300];
    pt_status_t status = PT_OK;
    PT_TRY(pt_folder_make(folder));
    DIR *dir = opendir(folder);
    if (dir == NULL)
        PT_FAIL(IO, "%s: %s", folder, strerror(errno));
    for (const struct dirent *entry; status == PT_OK && (entry = readdir(dir)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (is_picture(entry->d_name) && unlink(path) != 0)
            status = PT_ERROR(IO, "%s: %s", path, strerror(errno));
    }
    closedir(dir);
    return status;
}

pt_status_t pt_pictures_check(const pt_dataset_t *dataset)
{
    for (int32_t k = 0; k < pt_dataset_n_task(dataset); k++)
        if (pt_task_is_map(pt_dataset_task(dataset, k)))
            return PT_OK;
    PT_FAIL(CONFIG,
            "pictures are of labels for every pixel, which none of the %d tasks has",
            (int)pt_dataset_n_task(dataset));
}

pt_status_t pt_pictures_evaluate(pt_trainer_t *trainer, const pt_subnet_t *subnet,
                                 pt_part_t part, int64_t n, const char *run,
                                 pt_task_score_t *score)
{
    pictures_t p = {.trainer = trainer};
    const pt_observer_t observer = {see, &p};
    pt_comm_t *world = pt_trainer_layout(trainer)->world;
    pt_status_t status;
    if (n == 0)
        return pt_trainer_evaluate(trainer, subnet, part, NULL, score);
    PT_TRY(pt_pictures_check(pt_trainer_dataset(trainer)));
    status = init(&p, run, n);
    if (status == PT_OK && pt_comm_rank(world) == 0)
        status = take_away_old(p.folder);
    PT_TRY_OR(done, pt_comm_agree(world, status));
    status = pt_trainer_evaluate(trainer, subnet, part, &observer, score);
done:
    pt_free(p.canvas);
    pt_free(p.tile);
    return status;
}
