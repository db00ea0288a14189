/** @file
 * Rooms with bodies under a light, and the rays that meet them.
 *
 * World: a room [0, size] along x, y (up) and z.  Sums, products, quotients and square
 * roots of doubles are all that is used, which IEEE 754 fixes to the last bit, so that a
 * scene is the same on every machine.
 */
#ifndef IO_SCENE_H
#define IO_SCENE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/rng.h"

typedef struct pt_vec {
    double x, y, z;
} pt_vec_t;

static inline pt_vec_t pt_vec_add(pt_vec_t a, double s, pt_vec_t b)
{
    return (pt_vec_t){a.x + s * b.x, a.y + s * b.y, a.z + s * b.z};
}

static inline double pt_vec_dot(pt_vec_t a, pt_vec_t b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline pt_vec_t pt_vec_scale(double s, pt_vec_t a)
{
    return (pt_vec_t){s * a.x, s * a.y, s * a.z};
}

typedef enum pt_scene_class {
    PT_SCENE_FLOOR,
    PT_SCENE_WALL,
    PT_SCENE_CEILING,
    PT_SCENE_BOX,
    PT_SCENE_SPHERE,
    PT_SCENE_CYLINDER,
    PT_SCENE_N_CLASS
} pt_scene_class_t;

typedef enum pt_pattern {
    PT_PATTERN_PLAIN,
    PT_PATTERN_CHECKS,
    PT_PATTERN_STRIPES,
    PT_PATTERN_CLOUDS,
    PT_N_PATTERN
} pt_pattern_t;

/** Two colours in a pattern through space. */
typedef struct pt_texture {
    pt_pattern_t pattern;
    pt_vec_t color[2], offset;
    double frequency, grain;
    uint32_t seed;
} pt_texture_t;

/** Centre, heading (cosine and sine about the vertical) and half sizes along its own axes.
 * A cylinder is round about y, or about x where it lies. */
typedef struct pt_body {
    pt_scene_class_t class;
    bool lies;
    pt_vec_t centre, half;
    double heading[2];
    double radius; /**< of the circle around it, seen from above */
    pt_texture_t texture;
} pt_body_t;

enum { PT_SCENE_MAX_BODY = 7 };

typedef struct pt_scene {
    pt_vec_t size;        /**< of the room, metres */
    pt_texture_t room[3]; /**< floor, walls, ceiling */
    int32_t n_body;
    pt_body_t body[PT_SCENE_MAX_BODY];
    pt_vec_t eye, right, down, forward; /**< the camera; orthonormal */
    pt_vec_t light;
    double ambient, power;
} pt_scene_t;

/** Half the width of the image at distance 1. */
#define PT_SCENE_VIEW 0.7

/** What a ray meets first. */
typedef struct pt_hit {
    double t;
    int32_t body; /**< -1: the room */
    int32_t face; /**< 2 axis + (side > 0) of room and boxes; cylinders: 0 round, 1, 2 flat;
                     spheres: 0 */
    pt_vec_t normal; /**< unit, on the ray's side */
    pt_vec_t point;  /**< in the body's own frame, or the room's */
} pt_hit_t;

/** A scene of that name; `attempt` gives another one. */
void pt_scene_draw(const pt_rng_t *rng, uint64_t attempt, pt_scene_t *scene);

/** Direction of the ray through (u, v) in [-1, 1]: right and down of the middle.  Its
 * component along `forward` is 1, so that t of a hit is the depth. */
pt_vec_t pt_scene_ray(const pt_scene_t *scene, double u, double v);

/** What is met from `origin`, a point in the room, in that direction. */
pt_hit_t pt_scene_meet(const pt_scene_t *scene, pt_vec_t origin, pt_vec_t direction);

/** Whether a body stands between two points in the room. */
bool pt_scene_is_hidden(const pt_scene_t *scene, pt_vec_t from, pt_vec_t to);

pt_scene_class_t pt_scene_class(const pt_scene_t *scene, const pt_hit_t *hit);

/** Linear light towards the eye from a hit; (du, dv) in [-1, 1] picks a point of the lamp.
 */
pt_vec_t pt_scene_shade(const pt_scene_t *scene, const pt_hit_t *hit, pt_vec_t where,
                        double du, double dv);

#endif
