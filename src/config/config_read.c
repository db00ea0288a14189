/* Reading a config: its preset first, then what the file says, then the files it names. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/ini.h"
#include "polytree/base/memory.h"

/* A relative data.file that is not in the current folder but beside the INI file. */
static pt_status_t find_data_beside(pt_config_t *config, const char *path)
{
    const char *file = config->data.file;
    const char *slash = strrchr(path, '/');
    if (slash == NULL || file[0] == '\0' || file[0] == '/' || access(file, F_OK) == 0) {
        return PT_OK;
    }
    char beside[2 * PT_CONFIG_TEXT];
    int n = snprintf(beside, sizeof beside, "%.*s/%s", (int)(slash - path), path, file);
    if (n < 0 || (size_t)n >= sizeof beside || access(beside, F_OK) != 0) {
        return PT_OK;
    }
    if ((size_t)n >= sizeof config->data.file) {
        PT_FAIL(CONFIG, "data.file: the path %s is longer than %zu characters", beside,
                sizeof config->data.file - 1);
    }
    memcpy(config->data.file, beside, (size_t)n + 1);
    return PT_OK;
}

/* A preset that the file names goes before the file, which is then read again. */
static pt_status_t read_after_preset(pt_config_t *config, const pt_text_t *text,
                                     const char *path, int *set_at)
{
    pt_config_t before = *config;
    PT_TRY(ini_read(config, text, path, set_at));
    pt_preset_t preset = config->run.preset;
    config->run.preset = before.run.preset;
    if (preset == PT_PRESET_NONE || before.run.preset != PT_PRESET_NONE) {
        return PT_OK;
    }
    *config = before;
    PT_TRY(pt_preset_apply(preset, config));
    return ini_read(config, text, path, set_at);
}

static pt_status_t read_whole(pt_config_t *config, const pt_text_t *text, const char *path,
                              const char *beside, int *set_at)
{
    pt_option_at_t data;
    PT_TRY(read_after_preset(config, text, path, set_at));
    PT_TRY(pt_option_find(config, "data", 4, "file", &data));
    if (set_at[data.index] > 0) {
        PT_TRY(find_data_beside(config, beside));
    }
    if (config->space.encoder[0] != '\0' && ini_first_set(set_at, true) > 0) {
        PT_FAIL(CONFIG, "%s:%d: expected either an [encoder] or space.encoder = %s", path,
                ini_first_set(set_at, true), config->space.encoder);
    }
    const char *slash = strrchr(beside, '/');
    return pt_encoder_read(config, beside,
                           slash == NULL ? 0 : (size_t)(slash - beside) + 1);
}

/* Names in it are relative to `beside`. */
static pt_status_t read_text(pt_config_t *config, const pt_text_t *text, const char *path,
                             const char *beside)
{
    pt_config_t changed = *config;
    int *set_at;
    PT_TRY(pt_alloc(&set_at, (size_t)ini_n_place(), sizeof *set_at));
    pt_status_t status = read_whole(&changed, text, path, beside, set_at);
    pt_free(set_at);
    if (status == PT_OK) {
        *config = changed;
    }
    return status;
}

pt_status_t pt_config_read(pt_config_t *config, const char *path)
{
    pt_text_t text = {0};
    PT_TRY(ini_load(path, &text));
    pt_status_t status = read_text(config, &text, path, path);
    pt_text_release(&text);
    return status;
}

pt_status_t pt_config_read_text(pt_config_t *config, const char *text, const char *name)
{
    pt_text_t whole = {0};
    pt_text_add_bytes(&whole, text, strlen(text));
    PT_TRY(whole.status);
    pt_status_t status = read_text(config, &whole, name, "");
    pt_text_release(&whole);
    return status;
}
