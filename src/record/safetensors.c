/* Writing the tensors that a trained network uses as safetensors. */
#include "polytree/record/safetensors.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/io/checkpoint.h"

/* A header is followed by the bytes of its tensors, in its order. */
typedef struct tensor_list {
    const pt_space_t *space;
    const pt_inference_t *network;
    json_t *header;
    pt_text_t bytes;
    uint8_t *has_put; /* [n_param] */
    bool has_failed;
} tensor_list_t;

static void put(tensor_list_t *l, const char *name, const char *type, int32_t n_dim,
                const int64_t *dim, const void *data, size_t bytes)
{
    json_t *shape = json_array();
    for (int32_t d = 0; d < n_dim; d++)
        l->has_failed |= json_array_append_new(shape, json_integer(dim[d])) != 0;
    json_t *tensor =
        json_pack("{s:s, s:o, s:[I, I]}", "dtype", type, "shape", shape, "data_offsets",
                  (json_int_t)l->bytes.n, (json_int_t)(l->bytes.n + bytes));
    l->has_failed |= json_object_set_new(l->header, name, tensor) != 0;
    pt_text_add_bytes(&l->bytes, data, bytes);
}

static void put_statistics(tensor_list_t *l, int32_t bundle)
{
    const pt_plan_t *plan = pt_inference_plan(l->network, bundle);
    const double *values = pt_inference_statistics(l->network, bundle);
    for (int32_t i = 0; i < pt_plan_n_stat(plan); i++) {
        const pt_plan_stat_t *stat = pt_plan_stat(plan, i);
        const int64_t dim[2] = {2, stat->channels};
        char name[PT_RECORD_NAME];
        pt_inference_statistics_name(l->network, stat, name);
        put(l, name, "F64", 2, dim, values + stat->offset,
            2 * (size_t)stat->channels * sizeof *values);
    }
}

static void put_weights(tensor_list_t *l, int32_t bundle)
{
    const pt_plan_t *plan = pt_inference_plan(l->network, bundle);
    const pt_store_t *store = &l->space->store;
    for (int32_t v = 0; v < pt_plan_n_value(plan); v++) {
        int32_t op = pt_plan_value(plan, v).op;
        for (int32_t i = 0; op >= 0 && i < l->space->op[op].inst.n_param; i++) {
            int32_t p = l->space->op[op].param[i];
            const pt_param_t *param = &store->param[p];
            if (!l->has_put[p])
                put(l, param->name, "F32", param->n_dim, param->dim,
                    store->value + param->offset, (size_t)param->count * sizeof(float));
            l->has_put[p] = 1;
        }
    }
}

/* Its length, as 8 bytes, the lowest first; blanks behind it let what follows begin on a
 * multiple of 8. */
static pt_status_t put_header(tensor_list_t *l, pt_text_t *out)
{
    char *text = json_dumps(l->header, JSON_COMPACT);
    uint8_t length[8];
    if (text == NULL || l->has_failed) {
        free(text);
        PT_FAIL(MEMORY, "no memory for the header of the tensors");
    }
    size_t n = strlen(text), padded = (n + 7) / 8 * 8;
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)padded >> (8 * i));
    pt_text_add_bytes(out, length, sizeof length);
    pt_text_add(out, "%s%*s", text, (int)(padded - n), "");
    free(text);
    return PT_OK;
}

static pt_status_t put_all(tensor_list_t *l, pt_text_t *out)
{
    json_t *about = json_pack("{s:s}", "format", "polytree weights");
    PT_TRY(pt_alloc(&l->has_put, (size_t)l->space->store.n_param, 1));
    l->has_failed |= json_object_set_new(l->header, "__metadata__", about) != 0;
    /* The larger numbers first: each stands on a multiple of its size. */
    for (int32_t b = 0; b < pt_inference_n_bundle(l->network); b++)
        put_statistics(l, b);
    for (int32_t b = 0; b < pt_inference_n_bundle(l->network); b++)
        put_weights(l, b);
    PT_TRY(put_header(l, out));
    pt_text_add_bytes(out, pt_text_get(&l->bytes), l->bytes.n);
    return l->bytes.status != PT_OK ? l->bytes.status : out->status;
}

pt_status_t pt_safetensors_text(const pt_space_t *space, const pt_inference_t *network,
                                pt_text_t *out)
{
    tensor_list_t l = {.space = space, .network = network, .header = json_object()};
    pt_status_t status = put_all(&l, out);
    json_decref(l.header);
    pt_text_release(&l.bytes);
    pt_free(l.has_put);
    return status;
}
