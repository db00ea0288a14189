/* What the graphs of both kinds of space are drawn with. */
#include "picture/dot.h"

/* Told apart on white, neighbours by hue and lightness. */
static const char *const palette[DOT_N_COLOR] = {
    "#1f77b4", "#d62728", "#2ca02c", "#ff7f0e", "#9467bd", "#17becf", "#e377c2", "#8c564b",
    "#bcbd22", "#003f5c", "#ff6f61", "#006d2c", "#c49c00", "#54278f", "#41b6c4", "#ae017e",
    "#a6761d", "#67a9cf", "#b30000", "#78c679", "#fdae61", "#9e9ac8", "#00441b", "#f768a1"};

const char *dot_color(int32_t task)
{
    return palette[task % DOT_N_COLOR];
}
