/* The colour and light of a point of a scene, patterns of surfaces included. */
#include "io/scene.h"

/* Half the side of the lamp, metres. */
#define LAMP 0.25

/* A number of [0, 1) for each point of the lattice (the finaliser of MurmurHash3). */
static double lattice(int64_t x, int64_t y, int64_t z, uint32_t seed)
{
    uint32_t h = seed ^ (uint32_t)x * 0x8da6b343u ^ (uint32_t)y * 0xd8163841u ^
                 (uint32_t)z * 0xcb1ab31fu;
    h = (h ^ (h >> 16)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    return (double)(h ^ (h >> 16)) / 4294967296.0;
}

static double blend(double a, double b, double t)
{
    return a + (b - a) * t;
}

static double ease(double t)
{
    return t * t * (3 - 2 * t);
}

/* Value noise: smooth between random values on a lattice. */
static double clouds(pt_vec_t p, uint32_t seed)
{
    double fx = floor(p.x), fy = floor(p.y), fz = floor(p.z), plane[2];
    double tx = ease(p.x - fx), ty = ease(p.y - fy), tz = ease(p.z - fz);
    int64_t x = (int64_t)fx, y = (int64_t)fy, z = (int64_t)fz;
    for (int64_t k = 0; k < 2; k++) {
        double near = blend(lattice(x, y, z + k, seed), lattice(x + 1, y, z + k, seed), tx);
        double far =
            blend(lattice(x, y + 1, z + k, seed), lattice(x + 1, y + 1, z + k, seed), tx);
        plane[k] = blend(near, far, ty);
    }
    return blend(plane[0], plane[1], tz);
}

static bool is_odd(double x)
{
    return ((int64_t)floor(x) & 1) != 0;
}

static pt_vec_t color_at(const pt_texture_t *t, pt_vec_t point)
{
    pt_vec_t p = pt_vec_add(t->offset, t->frequency, point);
    double mix = 0;
    switch (t->pattern) {
    case PT_PATTERN_CHECKS:
        mix = is_odd(p.x) != (is_odd(p.y) != is_odd(p.z));
        break;
    case PT_PATTERN_STRIPES:
        mix = is_odd(p.x + 0.5 * p.y - 0.3 * p.z);
        break;
    case PT_PATTERN_CLOUDS:
        mix = ease(clouds(p, t->seed));
        break;
    default:
        break;
    }
    pt_vec_t color = pt_vec_add(pt_vec_scale(1 - mix, t->color[0]), mix, t->color[1]);
    double grain = 1 + t->grain * (clouds(pt_vec_scale(5, p), t->seed + 1) - 0.5);
    return pt_vec_scale(grain, color);
}

pt_vec_t pt_scene_shade(const pt_scene_t *scene, const pt_hit_t *hit, pt_vec_t where,
                        double du, double dv)
{
    const pt_texture_t *texture = hit->body >= 0 ? &scene->body[hit->body].texture
                                                 : &scene->room[pt_scene_class(scene, hit)];
    pt_vec_t lamp = {scene->light.x + LAMP * du, scene->light.y,
                     scene->light.z + LAMP * dv};
    pt_vec_t way = pt_vec_add(lamp, -1, where);
    double square = pt_vec_dot(way, way), facing = pt_vec_dot(hit->normal, way);
    double light = scene->ambient * (0.8 + 0.2 * hit->normal.y);
    if (facing > 0 && !pt_scene_is_hidden(scene, where, lamp))
        light += scene->power * facing / sqrt(square) / (1 + square / 9);
    return pt_vec_scale(light, color_at(texture, hit->point));
}
