/* A config that fits a data set, without tuning: its rules are docs/use.md's. */
#include "app/draft.h"

#include <math.h>

/* Tables of fewer samples a task are fitted by linear networks, which overfit least. */
enum { FEW_SAMPLES = 1000 };
/* Fewer samples of val than this pick a step by chance, of networks that do not begin at
 * anything good. */
enum { LEAST_VAL = 100 };

/* What of a data set the rules look at. */
typedef struct facts {
    bool is_image;
    int64_t hwc[3], n[PT_N_SPLIT];
    int32_t n_task, n_map, n_bundle;
    int64_t least; /* labelled samples in train of the task that has the fewest */
    bool has_group;
    bool are_apart; /* tasks label samples that are not each other's, for the most part */
    int64_t val;    /* samples that val will have */
} facts_t;

static bool have_same_rows(const pt_dataset_t *d, int32_t a, int32_t b)
{
    pt_task_rows_t x = pt_dataset_rows(d, PT_SPLIT_TRAIN, a),
                   y = pt_dataset_rows(d, PT_SPLIT_TRAIN, b);
    if (x.n != y.n || (x.index == NULL) != (y.index == NULL))
        return false;
    for (int64_t i = 0; x.index && i < x.n; i++)
        if (x.index[i] != y.index[i])
            return false;
    return true;
}

static facts_t look(const pt_dataset_t *d)
{
    facts_t f = {.n_task = pt_dataset_n_task(d), .least = INT64_MAX};
    double rows = 0;
    pt_dataset_input(d, f.hwc);
    f.is_image = f.hwc[0] > 1 || f.hwc[1] > 1;
    for (int s = 0; s < PT_N_SPLIT; s++)
        f.n[s] = pt_dataset_n_input(d, (pt_split_t)s);
    for (int32_t t = 0; t < f.n_task; t++) {
        int64_t n = pt_dataset_n_labelled(d, PT_SPLIT_TRAIN, t);
        bool is_new = true;
        f.n_map += pt_task_is_map(pt_dataset_task(d, t));
        f.least = n < f.least ? n : f.least;
        rows += (double)n;
        for (int32_t other = 0; other < t && is_new; other++)
            is_new = !have_same_rows(d, t, other);
        f.n_bundle += is_new;
    }
    f.has_group = pt_dataset_group(d, PT_SPLIT_TRAIN) != NULL;
    /* In one bundle tasks that fill less than half of it would mostly be masked. */
    f.are_apart =
        f.n_bundle > 1 && rows < 0.5 * (double)f.n_task * (double)f.n[PT_SPLIT_TRAIN];
    f.val = f.n[PT_SPLIT_VAL] > 0 ? f.n[PT_SPLIT_VAL] : f.n[PT_SPLIT_TRAIN] / 10;
    return f;
}

static int64_t clamp(double value, int64_t low, int64_t high)
{
    return value < (double)low ? low : value > (double)high ? high : (int64_t)value;
}

/* A power of two, of which an epoch has some eight at least. */
static int64_t batch_of(const facts_t *f)
{
    int64_t batch = 8, most = f->n_map > 0 ? 16 : 64;
    while (batch < most && 2 * batch * 8 <= f->n[PT_SPLIT_TRAIN])
        batch *= 2;
    return batch;
}

/* Heading with why. */
static void section(pt_text_t *out, const char *name, const char *why)
{
    pt_text_add(out, "\n[%s]%s%s\n", name, why[0] ? "  ; " : "", why);
}

/* Whether there are samples to pick a step by. */
static bool has_val(const facts_t *f)
{
    return f->val >= (f->is_image ? LEAST_VAL : 1);
}

static void put_data(const facts_t *f, const char *file, pt_text_t *out)
{
    section(out, "data", "");
    pt_text_add(out, "file = %s\n", file);
    if (f->n[PT_SPLIT_VAL] == 0 && has_val(f))
        pt_text_add(out, "val_fraction = 0.1      ; the file has no val\n");
}

static void put_list(pt_text_t *out, const char *name, int64_t n, const int64_t *value)
{
    pt_text_add(out, "%s =", name);
    for (int64_t i = 0; i < n; i++)
        pt_text_add(out, " %lld", (long long)value[i]);
    pt_text_add(out, "\n");
}

/* Edges that a task may keep: half of them. */
static void put_squeeze(pt_text_t *out, int64_t nodes, int64_t flow, int64_t depth)
{
    int64_t edges = flow * (2 * nodes - flow - 1) / 2, kappa = (edges + 1) / 2;
    section(out, "squeeze", "");
    pt_text_add(out, "kappa = %lld               ; edges of a task, of %lld\n",
                (long long)(kappa < depth ? depth : kappa), (long long)edges);
}

static void put_table_space(const facts_t *f, pt_text_t *out)
{
    bool is_small = f->least < FEW_SAMPLES;
    int64_t nodes = is_small ? 2 : 4, flow = is_small ? 1 : 3;
    section(out, "space",
            is_small ? "few samples: linear, so that it overfits as little as can be"
                     : "a linear way to the heads, and layers beside it");
    pt_text_add(
        out,
        "nodes = %lld\nflow = %lld\nmin_depth = 1\nop = %s\nstem = linear\nstride = "
        "1\nchannels = %d\nstem_channels = %d\n",
        (long long)nodes, (long long)flow, is_small ? "linear" : "linear_bn_relu",
        is_small ? 32 : 64, is_small ? 32 : 64);
    put_squeeze(out, nodes, flow, 1);
}

/* Every second node halves the side until some six pixels are left. */
static void put_image_space(const facts_t *f, pt_text_t *out)
{
    int64_t side = f->hwc[0] < f->hwc[1] ? f->hwc[0] : f->hwc[1];
    int64_t stem = side >= 64 ? 2 : 1, stride[8], channels[8], width = 16, n = 0;
    for (side /= stem; n < 8; n++) {
        bool halves = n % 2 == 1 && side >= 12;
        stride[n] = halves ? 2 : 1;
        width = halves && width < 64 ? width + width / 2 : width;
        channels[n] = width;
        side = halves ? side / 2 : side;
        if (n >= 4 && side < 12)
            break;
    }
    n = n < 8 ? n + 1 : 8;
    section(out, "space", "");
    pt_text_add(out,
                "nodes = %lld\nflow = 3\nmin_depth = 2\nop = conv3x3_bn_relu\nstem = "
                "conv3x3_bn_relu stride=%lld\nstem_channels = 16\n",
                (long long)n, (long long)stem);
    put_list(out, "channels", n, channels);
    put_list(out, "stride", n, stride);
    put_squeeze(out, n, 3, 2);
}

/* Strides of the stem and of what is behind it, in a space of maps. */
static void map_strides(const facts_t *f, int *stem, int *rest)
{
    int64_t side = f->hwc[0] < f->hwc[1] ? f->hwc[0] : f->hwc[1];
    *stem = side >= 16 ? 2 : 1;
    *rest = side >= 32 ? 2 : 1;
}

static void put_map_space(const facts_t *f, pt_text_t *out)
{
    int stem, rest;
    map_strides(f, &stem, &rest);
    section(out, "space",
            rest > 1   ? "dense tasks: inverted residuals at a quarter of the size"
            : stem > 1 ? "dense tasks: inverted residuals at half the size"
                       : "dense tasks: inverted residuals at the size of the images");
    pt_text_add(out,
                "nodes = 6\nflow = 2\nmin_depth = 2\nop = inverted_residual expand=3\nstem "
                "= conv3x3_bn_relu6 stride=%d\nstem_channels = 16\nchannels = 24 32 32 32 "
                "48 48\nstride = 1 %d 1 1 1 1\nadapter_norm = 1\n",
                stem, rest);
    put_squeeze(out, 6, 2, 2);
}

static void put_head(const facts_t *f, pt_text_t *out)
{
    int stem, rest;
    map_strides(f, &stem, &rest);
    section(out, "head", "");
    if (!f->is_image)
        pt_text_add(out,
                    "linear = 1              ; ridge or logistic regression beside the "
                    "network, which begins there\n");
    if (f->n_map == f->n_task)
        pt_text_add(out,
                    "kind = deeplab\nwidth = 24\nskip = x                ; the stem's "
                    "output, at %s\n",
                    stem > 1 ? "half the size" : "the size of the images");
    pt_text_add(out, "dropout = %g\n",
                !f->is_image || f->n_map > 0 ? 0.0
                : f->least < FEW_SAMPLES     ? 0.2
                                             : 0.1);
}

static void put_train(const facts_t *f, int64_t batch, pt_text_t *out)
{
    section(out, "train", "");
    pt_text_add(out,
                "batch = %lld\nmicrobatch = %lld         ; two units: one for each of "
                "two ranks\n",
                (long long)batch, (long long)batch / 2);
    if (f->n_bundle > 1 && !f->are_apart)
        pt_text_add(out,
                    "bundle = all            ; most samples have labels of most tasks: "
                    "one pass for all\n");
    pt_text_add(out, "tasks_per_step = %d\nclip_norm = 5\nlabel_smoothing = 0\n",
                f->are_apart && f->n_bundle > 8 ? 8 : 0);
}

/* What it does to labels of right and left is not known: nothing is mirrored. */
static void put_augment(const facts_t *f, pt_text_t *out)
{
    bool has_maps = f->n_map > 0;
    section(out, "augment",
            !f->is_image ? "features are left alone"
                         : "flip = horizontal where right and left are the same to all "
                           "tasks");
    pt_text_add(out, "rotate = %d\nscale = %g\nshear = 0\nshift = %g\n",
                f->is_image && !has_maps ? 5 : 0, f->is_image ? 0.05 : 0,
                f->is_image ? 0.05 : 0);
}

/* For tables some four times that of ridge regression of weight 1: the less the more
 * samples. */
static double decay_of(const facts_t *f)
{
    double decay = 8 / (double)f->least;
    return f->is_image || decay < 5e-4 ? 5e-4 : decay > 0.2 ? 0.2 : decay;
}

static void put_phases(const facts_t *f, int64_t batch, pt_text_t *out)
{
    double epoch = (double)f->n[PT_SPLIT_TRAIN] / (double)batch, decay = decay_of(f);
    int64_t retrain = clamp((f->is_image ? 20 : 30) * epoch, 400, 6000);
    const char *lr = f->is_image ? "2e-3" : "3e-3";
    section(out, "warmup", "");
    pt_text_add(out,
                "steps = %lld\noptimizer = adam\nlr = %s\ndecay = %g\nlr_warmup = 20\n",
                (long long)clamp(2 * epoch, 50, 400), lr, decay);
    section(out, "search", "");
    pt_text_add(out, "steps = %lld\noptimizer = adam\nlr = %s\ndecay = %g\n",
                (long long)clamp(6 * epoch, 100, 1200), lr, decay);
    section(out, "alpha", "");
    pt_text_add(out, "lr = 5e-2\n");
    section(out, "retrain", "");
    pt_text_add(out,
                "steps = %lld\noptimizer = adam\nlr = %s\ndecay = %g\nlr_warmup = 20\n",
                (long long)retrain, lr, decay);
    if (has_val(f))
        pt_text_add(out, "keep = best             ; on val; comparisons want last\n");
    else
        pt_text_add(out, "keep = last             ; val is too small to pick a step by\n");
}

pt_status_t pt_draft_config(const pt_dataset_t *dataset, const char *file, pt_text_t *out)
{
    facts_t f = look(dataset);
    int64_t batch = batch_of(&f);
    pt_text_add(out,
                "; Drafted by `polytree init` of what the data set holds: %lld inputs in "
                "train, %d task%s,\n; the one with the fewest labels has %lld.\n;\n;   "
                "polytree search THIS.ini -o RUN\n",
                (long long)f.n[PT_SPLIT_TRAIN], (int)f.n_task, pt_plural(f.n_task),
                (long long)f.least);
    put_data(&f, file, out);
    section(out, "run", "");
    pt_text_add(out, "seed = 1\neval_every = %de\n", f.is_image ? 1 : 2);
    if (!f.is_image)
        put_table_space(&f, out);
    else if (f.n_map == f.n_task)
        put_map_space(&f, out);
    else
        put_image_space(&f, out);
    put_head(&f, out);
    put_train(&f, batch, out);
    put_augment(&f, out);
    section(out, "bn", "");
    pt_text_add(out, "calibrate = 16\n");
    put_phases(&f, batch, out);
    return out->status;
}
