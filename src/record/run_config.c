/* The config in the folder of a run. */
#include "polytree/record/run_config.h"

#include "polytree/record/run_file.h"

pt_status_t pt_run_config_write(const char *run, const pt_config_t *config)
{
    pt_config_t absolute = *config;
    char path[PT_PATH_MAX];
    pt_text_t text = {0};
    PT_TRY(pt_run_file_path(run, PT_FILE_CONFIG, path));
    pt_config_anchor(&absolute);
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
