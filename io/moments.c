/* Mean, deviation and range of values, channel by channel. */
#include "io/moments.h"

#include <math.h>

#include "polytree/base/memory.h"

pt_status_t pt_moments_init(pt_moments_t *moments, int64_t n_channel)
{
    *moments = (pt_moments_t){.n_channel = n_channel};
    return pt_alloc(&moments->channel, (size_t)n_channel, sizeof *moments->channel);
}

void pt_moments_release(pt_moments_t *moments)
{
    pt_free(moments->channel);
    moments->channel = NULL;
}

void pt_moment_add(struct pt_moment *m, double x)
{
    if (isnan(x))
        return;
    m->first = m->n == 0 ? x : m->first;
    double own = x - m->first, off = own - m->off;
    m->least = m->n == 0 || x < m->least ? x : m->least;
    m->most = m->n == 0 || x > m->most ? x : m->most;
    m->off += off / (double)++m->n;
    m->square += off * (own - m->off);
    m->lost = fmax(m->lost, fabs(x - (double)(float)x));
}

void pt_moments_add(pt_moments_t *moments, const double *value, int64_t n)
{
    for (int64_t i = 0, c = 0; i < n; i++, c = c + 1 < moments->n_channel ? c + 1 : 0)
        pt_moment_add(&moments->channel[c], value[i]);
}

bool pt_moment_is_coarse(const struct pt_moment *moment)
{
    return moment->square > 0 && moment->lost > pt_moment_deviation(moment) / 100;
}

double pt_moment_mean(const struct pt_moment *moment)
{
    return moment->first + moment->off;
}

double pt_moment_size(const struct pt_moment *moment)
{
    return moment->n > 0 ? fmax(fabs(moment->least), fabs(moment->most)) : 0;
}

double pt_moment_deviation(const struct pt_moment *moment)
{
    return moment->n > 0 ? sqrt(moment->square / (double)moment->n) : 0;
}

/* Steps to a deviation by which values are told apart well enough: rounding is 4 % of what
 * they differ by. */
enum { FINE = 8 };

/* Take a channel that is worse than the worst so far, which has that share of a step. */
static void judge_channel(pt_blur_t blur, double scale, pt_blur_t *worst, double *share)
{
    blur.step = fabs(scale) * pt_number_step(blur.number, blur.mean / scale);
    bool is_constant = blur.deviation == 0 && blur.step < 1;
    if (is_constant || blur.deviation >= *share * blur.step)
        return;
    *share = blur.deviation / blur.step;
    *worst = blur;
}

pt_blur_t pt_moments_find_blur(const pt_moments_t *moments, pt_number_t number,
                               double scale)
{
    pt_blur_t worst = {.step = 0};
    double share = FINE;
    for (int64_t c = 0; c < moments->n_channel; c++) {
        const struct pt_moment *m = &moments->channel[c];
        judge_channel((pt_blur_t){.mean = pt_moment_mean(m),
                                  .deviation = pt_moment_deviation(m),
                                  .channel = c,
                                  .number = number},
                      scale, &worst, &share);
    }
    return worst;
}

pt_blur_t pt_standards_find_blur(const pt_standard_t *standard, int64_t n_channel,
                                 pt_number_t number, double scale)
{
    pt_blur_t worst = {.step = 0};
    double share = FINE;
    for (int64_t c = 0; c < n_channel; c++)
        judge_channel((pt_blur_t){.mean = standard[c].mean,
                                  .deviation = standard[c].deviation,
                                  .channel = c,
                                  .number = number},
                      scale, &worst, &share);
    return worst;
}

void pt_blur_describe(const pt_blur_t *blur, pt_text_t *text)
{
    bool is_read = blur->number.kind != PT_NUMBER_FLOAT;
    pt_text_add(text,
                "a deviation of %.4g at a mean of %.4g, where the file's %s %s by steps of "
                "%.4g: how they differ is %s rounding; store them with less of an "
                "offset%s",
                blur->deviation, blur->mean, pt_number_name(blur->number),
                is_read ? "is read as float64, which goes" : "goes", blur->step,
                blur->deviation < blur->step ? "mostly" : "in part",
                is_read ? "" : ", or in more bits");
}

void pt_moments_standards(const pt_moments_t *moments, pt_standard_t *standard)
{
    for (int64_t c = 0; c < moments->n_channel; c++) {
        const struct pt_moment *m = &moments->channel[c];
        double deviation = pt_moment_deviation(m);
        standard[c] = (pt_standard_t){pt_moment_mean(m), deviation > 0 ? deviation : 1};
    }
}
