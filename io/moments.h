/** @file
 * Mean, deviation and range of the values of each channel, of any scale and offset.
 *
 * Welford's recurrence in the order of the values, less the first of them: no cancellation,
 * what all values have in common takes off nothing, and the same bits wherever the same
 * values come in the same order.
 */
#ifndef IO_MOMENTS_H
#define IO_MOMENTS_H

#include "polytree/io/dataset.h"
#include "io/number.h"

typedef struct pt_moments {
    int64_t n_channel;
    struct pt_moment {
        int64_t n;
        double first, off;  /**< the first value, and how far from it the mean is */
        double square;      /**< sum of squared distances from the mean */
        double least, most; /**< where n > 0 */
        double lost;        /**< the most that float32 takes off a value */
    } * channel;
} pt_moments_t;

PT_MUST_CHECK pt_status_t pt_moments_init(pt_moments_t *moments, int64_t n_channel);
void pt_moments_release(pt_moments_t *moments);
/** Value i belongs to channel i mod n_channel; NaN is passed over. */
void pt_moments_add(pt_moments_t *moments, const double *value, int64_t n);
/** Add one value to a channel, unless it is NaN. */
void pt_moment_add(struct pt_moment *moment, double value);
/** Whether float32 takes off more than a hundredth of the deviation. */
bool pt_moment_is_coarse(const struct pt_moment *moment);
double pt_moment_mean(const struct pt_moment *moment);

/** A channel whose values the file itself hardly tells apart: they differ by less than
 * eight of the steps that its floats go by there, or float64 where it has larger integers;
 * or not at all, where floats have no fractions any more. */
typedef struct pt_blur {
    double mean, deviation,
        step; /**< step: from one float to the next; 0: no such channel */
    int64_t channel;
    pt_number_t number;
} pt_blur_t;

/** Find the worst one; `scale` is what the numbers of the file were multiplied with. */
pt_blur_t pt_moments_find_blur(const pt_moments_t *moments, pt_number_t number,
                               double scale);
/** The same of values that are to be brought to units. */
pt_blur_t pt_standards_find_blur(const pt_standard_t *standard, int64_t n_channel,
                                 pt_number_t number, double scale);
/** Add what its values have, which is wrong, and what to do. */
void pt_blur_describe(const pt_blur_t *blur, pt_text_t *text);

/** The largest size of a value. */
double pt_moment_size(const struct pt_moment *moment);
/** Root of the mean squared distance from the mean; 0 where there is no value. */
double pt_moment_deviation(const struct pt_moment *moment);
/** Mean 0 and deviation 1; what has no deviation keeps its scale. */
void pt_moments_standards(const pt_moments_t *moments, pt_standard_t *standard);

#endif
