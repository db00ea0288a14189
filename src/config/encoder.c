/* Reading the [encoder] of a file of its own, which space.encoder names. */
#include <stdio.h>
#include <string.h>

#include "config/ini.h"
#include "polytree/base/memory.h"

static pt_status_t read_encoder(pt_config_t *config, const char *path, int *set_at)
{
    pt_config_t read = *config;
    pt_text_t text = {0};
    if (ini_load(path, &text) != PT_OK) {
        PT_FAIL(IO, "space.encoder = %s", pt_error_message());
    }
    read.encoder.layers[0] = '\0';
    pt_status_t status = ini_read(&read, &text, path, set_at);
    pt_text_release(&text);
    PT_TRY(status);
    if (ini_first_set(set_at, false) > 0) {
        PT_FAIL(CONFIG, "%s:%d: expected an [encoder] section alone", path,
                ini_first_set(set_at, false));
    }
    if (read.encoder.layers[0] == '\0') {
        PT_FAIL(CONFIG, "space.encoder = %s: expected an [encoder] section with layers",
                path);
    }
    config->encoder = read.encoder;
    memset(config->space.encoder, 0, sizeof config->space.encoder);
    return PT_OK;
}

pt_status_t pt_encoder_read(pt_config_t *config, const char *folder, size_t folder_len)
{
    const char *name = config->space.encoder;
    char path[2 * PT_CONFIG_TEXT];
    int *set_at;
    if (name[0] == '\0') {
        return PT_OK;
    }
    folder_len = name[0] == '/' ? 0 : folder_len;
    int n = snprintf(path, sizeof path, "%.*s%s", (int)folder_len, folder, name);
    if (n < 0 || (size_t)n >= sizeof path) {
        PT_FAIL(CONFIG, "space.encoder = %s: the path is longer than %zu characters", name,
                sizeof path - 1);
    }
    PT_TRY(pt_alloc(&set_at, (size_t)ini_n_place(), sizeof *set_at));
    pt_status_t status = read_encoder(config, path, set_at);
    pt_free(set_at);
    return status;
}
