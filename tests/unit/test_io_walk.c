/* Folders and archives: the same files are found in all of them, or the fault is named. */
#include <sys/stat.h>

#include "import_files.h"
#include "io/image.h"

enum { MAX_SEEN = 16 };

/* What a walk has shown: names, from their last two parts on, with their contents. */
typedef struct seen {
    int n;
    char line[MAX_SEEN][128];
} seen_t;

static int want_txt(void *context, const char *path)
{
    (void)context;
    return strlen(path) > 4 && strcmp(path + strlen(path) - 4, ".txt") == 0;
}

static pt_status_t see(void *context, const char *path, const char *data, size_t bytes)
{
    seen_t *seen = context;
    const char *part = path + strlen(path);
    for (int slashes = 0; part > path; part--)
        if (part[-1] == '/' && ++slashes == 2)
            break;
    assert_int_equal(strlen(data), bytes);
    assert_true(seen->n < MAX_SEEN);
    snprintf(seen->line[seen->n++], sizeof seen->line[0], "%s=%.60s", part, data);
    return PT_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void assert_walk(const char *name, const char *const *line, int n)
{
    struct stat info;
    seen_t seen = {.n = 0};
    assert_int_equal(stat(under(name), &info), 0);
    pt_status_t status = S_ISDIR(info.st_mode)
                             ? pt_folder_walk(under(name), want_txt, see, &seen)
                             : pt_archive_walk(under(name), want_txt, see, &seen);
    if (status != PT_OK)
        fail_msg("%s: %s", name, pt_error_message());
    qsort(seen.line, (size_t)seen.n, sizeof seen.line[0], by_text);
    assert_int_equal(seen.n, n);
    for (int i = 0; i < n; i++)
        assert_string_equal(seen.line[i], line[i]);
}

static void assert_refused(const char *name, const char *why)
{
    seen_t seen = {.n = 0};
    assert_int_equal(pt_archive_walk(under(name), want_txt, see, &seen), PT_E_FORMAT);
    if (!strstr(pt_error_message(), why))
        fail_msg("%s, expected '%s'", pt_error_message(), why);
}

/* A name that is not ASCII, one too long for a plain header, one twelve folders down;
 * hidden files, as macOS adds them; a folder that is named like a file. */
static void fill_source(void)
{
    run("cd '%s' && mkdir -p src/a src/h\xc3\xb6he src/.git 'src/d.txt' && cd src && "
        "printf 1 "
        ">a/x.txt && printf 2 >'h\xc3\xb6he/\xc3\xa9.txt' && printf x | tee a/._x.txt "
        ".git/y.txt a/no.png >/dev/null",
        root);
    run("cd '%s/src' && d=1/2/3/4/5/6/7/8/9/10/$(printf 'n%%.0s' $(seq 150))/12 && mkdir "
        "-p "
        "$d && printf 3 >$d/z.txt",
        root);
}

static const char *const expected[] = {"12/z.txt=3", "a/x.txt=1",
                                       "h\xc3\xb6he/\xc3\xa9.txt=2"};

static void all_packings_hold_the_same(void **state)
{
    static const char *const tars[] = {"gnu", "posix"};
    static const char *const packer[] = {"gzip", "bzip2", "xz", "zstd"};
    (void)state;
    fill_source();
    assert_walk("src", expected, 3);
    for (int i = 0; i < 2; i++) {
        run("cd '%s' && tar --format=%s -C src -cf t.tar .", root, tars[i]);
        assert_walk("t.tar", expected, 3);
        for (int k = 0; k < 4; k++) {
            /* Where the program is not there, the plain tar stands for it. */
            run("cd '%s' && if command -v %s >/dev/null; then %s -c t.tar; else cat t.tar; "
                "fi "
                ">packed",
                root, packer[k], packer[k]);
            assert_walk("packed", expected, 3);
        }
    }
    run("cd '%s/src' && ${PYTHON:-python3} -m zipfile -c ../t.zip .", root);
    assert_walk("t.zip", expected, 3);
    /* Links that lead around are walked once. */
    run("cd '%s/src' && ln -s .. a/up && ln -s ../../a 1/2/again", root);
    static const char *const twice[] = {"12/z.txt=3", "a/x.txt=1", "again/x.txt=1",
                                        "h\xc3\xb6he/\xc3\xa9.txt=2"};
    assert_walk("src", twice, 4);
}

static void what_is_broken_is_refused(void **state)
{
    (void)state;
    run("cd '%s' && mkdir src && seq 100000 >src/a.txt && seq 100000 >src/b.txt && tar -cf "
        "t.tar src && gzip -k t.tar && ${PYTHON:-python3} -m zipfile -c t.zip src",
        root);
    run("cd '%s' && head -c 300000 t.tar >cut.tar && head -c 100000 t.tar.gz >cut.tgz && "
        "head -c 100000 t.zip >cut.zip",
        root);
    assert_refused("cut.tar", "cut.tar: ");
    assert_refused("cut.tgz", "cut.tgz: ");
    assert_refused("cut.zip", "cut.zip: ");
    /* Cut between two members: nothing is amiss but the end. */
    run("cd '%s' && tar -cf one.tar src/a.txt && head -c 589824 one.tar >end.tar", root);
    assert_refused("end.tar", "cut off");
    /* A bit within the checksum, which is at the end. */
    run("cd '%s' && ${PYTHON:-python3} -c \"b = bytearray(open('t.tar.gz', 'rb').read()); "
        "b[-7] "
        "^= 1; open('bit.tgz', 'wb').write(b); z = bytearray(open('t.zip', 'rb').read()); "
        "z[200] ^= 1; open('bit.zip', 'wb').write(z)\"",
        root);
    assert_refused("bit.tgz", "incorrect data check");
    assert_refused("bit.zip", "src/");
    run("cd '%s/src' && ln a.txt c.txt && cd .. && tar -cf link.tar src", root);
    assert_refused("link.tar", "a link, expected a file");
    run("cd '%s' && echo nothing >t.txt && : >empty", root);
    assert_refused("t.txt", "t.txt: ");
    assert_refused("empty", "empty: ");
    assert_int_equal(pt_archive_walk(under("none"), want_txt, see, NULL), PT_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_packings_hold_the_same, empty_root),
        cmocka_unit_test_setup(what_is_broken_is_refused, empty_root),
    };
    return run_in_root(tests, sizeof tests / sizeof tests[0]);
}
