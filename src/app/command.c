/* The table of subcommands: names, flags, help, and the functions that do them. */
#include "app/command.h"

#include <stddef.h>

const pt_flag_t pt_no_flags[] = {{0}};

const pt_command_t pt_commands[] = {
    {.name = "data import omniglot",
     .usage = "SRC OUT.h5 [--size S] [--split fixed|shuffled] [--tasks NAMES] "
              "[--characters N] [--seed N] [--force]",
     .help =
         "make a data set of Omniglot's alphabets\n"
         "\nSRC: a folder of alphabets, an archive (tar, zip, 7z) or the folder of one, or "
         "the\nupstream pair of folders.",
     .flags = pt_flags_import_omniglot,
     .min_word = 2,
     .max_word = 2,
     .run = pt_cmd_import_omniglot},
    {.name = "data import idx",
     .usage =
         "SRC OUT.h5 [--pair] [--size S] [--groups N] [--train N] [--val N] [--test N] "
         "[--seed N] [--force]",
     .help = "make a data set of MNIST-like files\n"
             "\nSRC: a folder with {train,t10k}-{images-idx3,labels-idx1}-ubyte, also .gz.",
     .flags = pt_flags_import_idx,
     .min_word = 2,
     .max_word = 2,
     .run = pt_cmd_import_idx},
    {.name = "data import nyuv2",
     .usage = "SRC OUT.h5 [--classes N] [--val N] [--uint8] [--seed N] [--force]",
     .help =
         "make a data set of NYUv2 as preprocessed for MTAN (Liu et al. 2019)\n"
         "\nSRC: a folder with {train,val}/{image,label,depth,normal}/N.npy.  Their val "
         "becomes test.",
     .flags = pt_flags_import_nyuv2,
     .min_word = 2,
     .max_word = 2,
     .run = pt_cmd_import_nyuv2},
    {.name = "data import cityscapes",
     .usage = "SRC OUT.h5 [--classes N] [--val N] [--uint8] [--seed N] [--force]",
     .help = "make a data set of Cityscapes as preprocessed for MTAN (Liu et al. 2019)\n"
             "\nSRC: a folder with {train,val}/{image,label_7,depth}/N.npy.  Depth is "
             "inverse.  Their val\nbecomes test.",
     .flags = pt_flags_import_cityscapes,
     .min_word = 2,
     .max_word = 2,
     .run = pt_cmd_import_cityscapes},
    {.name = "data import csv",
     .usage = "SRC.csv OUT.h5 --tasks COLUMN ... [--inputs COLUMN ...] [--leave-out COLUMN "
              "...] [--kinds COLUMN=KIND ...] [--missing WORD ...] [--fill mean] [--split "
              "COLUMN | [--time COLUMN] [--val SHARE] [--test SHARE] [--seed N]] [--group "
              "COLUMN] [--separator C] [--force]",
     .help =
         "make a data set of a table with a line of names\n"
         "\nA task is a column: a classification where it holds texts, or whole numbers "
         "of at\nmost 20 values, else a regression; a cell without a value is no label.  "
         "What it takes\neach column for is said.  An input is a number, true or false, "
         "or a category, which\nbecomes a feature of 0 or 1 for each of its values.  "
         "SRC.csv may be packed by gzip.",
     .flags = pt_flags_import_csv,
     .min_word = 2,
     .max_word = 2,
     .run = pt_cmd_import_csv},
    {.name = "data import npz",
     .usage = "SRC.npz OUT.h5 --tasks NAME ... [--inputs NAME] [--kinds NAME=KIND ...] "
              "[--val SHARE] [--test SHARE] [--seed N] [--force]",
     .help =
         "make a data set of arrays of NumPy's\n"
         "\nNAME is an array of all samples, or NAME_train, NAME_val and NAME_test are.  "
         "Integers [n] are\nclassification, 0 and 1 [n, classes] multilabel, integers of "
         "the images' size segmentation,\nbooleans of it saliency, floats regression.  "
         "NaN, "
         "and integers below 0, are no labels.",
     .flags = pt_flags_import_npz,
     .min_word = 2,
     .max_word = 2,
     .run = pt_cmd_import_npz},
    {.name = "data import images",
     .usage = "SRC OUT.h5 [--size S|HxW] [--grey] [--labels TABLE.csv [--files COLUMN] "
              "[--tasks COLUMN ...] [--kinds COLUMN=KIND ...] [--split COLUMN] [--group "
              "COLUMN]] [--maps NAME=KIND ...] [--val SHARE] [--test SHARE] [--seed N] "
              "[--force]",
     .help =
         "make a data set of a folder of pictures, PNG or JPEG\n"
         "\nWithout --labels and --maps the folder that a picture is in is its class: "
         "SRC/CLASS/...,\nor SRC/train/CLASS/... and so on.  Maps are PNGs of the "
         "pictures' "
         "names: segmentation\n(numbers or indices of a palette, 255 for none; "
         "segmentation:N), depth:UNIT (numbers times\nUNIT, 0 for none), normals (n = "
         "colour / 127.5 - 1), edges, saliency (0, and 1 or 255),\nregression.  A picture "
         "without a map, or a cell without a value, is no label.",
     .flags = pt_flags_import_images,
     .min_word = 2,
     .max_word = 2,
     .run = pt_cmd_import_images},
    {.name = "data shapes",
     .usage = "OUT.h5 [--size S] [--train N] [--val N] [--test N] [--seed N] [--force]",
     .help = "draw a data set: small shapes with three classification tasks",
     .flags = pt_flags_shapes,
     .min_word = 1,
     .max_word = 1,
     .run = pt_cmd_shapes},
    {.name = "data scenes",
     .usage = "OUT.h5 [--size S] [--train N] [--val N] [--test N] [--seed N] [--force]",
     .help = "render a data set: rooms with segmentation, depth, normals, edges, saliency\n"
             "\nBoxes, spheres and cylinders under a lamp.  Depth is in metres along the "
             "camera's axis,\nnormals are in its frame: right, down, away.  Salient is the "
             "body that is seen largest\nand nearest to the middle.",
     .flags = pt_flags_scenes,
     .min_word = 1,
     .max_word = 1,
     .run = pt_cmd_scenes},
    {.name = "data info",
     .usage = "FILE.h5",
     .help = "say what a data set holds",
     .flags = pt_no_flags,
     .min_word = 1,
     .max_word = 1,
     .run = pt_cmd_data_info},
    {.name = "data check",
     .usage = "FILE.h5",
     .help = "check every value of a data set against the schema",
     .flags = pt_no_flags,
     .min_word = 1,
     .max_word = 1,
     .run = pt_cmd_data_check},
    {.name = "data seal",
     .usage = "FILE.h5",
     .help = "have damage to a data set noticed from now on\n"
             "\nSums of its blocks are put behind its end, and all that is read of it is "
             "held against\nthem.  Importers do that by themselves; one that is changed "
             "by HDF5 loses its seal.",
     .flags = pt_no_flags,
     .min_word = 1,
     .max_word = 1,
     .run = pt_cmd_data_seal},
    {.name = "data repack",
     .usage = "IN.h5 OUT.h5 [--gzip LEVEL] [--force]",
     .help =
         "write a data set anew, sample by sample and sealed\n"
         "\nFor data.cache = none, which reads samples one by one: what is packed comes "
         "in chunks of\none sample, or of as many as have 4096 bytes.  The numbers "
         "stay, and a run goes on with it.",
     .flags = pt_flags_repack,
     .min_word = 2,
     .max_word = 2,
     .run = pt_cmd_data_repack},
    {.name = "init",
     .usage = "DATA.h5 -o CONFIG.ini [--force]",
     .help =
         "write a config that fits a data set\n"
         "\nSpace, batch, augmentation, lengths, decay and dropout by what the data set "
         "holds and by\nthe number of labels that its tasks have, each with a word of "
         "why.  It is a beginning.",
     .flags = pt_flags_init,
     .min_word = 1,
     .max_word = 1,
     .on_all_ranks = true,
     .run = pt_cmd_init},
    {.name = "search",
     .usage = "CONFIG.ini -o RUN [--set key=value ...] [--time-limit H:M:S]",
     .help = "search, derive and train the network, or go on with a run\n"
             "\nFirst and later commands are the same: a run that finds its checkpoint "
             "goes on from\nit, on any number of ranks.  SIGTERM, SIGUSR1, the time limit "
             "or a file RUN/STOP, made\nmeanwhile, end it with a checkpoint and exit code "
             "75.",
     .flags = pt_flags_search,
     .min_word = 1,
     .max_word = 1,
     .on_all_ranks = true,
     .run = pt_cmd_search},
    {.name = "choose",
     .usage = "RUN --budget B -o RUN2 [--set key=value ...]",
     .help = "train another network of the candidates that a run has judged\n"
             "\nRUN has choose.judge = supernet.  Nothing is searched or judged anew: of "
             "what RUN has\njudged the best within the budget is trained from its "
             "supernet, in a run of its own.",
     .flags = pt_flags_choose,
     .min_word = 1,
     .max_word = 1,
     .on_all_ranks = true,
     .run = pt_cmd_choose},
    {.name = "extend",
     .usage = "RUN DATA.h5 -o RUN2 [--tasks NAME ...] [--set key=value ...] [--time-limit "
              "H:M:S]",
     .help = "add tasks to the network of a finished run\n"
             "\nThe network of RUN stays as it is: what it says of its tasks keeps its "
             "bits.  Each task of\nDATA.h5, whose inputs are like those of RUN, enters it "
             "where its features serve best, and\nthe cheapest of such places; then its "
             "head is trained.  RUN2 has the old tasks and the new\nones.  With --set "
             "extend.finetune=SHARE the network is trained too, at that share of\nthe "
             "learning rate, and the old tasks change.  The same command goes on where it "
             "was\nstopped.",
     .flags = pt_flags_extend,
     .min_word = 2,
     .max_word = 2,
     .on_all_ranks = true,
     .run = pt_cmd_extend},
    {.name = "sweep",
     .usage = "CONFIG.ini -o FOLDER [--report] [--set key=value ...] [--time-limit H:M:S]",
     .help = "run methods x seeds x options of section [sweep], and compare them\n"
             "\nEvery run has a folder of its own below FOLDER.  The same command goes on "
             "where it was\nstopped: finished runs are skipped, a broken one is resumed.  "
             "It is stopped\nlike a search, the file is FOLDER/STOP.  At the end, and with "
             "--report, it prints the\ntable and writes sweep.txt, sweep.json and "
             "sweep.svg.",
     .flags = pt_flags_sweep,
     .min_word = 1,
     .max_word = 1,
     .on_all_ranks = true,
     .run = pt_cmd_sweep},
    {.name = "eval",
     .usage = "RUN [--data OTHER.h5] [--split test|val] [--pictures N] "
              "[--set data.file=FILE]",
     .help =
         "evaluate the network of a run\n"
         "\nIt only reads, and may be used while the run is at work.  Without --split a "
         "run that is\nnot finished is evaluated on val.  With --pictures it writes "
         "RUN/pictures: a PNG for each\nof the first N samples, with the input and, above "
         "each other, label and prediction of\nevery task.",
     .flags = pt_flags_eval,
     .min_word = 1,
     .max_word = 1,
     .on_all_ranks = true,
     .run = pt_cmd_eval},
    {.name = "affinity",
     .usage = "RUN -o OUT.h5 [--inputs INPUTS] [--split test|val|train] [--probes N] "
              "[--groups G] [--memory MB] [--against RUN2] [--candidates FILE.jsonl] "
              "[--force] [--set key=value ...]",
     .help =
         "say how alike the tasks of a finished run are, level by level\n"
         "\nRepresentation similarity: at each level of the network (stem, layer, node) "
         "the "
         "features\nthat probes have for a task say which probes are alike, and tasks are "
         "alike as they agree\nin that.  Tasks that share a level are so wholly: a run "
         "with "
         "everything apart, or one\nafter which each task is alone, tells which to share.  "
         "OUT.h5 has the numbers and groups\nof tasks by spectral clustering, OUT.svg "
         "shows "
         "them.",
     .flags = pt_flags_affinity,
     .min_word = 1,
     .max_word = 1,
     .on_all_ranks = true,
     .run = pt_cmd_affinity},
    {.name = "predict",
     .usage = "RUN INPUTS -o OUT.h5|.npz|.csv [--split test|val|train] [--inputs NAME] "
              "[--missing WORD ...] [--fill mean] [--resize] [--logits] [--force] "
              "[--set key=value ...]",
     .help =
         "say what the network of a finished run makes of inputs without labels\n"
         "\nINPUTS: a data set, with or without labels; an array (.npy, .npz); a folder of "
         "PNG and JPEG\npictures; or a table (.csv, .tsv) with the columns that the "
         "features "
         "are called after.  The\ndata set of the run is not needed.  OUT has the class "
         "and "
         "the probabilities of each class,\nor values in the units of the labels; with "
         "--logits the network's own numbers.",
     .flags = pt_flags_predict,
     .min_word = 2,
     .max_word = 2,
     .on_all_ranks = true,
     .run = pt_cmd_predict},
    {.name = "export",
     .usage =
         "RUN [OUT.onnx] [--safetensors OUT] [--fold] [--input uint8|float32] [--force] "
         "[--set key=value ...]",
     .help =
         "write the network of a finished run for other programs\n"
         "\nOUT.onnx (opset 13, IR version 8) is one graph for all tasks, in which what "
         "they share\nstands once.  It takes inputs as the data set stores them, in its "
         "order of dimensions, and\nputs out what predict --logits does.  --safetensors "
         "writes weights and batch-norm statistics\nby the names that "
         "RUN/architecture.json calls them by.",
     .flags = pt_flags_export,
     .min_word = 1,
     .max_word = 2,
     .on_all_ranks = true,
     .run = pt_cmd_export},
    {.name = "status",
     .usage = "RUN|SWEEP",
     .help = "say how a run or a sweep stands, also from another terminal\n"
             "\nIt says whether the run is at work, for how much longer (as estimated when "
             "it last\nevaluated or wrote a checkpoint), stopped, killed or finished; of a "
             "sweep how many\nruns are done, and how the one stands that is at work or "
             "next.",
     .flags = pt_no_flags,
     .min_word = 1,
     .max_word = 1,
     .run = pt_cmd_status},
    {.name = "report",
     .usage = "RUN|SWEEP [-o OUT.html] [--force] [--set key=value ...]",
     .help =
         "write what a run or a sweep has come to as one page of HTML\n"
         "\nThe page stands by itself: it asks for nothing from outside.  Of a run it "
         "has scores beside\nthose of baselines, the network, examples where the data "
         "set is at hand, learning curves,\nclasses and time; of a sweep its tables and "
         "charts.  Both are written at the end, too, as\nreport.html in the folder.",
     .flags = pt_flags_report,
     .min_word = 1,
     .max_word = 1,
     .run = pt_cmd_report},
    {.name = "show",
     .usage = "RUN|CONFIG.ini [--task NAME] [--svg FILE] [--set key=value ...]",
     .help = "show the network of a run, or the search space of a config",
     .flags = pt_flags_show,
     .min_word = 1,
     .max_word = 1,
     .run = pt_cmd_show},
    {.name = "plan",
     .usage = "CONFIG.ini --ranks P [--nodes Q] [--table FILE] [--set key=value ...]",
     .help = "say what a search will cost, without running it",
     .flags = pt_flags_plan,
     .min_word = 1,
     .max_word = 1,
     .on_all_ranks = true,
     .run = pt_cmd_plan},
    {.name = "checkpoint verify",
     .usage = "FILE.h5",
     .help = "check every sum of a checkpoint",
     .flags = pt_no_flags,
     .min_word = 1,
     .max_word = 1,
     .run = pt_cmd_checkpoint_verify},
    {.name = "checkpoint inspect",
     .usage = "FILE.h5",
     .help = "list a checkpoint's records and its payload's digest",
     .flags = pt_no_flags,
     .min_word = 1,
     .max_word = 1,
     .run = pt_cmd_checkpoint_inspect},
    {.name = "version",
     .usage = "",
     .help = "versions of polytree and of every library, kernel backend and ISA",
     .flags = pt_no_flags,
     .run = pt_cmd_version},
    {.name = "help",
     .usage = "[COMMAND | options [SECTION | OPTION] | man | completion]",
     .help = "say how a command is used, or what options a config may hold\n"
             "\npolytree help lists all commands, polytree help options all options of a "
             "config or\nthose of a section, polytree help man the man page, for man -l, "
             "polytree "
             "help completion\nwhat bash needs to complete command lines.",
     .flags = pt_no_flags,
     .max_word = PT_ARGS_MAX_WORD,
     .run = pt_cmd_help},
    {0}};
