#include "polytree/search/jsonl.h"

#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/io/file.h"

static pt_status_t take_text(const char *text, size_t bytes, pt_jsonl_taker_t take,
                             void *context)
{
    json_error_t error;
    json_t *line = json_loadb(text, bytes, 0, &error);
    if (!json_is_object(line)) {
        json_decref(line);
        PT_FAIL(FORMAT, "not a JSON object: %.40s", error.text);
    }
    pt_status_t status = take(context, line);
    json_decref(line);
    return status;
}

pt_status_t pt_jsonl_read(const char *path, pt_jsonl_taker_t take, void *context)
{
    char *text;
    size_t bytes;
    int number = 0;
    pt_status_t status = PT_OK;
    PT_TRY(pt_file_read(path, &text, &bytes));
    const char *begin = text, *all = text + bytes, *end;
    for (; status == PT_OK && (end = memchr(begin, '\n', (size_t)(all - begin))) != NULL;
         begin = end + 1) {
        number++;
        status = take_text(begin, (size_t)(end - begin), take, context);
    }
    pt_free(text);
    if (status != PT_OK)
        return PT_ERROR(FORMAT, "%s:%d: %s", path, number, pt_error_message());
    return PT_OK;
}

double pt_json_real(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *pt_json_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

const char *pt_json_metric(json_t *scores, double *value)
{
    const char *key;
    json_t *number;
    *value = NAN;
    json_object_foreach(scores, key, number)
    {
        if (strcmp(key, "n") == 0 || strcmp(key, "loss") == 0)
            continue;
        *value = json_is_number(number) ? json_number_value(number) : NAN;
        return key;
    }
    return NULL;
}
