/** @file
 * Importers: well-known layouts to the data set schema.  Not collective.
 */
#ifndef PT_IO_IMPORT_H
#define PT_IO_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"

/** What an importer tells while it is at work; either may be NULL. */
typedef struct pt_import_talk {
    /** A line about what it makes of the source. */
    void (*say)(void *context, const char *line);
    /** What it is at, and how much of that is done, 0 to 1: often. */
    void (*progress)(void *context, const char *what, double share);
    void *context;
} pt_import_talk_t;

/** Words of a command line. */
typedef struct pt_words {
    const char *const *word;
    int32_t n;
} pt_words_t;

/** Parts of a source that names none. */
typedef struct pt_import_share {
    double val, test; /**< shares of the samples, 0 to 1; 0: no such part */
    uint64_t seed;
} pt_import_share_t;

typedef struct pt_import_omniglot {
    int64_t size;  /**< pixels; area-averaged from 105 x 105, ink = 1 */
    bool shuffled; /**< 10/4/6 drawings of each character by seed; else by drawer */
    uint64_t seed;
    const char *tasks;  /**< NULL: the 20 alphabets of the literature; or names */
    int64_t characters; /**< alphabets are cut into tasks of so many, ALPHABET_01 and so on,
                           the rest in the last one; 0: a task is an alphabet */
} pt_import_omniglot_t;

/**
 * `src`: a folder of alphabets (ALPHABET/characterNN/IIII_DD.png), an archive of one,
 * a folder that holds one such archive and no alphabets, or the upstream pair of folders
 * images_background / images_evaluation.
 */
PT_MUST_CHECK pt_status_t pt_import_omniglot(const char *src, const char *out,
                                             const pt_import_omniglot_t *options);

typedef struct pt_import_idx {
    bool pair;       /**< two samples in opposite corners, tasks left and right */
    int64_t size;    /**< of the paired image; 36 */
    int64_t n_group; /**< of samples, in each split: partners are of one group, which the
                        data set names; below 2: all are partners, and it names none */
    int64_t n_train, n_val, n_test; /**< 0 = as many as the files hold (val: from train) */
    uint64_t seed;
} pt_import_idx_t;

/** `src`: a folder with {train,t10k}-{images-idx3,labels-idx1}-ubyte, .gz allowed. */
PT_MUST_CHECK pt_status_t pt_import_idx(const char *src, const char *out,
                                        const pt_import_idx_t *options);

typedef struct pt_import_mtan {
    bool has_normals; /**< NYUv2; Cityscapes has none, and inverse depth */
    int32_t classes;  /**< of the segmentation: 13; Cityscapes 2, 7 or 19 */
    bool as_bytes;    /**< images rounded to uint8; else float32 */
    int64_t n_val;    /**< samples of train that become val, picked by seed */
    uint64_t seed;
} pt_import_mtan_t;

/**
 * NYUv2 or Cityscapes in the preprocessed layout of Liu et al. 2019 (MTAN):
 * `src`/{train,val}/{image,label,depth,normal}/N.npy with N from 0; image [h, w, 3] in 0 to
 * 1, label [h, w] with -1 for none (of Cityscapes in label_7 and so on), depth [h, w, 1]
 * with 0 for none, normal [h, w, 3].  Their val becomes test, as results are reported on
 * it.  One sample at a time is in memory.
 */
PT_MUST_CHECK pt_status_t pt_import_mtan(const char *src, const char *out,
                                         const pt_import_mtan_t *options);

typedef struct pt_import_csv {
    pt_words_t tasks;     /**< columns to predict, one a task; NAME=COLUMN renames one */
    pt_words_t inputs;    /**< columns to predict from, '*' for any letters; none: all that
                             are named nowhere else */
    pt_words_t leave_out; /**< columns that are no inputs, where `inputs` names none */
    pt_words_t kinds;     /**< COLUMN=classification or =regression of tasks, COLUMN=number
                             or =category of inputs; else guessed */
    pt_words_t missing;   /**< words that hold no value, beside the usual ones */
    const char *group;    /**< column of what belongs together, or NULL */
    const char *time;     /**< column that parts are taken by, or NULL */
    const char *split;    /**< column that says train, val or test, or NULL */
    bool fills_mean;      /**< an input's missing number is its column's mean in train */
    char separator;       /**< 0: found out */
    pt_import_share_t share; /**< where `split` is NULL */
    pt_import_talk_t talk;
} pt_import_csv_t;

/**
 * A table with a line of names, plain or packed by gzip: to features and tasks of
 * classification (texts, whole numbers of at most 20 values, each in 5 rows on average) or
 * regression (other numbers).
 * Inputs are numbers, true or false as 1 and 0, or categories: a feature of 0 or 1 for each
 * of up to 64 texts.  A missing cell of a task is no label.  The table is read twice; what
 * is in memory is a block of it and a few bytes for each row and task.
 *
 * @return PT_E_FORMAT, naming row and column, for a cell that is not what its column holds
 */
PT_MUST_CHECK pt_status_t pt_import_csv(const char *src, const char *out,
                                        const pt_import_csv_t *options);

typedef struct pt_import_images {
    int64_t height, width;   /**< that pictures are brought to; 0: all have one size */
    bool is_grey;            /**< one channel; else red, green, blue */
    const char *labels;      /**< a table of them, or NULL */
    const char *file_column; /**< its column of files, from `src` on */
    pt_words_t tasks, kinds; /**< of the table, as pt_import_csv_t; no tasks: all columns */
    const char *group, *split;
    pt_words_t maps; /**< NAME=KIND: a PNG in `src`/NAME for each picture in `src`/images */
    pt_import_share_t share; /**< where neither `split` nor a folder says */
    pt_import_talk_t talk;
} pt_import_images_t;

/**
 * A folder of pictures, PNG or JPEG.  Their labels are columns of the table `labels`, maps
 * beside them, or both; else the folder that each is in is its class:
 *
 *     src/[train/|val/|test/]CLASS/.../NAME.jpg
 *     src/images/[train/|val/|test/].../NAME.jpg and src/TASK/.../NAME.png
 *
 * Kinds of maps: segmentation (numbers or indices of a palette are classes, 255 is none;
 * segmentation:N has N of them), depth:UNIT (numbers times UNIT, 0 is none), normals
 * (colours as n = c / 127.5 - 1, black is none), edges, saliency (0, and 1 or 255),
 * regression (numbers).  A picture without a map has no label there.
 *
 * @return PT_E_FORMAT, naming the file, for one that cannot be decoded or is of another
 *         size than what belongs to it
 */
PT_MUST_CHECK pt_status_t pt_import_images(const char *src, const char *out,
                                           const pt_import_images_t *options);

typedef struct pt_import_npz {
    const char *inputs;      /**< name of the array */
    const char *group;       /**< integers [n], alike for what belongs together; or NULL */
    pt_words_t tasks, kinds; /**< names of arrays; NAME=KIND, else guessed */
    pt_import_share_t share; /**< where arrays are not of splits */
    pt_import_talk_t talk;
} pt_import_npz_t;

/**
 * Arrays of a .npz, each of all samples, or NAME_train, NAME_val and NAME_test for NAME.
 * Inputs [n, features], or images [n, h, w] or [n, h, w, channels].  Tasks: integers [n]
 * are classification, 0 and 1 [n, classes] multilabel, integers of the images' size
 * segmentation, booleans of it saliency, floats regression; other kinds by name.  NaN,
 * integers below 0, and 255 in a segmentation of uint8 are no labels.  Features and numbers
 * of float64 or of integers beyond 16 bits stay float64.  A row of each array is in memory,
 * and labels of all tasks but maps.
 *
 * @return PT_E_FORMAT, naming array and row, for what is no label or input
 */
PT_MUST_CHECK pt_status_t pt_import_npz(const char *src, const char *out,
                                        const pt_import_npz_t *options);

typedef struct pt_draw_shapes {
    int64_t size, n_train, n_val, n_test;
    uint64_t seed;
} pt_draw_shapes_t;

/** Small drawings with three classification tasks that share their inputs. */
PT_MUST_CHECK pt_status_t pt_draw_shapes(const char *out, const pt_draw_shapes_t *options);

typedef struct pt_draw_scenes {
    int64_t size, n_train, n_val, n_test;
    uint64_t seed;
} pt_draw_scenes_t;

/**
 * Ray-cast rooms with boxes, spheres and cylinders under a lamp, and exact labels of the
 * ray through the middle of each pixel, all tasks for all images:
 *
 *     parts     segmentation: floor, wall, ceiling, box, sphere, cylinder
 *     depth     metres along the camera's axis
 *     normals   unit, in the camera's frame: right, down, away
 *     edges     where the next pixel shows another body or another face: the pixel that is
 *               nearer, or of the body before the room, or of the face with the lower
 *               number
 *     saliency  the body with the largest sum of (1 - u^2)(1 - v^2) over the pixels that
 *               show it, u, v in [-1, 1] the pixel's place in the image, of the bodies on
 *               at least one in 200 pixels
 *
 * The same bytes wherever doubles are those of IEEE 754.
 */
PT_MUST_CHECK pt_status_t pt_draw_scenes(const char *out, const pt_draw_scenes_t *options);

#endif
