/* Student's t by the continued fraction of the incomplete beta function, and Holm's levels.
 *
 *     P(|t| > x) = I_z(f/2, 1/2),  z = f / (f + x^2)                (Abramowitz 26.7.1)
 *     I_z(a, b) = z^a (1-z)^b / (a B(a, b)) 1/(1+ d_1/(1+ d_2/(1+ ...)))       (26.5.8)
 */
#include "study/interval.h"

#include <float.h>
#include <math.h>

enum { TERMS = 1000, HALVINGS = 200 };

/* Forward by Lentz: numerators c and denominators d of the convergents, as ratios. */
static double fraction(double a, double b, double z)
{
    double c = 1, d = 1 - (a + b) * z / (a + 1);
    double value = d = 1 / d;
    for (int m = 1; m <= TERMS; m++) {
        const double term[] = {m * (b - m) * z / ((a + 2 * m - 1) * (a + 2 * m)),
                               -(a + m) * (a + b + m) * z /
                                   ((a + 2 * m) * (a + 2 * m + 1))};
        double change = 1;
        for (int i = 0; i < 2; i++) {
            d = 1 / (1 + term[i] * d);
            c = 1 + term[i] / c;
            change *= c * d;
        }
        value *= change;
        if (fabs(change - 1) < 4 * DBL_EPSILON)
            break;
    }
    return value;
}

/* The fraction converges quickly where z is below the distribution's mean. */
static double incomplete_beta(double a, double b, double z)
{
    if (z <= 0 || z >= 1)
        return z <= 0 ? 0 : 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(z) + b * log1p(-z));
    if (z < (a + 1) / (a + b + 2))
        return front * fraction(a, b, z) / a;
    return 1 - front * fraction(b, a, 1 - z) / b;
}

double study_t_tails(double t, int32_t freedom)
{
    if (freedom < 1 || isnan(t))
        return NAN;
    return incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t));
}

double study_t_factor(int32_t freedom)
{
    double least = 0, most = 16;
    if (freedom < 1)
        return NAN;
    for (int i = 0; i < HALVINGS && least < most; i++) {
        double t = (least + most) / 2;
        if (study_t_tails(t, freedom) > 0.05)
            least = t;
        else
            most = t;
    }
    return (least + most) / 2;
}

/* The smallest that has no level yet; -1: all have theirs. */
static int32_t find_next(int32_t n, const double *p, const double *adjusted)
{
    int32_t next = -1;
    for (int32_t i = 0; i < n; i++)
        if (!isnan(p[i]) && isnan(adjusted[i]) && (next < 0 || p[i] < p[next]))
            next = i;
    return next;
}

void study_holm(int32_t n, const double *p, double *adjusted)
{
    int32_t n_left = 0;
    double level = 0;
    for (int32_t i = 0; i < n; i++) {
        adjusted[i] = NAN;
        n_left += !isnan(p[i]);
    }
    for (int32_t i; (i = find_next(n, p, adjusted)) >= 0; n_left--) {
        level = fmax(level, fmin(1, p[i] * n_left));
        adjusted[i] = level;
    }
}
