/* Scenes of the drawn data set: random rooms with bodies, and where rays meet them. */
#include "io/scene.h"

/* A hit this near to where the ray begins is the surface that it begins on. */
#define NEAR 1e-6

/* One number after the other of a name. */
typedef struct dice {
    const pt_rng_t *rng;
    uint64_t next;
} dice_t;

static double between(dice_t *dice, double low, double high)
{
    return low + (high - low) * pt_rng_uniform(dice->rng, dice->next++);
}

static int32_t below(dice_t *dice, int32_t n)
{
    return (int32_t)between(dice, 0, n);
}

/* Cosine and sine of the angle with tan(angle / 2) = t: rational points of the circle,
 * without a library's cosine. */
static void turn(double t, double out[2])
{
    out[0] = (1 - t * t) / (1 + t * t);
    out[1] = 2 * t / (1 + t * t);
}

static pt_vec_t draw_vec(dice_t *dice, double low, double high)
{
    double x = between(dice, low, high), y = between(dice, low, high);
    return (pt_vec_t){x, y, between(dice, low, high)};
}

/* Colours and patterns say nothing of what they are on. */
static pt_texture_t draw_texture(dice_t *dice)
{
    pt_texture_t texture = {.pattern = (pt_pattern_t)below(dice, PT_N_PATTERN)};
    texture.color[0] = draw_vec(dice, 0.08, 0.9);
    texture.color[1] =
        pt_vec_add(pt_vec_scale(0.5, texture.color[0]), 0.5, draw_vec(dice, 0.02, 1));
    texture.offset = draw_vec(dice, 0, 64);
    texture.frequency = between(dice, 1.2, 4.5);
    texture.grain = between(dice, 0.05, 0.4);
    texture.seed = (uint32_t)between(dice, 0, 4294967296.0);
    return texture;
}

static void draw_camera(dice_t *dice, pt_scene_t *s)
{
    double yaw[2], pitch[2];
    const pt_vec_t up = {0, 1, 0};
    s->eye.x = s->size.x * between(dice, 0.3, 0.7);
    s->eye.y = between(dice, 1.2, 1.8);
    s->eye.z = s->size.z * between(dice, 0.05, 0.25);
    turn(between(dice, -0.3, 0.3), yaw);
    turn(between(dice, 0.0, 0.2), pitch);
    pt_vec_t ahead = {yaw[1], 0, yaw[0]};
    s->right = (pt_vec_t){yaw[0], 0, -yaw[1]};
    s->forward = pt_vec_add(pt_vec_scale(pitch[0], ahead), -pitch[1], up);
    s->down = pt_vec_add(pt_vec_scale(-pitch[0], up), -pitch[1], ahead);
}

static void draw_form(dice_t *dice, pt_body_t *b)
{
    double a = between(dice, 0.15, 0.6), c = between(dice, 0.15, 0.6);
    double e = between(dice, 0.15, 0.7), way = between(dice, -1, 1);
    bool lies = between(dice, 0, 1) < 0.3;
    b->class = (pt_scene_class_t)(PT_SCENE_BOX + below(dice, 3));
    b->half = (pt_vec_t){a, e, c};
    turn(way, b->heading);
    if (b->class == PT_SCENE_SPHERE) {
        a = 0.15 + 0.7 * (a - 0.15) + 0.05;
        b->half = (pt_vec_t){a, a, a};
    } else if (b->class == PT_SCENE_CYLINDER) {
        b->lies = lies;
        a = 0.8 * a;
        b->half = lies ? (pt_vec_t){e, a, a} : (pt_vec_t){a, e, a};
    }
    bool is_round = b->half.x == b->half.z && b->class != PT_SCENE_BOX;
    b->radius = is_round ? a : sqrt(b->half.x * b->half.x + b->half.z * b->half.z);
}

/* Somewhere in view, on the floor or, for a quarter of them, in the air. */
static void draw_place(dice_t *dice, const pt_scene_t *s, pt_body_t *b)
{
    double far = between(dice, 1.2, 6), aside = PT_SCENE_VIEW * between(dice, -0.85, 0.85);
    double height = between(dice, 0, 1);
    bool hangs = between(dice, 0, 1) < 0.25;
    pt_vec_t ahead = {-s->right.z, 0, s->right.x};
    b->centre = pt_vec_add(pt_vec_add(s->eye, far, ahead), far * aside, s->right);
    b->centre.y = b->half.y;
    if (hangs)
        b->centre.y += height * (s->size.y - 2 * b->half.y - 0.4);
}

static bool fits(const pt_scene_t *s, const pt_body_t *b)
{
    double room = b->radius + 0.03;
    if (b->centre.x < room || b->centre.x > s->size.x - room || b->centre.z < room ||
        b->centre.z > s->size.z - room)
        return false;
    double dx = b->centre.x - s->eye.x, dz = b->centre.z - s->eye.z;
    if (sqrt(dx * dx + dz * dz) < b->radius + 0.5)
        return false;
    for (int32_t i = 0; i < s->n_body; i++) {
        const pt_body_t *other = &s->body[i];
        dx = b->centre.x - other->centre.x;
        dz = b->centre.z - other->centre.z;
        if (sqrt(dx * dx + dz * dz) < room + other->radius)
            return false;
    }
    return true;
}

void pt_scene_draw(const pt_rng_t *rng, uint64_t attempt, pt_scene_t *scene)
{
    dice_t dice = {.rng = rng, .next = attempt << 16};
    *scene = (pt_scene_t){.n_body = 0};
    scene->size.x = between(&dice, 3.5, 8);
    scene->size.y = between(&dice, 2.4, 3.4);
    scene->size.z = between(&dice, 4, 9);
    for (int i = 0; i < 3; i++)
        scene->room[i] = draw_texture(&dice);
    draw_camera(&dice, scene);
    scene->light.x = scene->size.x * between(&dice, 0.2, 0.8);
    scene->light.y = scene->size.y - 0.25;
    scene->light.z = scene->size.z * between(&dice, 0.15, 0.8);
    scene->ambient = between(&dice, 0.15, 0.35);
    scene->power = between(&dice, 0.7, 1.3);
    int32_t wanted = 3 + below(&dice, PT_SCENE_MAX_BODY - 2);
    for (int i = 0; i < 60 && scene->n_body < wanted; i++) {
        pt_body_t body = {.lies = false};
        draw_form(&dice, &body);
        body.texture = draw_texture(&dice);
        draw_place(&dice, scene, &body);
        if (fits(scene, &body))
            scene->body[scene->n_body++] = body;
    }
}

pt_vec_t pt_scene_ray(const pt_scene_t *scene, double u, double v)
{
    pt_vec_t aside = pt_vec_add(scene->forward, PT_SCENE_VIEW * u, scene->right);
    return pt_vec_add(aside, PT_SCENE_VIEW * v, scene->down);
}

static pt_vec_t to_own(const pt_body_t *b, pt_vec_t v)
{
    double c = b->heading[0], s = b->heading[1];
    return (pt_vec_t){c * v.x - s * v.z, v.y, s * v.x + c * v.z};
}

static pt_vec_t to_world(const pt_body_t *b, pt_vec_t v)
{
    double c = b->heading[0], s = b->heading[1];
    return (pt_vec_t){c * v.x + s * v.z, v.y, c * v.z - s * v.x};
}

static pt_vec_t face_normal(int32_t face)
{
    double sign = face % 2 ? 1 : -1;
    return (pt_vec_t){face / 2 == 0 ? sign : 0, face / 2 == 1 ? sign : 0,
                      face / 2 == 2 ? sign : 0};
}

/* Where a ray enters -half..half along each of the axes it is bounded by, and the face. */
static bool enter_slabs(const double o[3], const double d[3], const double half[3],
                        double *t, double *leave, int32_t *face)
{
    *t = NEAR;
    *face = -1;
    for (int32_t k = 0; k < 3; k++) {
        if (half[k] < 0)
            continue;
        if (d[k] == 0) {
            if (fabs(o[k]) > half[k])
                return false;
            continue;
        }
        double in = (d[k] > 0 ? -half[k] - o[k] : half[k] - o[k]) / d[k];
        double out = (d[k] > 0 ? half[k] - o[k] : -half[k] - o[k]) / d[k];
        *leave = out < *leave ? out : *leave;
        if (in > *t) {
            *t = in;
            *face = 2 * k + (d[k] < 0);
        }
    }
    return *t < *leave;
}

static bool meet_box(const pt_body_t *b, pt_vec_t o, pt_vec_t d, pt_hit_t *hit)
{
    const double from[3] = {o.x, o.y, o.z}, way[3] = {d.x, d.y, d.z};
    const double half[3] = {b->half.x, b->half.y, b->half.z};
    double leave = hit->t;
    if (!enter_slabs(from, way, half, &hit->t, &leave, &hit->face) || hit->face < 0)
        return false;
    hit->normal = face_normal(hit->face);
    return true;
}

/* A round body: the part of a ray within |o + t d| < r, of the components that count. */
static bool enter_round(pt_vec_t o, pt_vec_t d, double r, double *in, double *out)
{
    double a = pt_vec_dot(d, d), b = pt_vec_dot(o, d), c = pt_vec_dot(o, o) - r * r;
    double under = b * b - a * c;
    if (a == 0 || under <= 0)
        return false;
    double root = sqrt(under);
    *in = (-b - root) / a;
    *out = (-b + root) / a;
    return true;
}

static bool meet_sphere(const pt_body_t *b, pt_vec_t o, pt_vec_t d, pt_hit_t *hit)
{
    double in, out;
    if (!enter_round(o, d, b->half.x, &in, &out) || in < NEAR || in >= hit->t)
        return false;
    hit->t = in;
    hit->face = 0;
    hit->normal = pt_vec_scale(1 / b->half.x, pt_vec_add(o, in, d));
    return true;
}

static bool meet_cylinder(const pt_body_t *b, pt_vec_t o, pt_vec_t d, pt_hit_t *hit)
{
    const double from[3] = {o.x, o.y, o.z}, way[3] = {d.x, d.y, d.z};
    const double half[3] = {b->lies ? b->half.x : -1, b->lies ? -1 : b->half.y, -1};
    pt_vec_t across = {b->lies ? 0 : 1, b->lies ? 1 : 0, 1};
    pt_vec_t flat_o = {across.x * o.x, across.y * o.y, o.z};
    pt_vec_t flat_d = {across.x * d.x, across.y * d.y, d.z};
    double radius = b->half.z, leave = hit->t, in, out, t;
    int32_t face;
    if (!enter_slabs(from, way, half, &t, &leave, &face))
        return false;
    if (flat_d.x == 0 && flat_d.y == 0 && flat_d.z == 0) {
        if (pt_vec_dot(flat_o, flat_o) >= radius * radius)
            return false;
    } else {
        if (!enter_round(flat_o, flat_d, radius, &in, &out) || out <= t || in >= leave)
            return false;
        if (in > t) {
            hit->t = in;
            hit->face = 0;
            hit->normal = pt_vec_scale(1 / radius, pt_vec_add(flat_o, in, flat_d));
            return true;
        }
    }
    if (face < 0)
        return false;
    hit->t = t;
    hit->normal = face_normal(face);
    hit->face = 1 + face % 2;
    return true;
}

/* hit->t is how far to look; it and the rest are set where the body is met before. */
static bool meet_body(const pt_body_t *b, pt_vec_t origin, pt_vec_t direction,
                      pt_hit_t *hit)
{
    pt_hit_t found = {.t = hit->t, .body = hit->body};
    pt_vec_t o = pt_vec_add(origin, -1, b->centre), d = direction, in;
    /* Most bodies are missed: a ray that passes their ball needs no closer look. */
    double ball = pt_vec_dot(b->half, b->half), along = pt_vec_dot(o, d);
    if (pt_vec_dot(o, o) - along * along / pt_vec_dot(d, d) > ball)
        return false;
    o = to_own(b, o);
    in = to_own(b, d);
    bool is_met = b->class == PT_SCENE_BOX      ? meet_box(b, o, in, &found)
                  : b->class == PT_SCENE_SPHERE ? meet_sphere(b, o, in, &found)
                                                : meet_cylinder(b, o, in, &found);
    if (!is_met)
        return false;
    found.point = pt_vec_add(o, found.t, in);
    found.normal = to_world(b, found.normal);
    *hit = found;
    return true;
}

static pt_hit_t meet_room(const pt_scene_t *s, pt_vec_t origin, pt_vec_t direction)
{
    const double o[3] = {origin.x, origin.y, origin.z};
    const double d[3] = {direction.x, direction.y, direction.z};
    const double size[3] = {s->size.x, s->size.y, s->size.z};
    pt_hit_t hit = {.t = HUGE_VAL, .body = -1};
    for (int32_t k = 0; k < 3; k++) {
        double t = d[k] > 0 ? (size[k] - o[k]) / d[k] : d[k] < 0 ? -o[k] / d[k] : HUGE_VAL;
        if (t < hit.t) {
            hit.t = t;
            hit.face = 2 * k + (d[k] > 0);
        }
    }
    hit.normal = pt_vec_scale(-1, face_normal(hit.face));
    hit.point = pt_vec_add(origin, hit.t, direction);
    return hit;
}

pt_hit_t pt_scene_meet(const pt_scene_t *scene, pt_vec_t origin, pt_vec_t direction)
{
    pt_hit_t hit = meet_room(scene, origin, direction);
    for (int32_t i = 0; i < scene->n_body; i++)
        if (meet_body(&scene->body[i], origin, direction, &hit))
            hit.body = i;
    return hit;
}

bool pt_scene_is_hidden(const pt_scene_t *scene, pt_vec_t from, pt_vec_t to)
{
    pt_hit_t hit = {.t = 1 - NEAR};
    for (int32_t i = 0; i < scene->n_body; i++)
        if (meet_body(&scene->body[i], from, pt_vec_add(to, -1, from), &hit))
            return true;
    return false;
}

pt_scene_class_t pt_scene_class(const pt_scene_t *scene, const pt_hit_t *hit)
{
    if (hit->body >= 0)
        return scene->body[hit->body].class;
    return hit->face == 2   ? PT_SCENE_FLOOR
           : hit->face == 3 ? PT_SCENE_CEILING
                            : PT_SCENE_WALL;
}
