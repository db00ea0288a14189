/* Numbers of PNGs as labels: classes, depth, normals, yes and no. */
#include "io/image_maps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/text.h"

enum { IGNORE = 255 };

static pt_status_t parse_detail(const char *word, const char *detail, pt_image_map_t *map)
{
    char *end = NULL;
    double value = detail[0] ? strtod(detail, &end) : NAN;
    bool is_number = end && *end == '\0';
    if (map->info.kind == PT_TASK_SEGMENTATION && is_number && value == floor(value) &&
        value >= 2 && value <= 65535) {
        map->has_classes = true;
        map->info.classes = (int32_t)value;
        return PT_OK;
    }
    if (map->info.kind == PT_TASK_DEPTH && is_number && value > 0 && isfinite(value)) {
        map->unit = value;
        return PT_OK;
    }
    PT_FAIL(USAGE, "--maps %.128s: expected segmentation:CLASSES or depth:UNIT", word);
}

pt_status_t pt_image_map_parse(const char *word, pt_image_map_t *map)
{
    static const pt_task_kind_t kinds[] = {PT_TASK_SEGMENTATION, PT_TASK_DEPTH,
                                           PT_TASK_NORMALS,      PT_TASK_EDGES,
                                           PT_TASK_SALIENCY,     PT_TASK_REGRESSION};
    const char *equals = strrchr(word, '=');
    size_t bytes = equals ? (size_t)(equals - word) : 0;
    const char *fault = equals ? pt_name_fault(word, bytes) : "expected NAME=KIND";
    *map = (pt_image_map_t){.unit = 1};
    if (fault)
        PT_FAIL(USAGE, "--maps %.128s: %s", word, fault);
    const char *kind = equals + 1, *colon = strchr(kind, ':');
    size_t n = colon ? (size_t)(colon - kind) : strlen(kind);
    memcpy(map->info.name, word, bytes);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *name = pt_task_kind_name(kinds[i]);
        if (strlen(name) != n || memcmp(name, kind, n) != 0)
            continue;
        map->info.kind = kinds[i];
        map->info.channels = kinds[i] == PT_TASK_NORMALS ? 3 : 1;
        return colon ? parse_detail(word, colon + 1, map) : PT_OK;
    }
    PT_FAIL(USAGE,
            "--maps %.128s: expected segmentation, depth, normals, edges, saliency "
            "or regression",
            word);
}

pt_status_t pt_image_map_look(pt_image_map_t *map, const char *path,
                              const pt_picture_t *picture)
{
    if (picture->channels != 1)
        PT_FAIL(FORMAT, "%s: colours, expected grey values or indices of a palette", path);
    for (int64_t i = 0; i < picture->height * picture->width; i++)
        if (picture->values[i] != IGNORE && picture->values[i] >= map->info.classes)
            map->info.classes = picture->values[i] + 1;
    return PT_OK;
}

/* Black, a length near 0, is none; others are made one long. */
static void form_normal(const uint16_t *value, double most, pt_label_t *label)
{
    double n[3], square = 0;
    bool is_black = value[0] == 0 && value[1] == 0 && value[2] == 0;
    for (int c = 0; c < 3; c++) {
        n[c] = 2 * value[c] / most - 1;
        square += n[c] * n[c];
    }
    for (int c = 0; c < 3; c++)
        label[c].f = is_black || square < 0.01 ? NAN : (float)(n[c] / sqrt(square));
}

/* Whether a number is a label of the kind. */
static bool form_label(const pt_image_map_t *map, uint16_t value, pt_label_t *label)
{
    switch (map->info.kind) {
    case PT_TASK_SEGMENTATION:
        label->i = value == IGNORE ? PT_LABEL_NONE : value;
        return value == IGNORE || value < map->info.classes;
    case PT_TASK_DEPTH:
        label->f = value == 0 ? NAN : (float)(value * map->unit);
        return true;
    case PT_TASK_REGRESSION:
        label->f = (float)value;
        return true;
    default:
        label->i = value != 0;
        return value <= 1 || value == 255;
    }
}

pt_status_t pt_image_map_form(const pt_image_map_t *map, const char *path,
                              const pt_picture_t *picture, int64_t height, int64_t width,
                              uint16_t *values, pt_label_t *label)
{
    bool is_normals = map->info.kind == PT_TASK_NORMALS;
    uint16_t most = 255;
    if (picture->channels != (is_normals ? 3 : 1))
        PT_FAIL(FORMAT, "%s: %s", path,
                is_normals ? "grey values, expected colours"
                           : "colours, expected grey values or indices of a palette");
    for (int64_t i = 0; is_normals && i < 3 * picture->height * picture->width; i++)
        most = picture->values[i] > 255 ? UINT16_MAX : most;
    pt_picture_resize_map(picture, height, width, values);
    for (int64_t i = 0; i < height * width; i++) {
        if (is_normals)
            form_normal(values + 3 * i, most, label + 3 * i);
        else if (!form_label(map, values[i], &label[i]))
            PT_FAIL(FORMAT, "%s: holds a %d, which is no label of %s", path, values[i],
                    pt_task_kind_name(map->info.kind));
    }
    return PT_OK;
}
