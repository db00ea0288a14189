/* Samples with their labels and what a network makes of them. */
#include "polytree/picture/example.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "picture/tile.h"
#include "polytree/base/memory.h"
#include "polytree/io/png.h"
#include "polytree/train/answer.h"

enum {
    MOST_PIXELS = 160, /* of the longer side of a picture */
    MOST_VALUES = 4,   /* of a list */
    MOST_NAMES = 4
};

void pt_examples_release(pt_examples_t *examples)
{
    for (int32_t i = 0; examples->example != NULL && i < examples->n; i++) {
        pt_example_t *e = &examples->example[i];
        for (int32_t j = 0; e->answer != NULL && j < e->n_answer; j++) {
            pt_text_release(&e->answer[j].label_png);
            pt_text_release(&e->answer[j].answer_png);
        }
        pt_free(e->answer);
        pt_text_release(&e->png);
    }
    pt_free(examples->example);
    examples->example = NULL;
    examples->n = 0;
}

/* Of a larger picture every second pixel, or every third, ... */
static pt_status_t put_picture(int64_t height, int64_t width, uint8_t *rgb, pt_text_t *png)
{
    int64_t side = height > width ? height : width;
    int64_t step = (side + MOST_PIXELS - 1) / MOST_PIXELS;
    int64_t h = (height + step - 1) / step, w = (width + step - 1) / step;
    for (int64_t i = 0; i < h; i++)
        for (int64_t j = 0; j < w; j++)
            memmove(rgb + 3 * (i * w + j), rgb + 3 * step * (i * width + j), 3);
    return pt_png_add(h, w, rgb, png);
}

pt_status_t pt_example_input(const pt_input_info_t *info, const float *input,
                             pt_example_t *example)
{
    const int64_t h = info->hwc[0], w = info->hwc[1], c = info->hwc[2];
    uint8_t *rgb;
    if (!info->is_image) {
        for (int64_t i = 0; i < c && i < PT_EXAMPLE_FEATURES; i++) {
            double x = (double)input[i];
            if (info->standard != NULL)
                x = info->standard[i].mean + info->standard[i].deviation * x;
            snprintf(example->feature[i], sizeof example->feature[i], "%.6g", x);
        }
        return PT_OK;
    }
    PT_TRY(pt_alloc(&rgb, (size_t)(3 * h * w), 1));
    tile_input(h, w, c, info->standard, input, rgb);
    pt_status_t status = put_picture(h, w, rgb, &example->png);
    pt_free(rgb);
    return status;
}

static void put_class(const pt_interface_task_t *task, int32_t class, pt_text_t *text)
{
    if (task->class_name != NULL && class >= 0 && class < task->info.classes)
        pt_text_add(text, "%s", task->class_name[class].text);
    else
        pt_text_add(text, "%d", (int)class);
}

/* Names of the classes whose place in `is` is set. */
static void put_set(const pt_interface_task_t *task, const bool *is, pt_text_t *text)
{
    int32_t n = 0;
    for (int32_t c = 0; c < task->info.classes; c++)
        if (is[c] && n++ < MOST_NAMES) {
            pt_text_add(text, "%s", n > 1 ? ", " : "");
            put_class(task, c, text);
        }
    if (n > MOST_NAMES)
        pt_text_add(text, " and %d more", (int)(n - MOST_NAMES));
    if (n == 0)
        pt_text_add(text, "none");
}

static void put_values(int32_t n, const double *value, pt_text_t *text)
{
    for (int32_t i = 0; i < n && i < MOST_VALUES; i++) {
        pt_text_add(text, "%s", i > 0 ? ", " : "");
        if (isnan(value[i]))
            pt_text_add(text, "-");
        else
            pt_text_add(text, "%.6g", value[i]);
    }
    if (n > MOST_VALUES)
        pt_text_add(text, ", ...");
}

typedef struct texts {
    pt_text_t label, answer;
} texts_t;

static void answer_class(const pt_interface_task_t *task, const pt_label_t *label,
                         const int32_t *class, const float *probability, texts_t *t,
                         pt_example_answer_t *answer)
{
    put_class(task, label->i, &t->label);
    put_class(task, *class, &t->answer);
    pt_text_add(&t->answer, " (%.2f)", (double)probability[*class]);
    answer->is_classified = true;
    answer->is_right = *class == label->i;
}

static pt_status_t answer_set(const pt_interface_task_t *task, const pt_label_t *label,
                              const float *probability, texts_t *t)
{
    bool *is;
    int32_t n = task->info.classes;
    PT_TRY(pt_alloc(&is, (size_t)n, sizeof *is));
    for (int32_t c = 0; c < n; c++)
        is[c] = label[c].i == 1;
    put_set(task, is, &t->label);
    for (int32_t c = 0; c < n; c++)
        is[c] = probability[c] > 0.5F;
    put_set(task, is, &t->answer);
    pt_free(is);
    return PT_OK;
}

static void answer_values(const pt_interface_task_t *task, const pt_label_t *label,
                          const double *value, texts_t *t)
{
    double own[MOST_VALUES + 1];
    int32_t n = task->info.classes;
    for (int32_t i = 0; i < n && i < MOST_VALUES; i++) {
        const pt_standard_t *s = task->info.standard;
        own[i] = (double)label[i].f;
        if (s != NULL)
            own[i] = s[i].mean + s[i].deviation * own[i];
    }
    put_values(n, own, &t->label);
    put_values(n, value, &t->answer);
}

/* What has no map. */
static pt_status_t answer_text(const pt_interface_task_t *task,
                               const pt_objective_t *objective, const pt_label_t *label,
                               const pt_real_t *output, pt_example_answer_t *answer)
{
    texts_t t = {pt_text_in(answer->label, PT_EXAMPLE_TEXT),
                 pt_text_in(answer->answer, PT_EXAMPLE_TEXT)};
    int32_t class;
    double *room;
    pt_status_t status = PT_OK;
    PT_TRY(pt_alloc(&room, (size_t)objective->outputs, sizeof *room));
    switch (task->info.kind) {
    case PT_TASK_CLASSIFICATION:
        pt_answer(objective, false, 1, output, (void *[]){&class, room});
        answer_class(task, label, &class, (const float *)room, &t, answer);
        break;
    case PT_TASK_MULTILABEL:
        pt_answer(objective, false, 1, output, (void *[]){room, NULL});
        status = answer_set(task, label, (const float *)room, &t);
        break;
    default:
        pt_answer(objective, false, 1, output, (void *[]){room, NULL});
        answer_values(task, label, room, &t);
        break;
    }
    pt_free(room);
    return status;
}

pt_status_t pt_example_answer(const pt_interface_task_t *task,
                              const pt_objective_t *objective, int64_t height,
                              int64_t width, const pt_label_t *label,
                              const pt_real_t *output, pt_example_answer_t *answer)
{
    uint8_t *rgb;
    answer->is_map = pt_task_is_map(&task->info);
    if (!answer->is_map)
        return answer_text(task, objective, label, output, answer);
    pt_status_t status = PT_OK;
    PT_TRY(pt_alloc(&rgb, (size_t)(3 * height * width), 1));
    tile_range_t range = tile_range(objective, height * width, label, output);
    tile_label(objective, height, width, range, label, rgb);
    PT_TRY_OR(done, put_picture(height, width, rgb, &answer->label_png));
    tile_output(objective, height, width, range, output, rgb);
    status = put_picture(height, width, rgb, &answer->answer_png);
done:
    pt_free(rgb);
    return status;
}
