/* The config in the folder of a run. */
#include "polytree/record/run_config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "polytree/record/run_file.h"

static void make_absolute(char file[PT_CONFIG_TEXT])
{
    char here[PT_CONFIG_TEXT], path[2 * PT_CONFIG_TEXT];
    if (file[0] == '/' || file[0] == '\0' || getcwd(here, sizeof here) == NULL)
        return;
    int n = snprintf(path, sizeof path, "%s/%s", here, file);
    if (n > 0 && n < PT_CONFIG_TEXT)
        memcpy(file, path, (size_t)n + 1);
}

pt_status_t pt_run_config_write(const char *run, const pt_config_t *config)
{
    pt_config_t absolute = *config;
    char path[PT_PATH_MAX];
    pt_text_t text = {0};
    PT_TRY(pt_run_file_path(run, PT_FILE_CONFIG, path));
    make_absolute(absolute.data.file);
    make_absolute(absolute.layout.cost_table);
    make_absolute(absolute.retrain.from_file);
    make_absolute(absolute.resource.table);
    pt_config_dump(&absolute, &text);
    return pt_file_write_text(path, &text);
}

pt_status_t pt_run_config_read(const char *run, pt_config_t *config)
{
    char path[PT_PATH_MAX];
    PT_TRY(pt_run_file_path(run, PT_FILE_CONFIG, path));
    pt_config_init(config);
    return pt_config_read(config, path);
}
